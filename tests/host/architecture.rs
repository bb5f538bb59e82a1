//! The rules of `CONTRIBUTING.md` that neither the compiler nor clippy keeps.

use std::fs;
use std::path::{Path, PathBuf};

/// Which modules of the crate each room may use. Dependencies point one way.
const MAY_USE: [(&str, &[&str]); 5] = [
    // Wire types and pure decisions know nothing of orchestration, platform, or each other's users.
    ("oauth", &["error", "limits", "oauth", "secret", "time"]),
    ("entra", &["entra", "error", "limits", "oauth", "policy", "ports", "secret", "time"]),
    ("config", &["config", "entra", "keys", "limits", "oauth", "secret"]),
    ("policy", &["config", "error", "limits", "oauth", "policy", "record", "secret", "time"]),
    ("http", &["broker", "config", "error", "event", "http", "limits", "oauth", "policy", "time"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn crate_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The modules named in `crate::module` paths.
fn used_modules(source: &str) -> Vec<&str> {
    source
        .split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next())
        .filter(|module| !module.is_empty())
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    for (room, allowed) in MAY_USE {
        let files = sources(&crate_folder("src").join(room));
        assert!(!files.is_empty(), "{room} moved: update this test");
        for file in files {
            let source = fs::read_to_string(&file).unwrap();
            for module in used_modules(&source) {
                assert!(allowed.contains(&module), "{} uses crate::{module}", file.display());
            }
        }
    }
}

#[test]
fn nothing_but_adapters_names_the_platform() {
    for file in sources(&crate_folder("src")) {
        if file.components().any(|part| part.as_os_str() == "adapters") {
            continue;
        }
        let source = fs::read_to_string(&file).unwrap();
        for name in [
            "worker::",
            "wasm_bindgen",
            "js_sys",
            "web_sys",
            "JsValue",
            "getrandom::",
            "crate::adapters",
        ] {
            assert!(!source.contains(name), "{} names {name}", file.display());
        }
    }
}

#[test]
fn one_handler_is_the_only_export() {
    let exports: Vec<_> = sources(&crate_folder("src"))
        .into_iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains("#[wasm_bindgen"))
        .collect();
    assert_eq!(exports, [crate_folder("src/adapters/entry.rs")]);
    let entry = fs::read_to_string(crate_folder("src/adapters/entry.rs")).unwrap();
    assert_eq!(entry.matches("#[wasm_bindgen").count(), 1);
}

#[test]
fn files_are_one_idea_each() {
    for file in [sources(&crate_folder("src")), sources(&crate_folder("tests"))].concat() {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines", file.display());
    }
}
