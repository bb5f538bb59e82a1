//! Keys and certificates that openssl has made.

use std::fs;
use std::path::Path;

/// The file `name` of the fixtures.
pub(crate) fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/fixtures/keys");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// A certificate with its private key in one text.
pub(crate) fn pair(certificate: &str, key: &str) -> String {
    [fixture(certificate), fixture(key)].concat()
}
