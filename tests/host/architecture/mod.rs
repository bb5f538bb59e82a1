//! The rules of `CONTRIBUTING.md` that neither the compiler nor clippy keeps.

mod exports;
mod floors;
mod sizes;

use std::fs;
use std::path::{Path, PathBuf};

/// The files in `folder`, and in the folders within, whose names end in `kind`.
pub(super) fn sources(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path, kind));
        } else if path.extension().is_some_and(|extension| extension == kind) {
            files.push(path);
        }
    }
    files
}

pub(super) fn crate_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
