//! Files and folders are small.

use std::fs;

use super::{crate_folder, sources};

/// Folders with code of ours. What a command generates is elsewhere.
const CODE: [&str; 11] = [
    "src",
    "tests",
    "fuzz/src",
    "fuzz/fuzz_targets",
    "tools",
    "scripts",
    "bench",
    "stand-in",
    "client",
    "cli",
    "package",
];

#[test]
fn files_are_one_idea_each() {
    let folders = CODE.map(crate_folder);
    let files = ["rs", "mjs"].map(|kind| folders.iter().flat_map(move |f| sources(f, kind)));
    let adapters = crate_folder("src/adapters");
    let too_long = files.into_iter().flatten().filter_map(|file| {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        let is_adapter = file.starts_with(&adapters) && file.extension().unwrap() == "rs";
        let most = if is_adapter { 200 } else { 300 };
        (lines > most).then(|| format!("{} has {lines} lines, at most {most}", file.display()))
    });
    assert_eq!(too_long.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_folder_can_be_taken_in_at_a_glance() {
    let entries = |folder| fs::read_dir(crate_folder(folder)).unwrap().count();
    assert!(entries("src") <= 16, "src has {} entries", entries("src"));
    // 33 with the two files of RPC: the exchange in the core is one for HTTP and RPC, and each way in has its adapter.
    assert!(entries("src/adapters") <= 33, "adapters has {} files", entries("src/adapters"));
    let scripts = sources(&crate_folder("src/adapters"), "mjs").len();
    assert!(scripts <= 12, "adapters has {scripts} JavaScript files");
}
