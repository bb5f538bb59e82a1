//! Keys and certificates that openssl has made.

use std::fs;
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

/// The file `name` of the fixtures.
pub(crate) fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/host/fixtures/keys");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// A certificate with its private key in one text.
pub(crate) fn pair(certificate: &str, key: &str) -> String {
    [fixture(certificate), fixture(key)].concat()
}

/// Header and claims of a JWT.
pub(crate) fn header_and_claims(jwt: &str) -> [Value; 2] {
    let parts: Vec<_> = jwt.split('.').collect();
    let [header, claims, _] = parts.as_slice() else { panic!("{jwt}") };
    [header, claims]
        .map(|part| serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).unwrap()).unwrap())
}
