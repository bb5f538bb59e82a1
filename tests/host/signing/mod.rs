//! What the broker signs with, and what: private keys, certificates, assertions.

mod assertions;
mod certificates;
mod jwks;
mod keys;

use std::fs;

use edge_token_broker::jwt::signing::{KeyFault, Material, PrivateKey};

use crate::architecture::crate_folder;

/// A file that `fixtures/keys/make.sh` made.
fn file(name: &str) -> String {
    fs::read_to_string(crate_folder("tests/host/fixtures/keys").join(name)).unwrap()
}

/// What the script found out by other programs, about a file.
fn expected(kind: &str, name: &str) -> serde_json::Value {
    let all: serde_json::Value = serde_json::from_str(&file("expected.json")).unwrap();
    all.get(kind).and_then(|files| files.get(name)).unwrap().clone()
}

fn key(text: &str) -> PrivateKey {
    PrivateKey::parse(text).unwrap()
}

fn fault(text: &str) -> KeyFault {
    PrivateKey::parse(text).unwrap_err()
}

/// The DER in which the key is imported.
fn pkcs8(key: &PrivateKey) -> &[u8] {
    match key.material() {
        Material::Pkcs8(bytes) => bytes,
        Material::Jwk(_) => panic!("a JWK"),
    }
}

fn jwk(key: &PrivateKey) -> &str {
    match key.material() {
        Material::Jwk(text) => text,
        Material::Pkcs8(_) => panic!("PKCS#8"),
    }
}
