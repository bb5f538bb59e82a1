//! The rules of `CONTRIBUTING.md` that neither the compiler nor clippy keeps.

use std::fs;
use std::path::{Path, PathBuf};

/// Which modules each module may use beside itself and those that everything may use
/// ([`ANYWHERE`]). Dependencies point one way: wire types and pure decisions know nothing of
/// orchestration, and nothing but `lib.rs` knows of `adapters`.
const MAY_USE: [(&str, &[&str]); 30] = [
    (
        "broker",
        &[
            "cache_status",
            "config",
            "coordinator",
            "event",
            "oauth",
            "policy",
            "ports",
            "record",
            "sealed_tier",
            "upstream",
        ],
    ),
    ("cache_status", &[]),
    (
        "callers",
        &[
            "config",
            "event",
            "issuer",
            "jwt",
            "jwt_memory",
            "keys",
            "oauth",
            "origin",
            "policy",
            "ports",
            "registry",
        ],
    ),
    ("config", &["entra", "json", "jwt", "keys", "oauth", "origin", "sorted"]),
    ("coordinator", &["config", "event", "keys", "oauth", "policy", "record", "request_id"]),
    ("digest", &[]),
    ("entra", &["oauth", "origin", "policy", "request_id"]),
    ("error", &["jwt", "oauth"]),
    ("event", &["request_id"]),
    ("http", &["broker", "config", "entra", "event", "oauth", "policy"]),
    ("issuer", &["digest", "jwt", "keys", "origin", "ports", "recent", "sealed"]),
    ("json", &[]),
    ("jwt", &["json", "origin"]),
    ("jwt_memory", &["digest", "jwt", "recent", "sorted"]),
    ("keys", &["digest", "entra", "oauth"]),
    ("limits", &[]),
    ("memory", &["keys", "policy", "ports", "recent", "record", "sorted"]),
    ("oauth", &["json"]),
    ("origin", &[]),
    ("policy", &["config", "jwt", "oauth", "record"]),
    (
        "ports",
        &[
            "config",
            "coordinator",
            "entra",
            "event",
            "jwt",
            "keys",
            "oauth",
            "policy",
            "record",
            "request_id",
        ],
    ),
    ("recent", &["sorted"]),
    ("record", &["keys", "oauth", "sealed"]),
    ("registry", &["config", "ports", "sorted"]),
    ("request_id", &[]),
    ("sealed", &["keys"]),
    ("sealed_tier", &["config", "event", "ports", "record"]),
    ("secret", &[]),
    ("sorted", &[]),
    ("upstream", &["config", "entra", "event", "oauth", "policy", "ports", "record", "request_id"]),
];

/// Plain values and the one error type.
const ANYWHERE: [&str; 4] = ["error", "limits", "secret", "time"];

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

/// The files of a module: a file, a folder, or both.
fn files_of(module: &str) -> Vec<PathBuf> {
    let folder = crate_folder("src").join(module);
    let file = folder.with_extension("rs");
    let mut files = if folder.is_dir() { sources(&folder) } else { Vec::new() };
    files.extend(file.is_file().then_some(file));
    files
}

/// The modules named in `crate::module` paths.
fn used_modules(source: &str) -> Vec<&str> {
    assert!(!source.contains("crate::{"), "one module a line, so that this test sees it");
    source
        .split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next())
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    for (module, allowed) in MAY_USE {
        let files = files_of(module);
        assert!(!files.is_empty(), "{module} moved: update this test");
        for file in files {
            let source = fs::read_to_string(&file).unwrap();
            for used in used_modules(&source) {
                let fine = used == module || ANYWHERE.contains(&used) || allowed.contains(&used);
                assert!(fine, "{} uses crate::{used}", file.display());
            }
        }
    }
}

#[test]
fn every_module_has_its_rule() {
    let lib = fs::read_to_string(crate_folder("src/lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let without = ["adapters", "time"];
    let unruled: Vec<_> = modules
        .filter(|name| !without.contains(name) && MAY_USE.iter().all(|(ruled, _)| ruled != name))
        .collect();
    assert_eq!(unruled, Vec::<&str>::new());
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

/// What Rust gives to JavaScript, and not the other way round.
fn exports(source: &str) -> Vec<String> {
    let exported = source.split("#[wasm_bindgen").skip(1).filter(|item| {
        let item = item.split_once('\n').unwrap().1;
        item.trim_start().starts_with("pub ") || item.starts_with("impl ")
    });
    exported.map(|item| item.lines().nth(1).unwrap().trim().to_owned()).collect()
}

#[test]
fn handlers_are_the_only_exports() {
    let files = sources(&crate_folder("src"));
    let mut all: Vec<_> =
        files.iter().flat_map(|file| exports(&fs::read_to_string(file).unwrap())).collect();
    all.sort_unstable();
    // `worker.mjs` exports `fetch`, `scheduled` and the object's class.
    assert_eq!(
        all,
        [
            "impl TokenCoordinator {",
            "pub fn fetch(",
            "pub fn new(state: State, env: &Env) -> Self {",
            "pub fn scheduled(_event: JsValue, env: &Env, _context: JsValue) -> Promise {",
            "pub struct TokenCoordinator {",
        ]
    );
}

#[test]
fn files_are_one_idea_each() {
    for file in ["src", "tests", "tools"].map(|name| sources(&crate_folder(name))).concat() {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines", file.display());
    }
}
