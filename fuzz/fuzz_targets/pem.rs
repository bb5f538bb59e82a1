//! Private keys and certificates in PEM, and the DER in it.

#![no_main]

use base64ct::{Base64, Encoding};
use edge_token_broker::base::limits::NUMERIC_DATE_MAX_SECS;
use edge_token_broker::jwt::signing::{
    Family, KeyFault, Material, PrivateKey, certificate_and_key, public_jwk,
};
use libfuzzer_sys::fuzz_target;

/// A key and its certificate, beside which other blocks stand.
const KEY: &str = include_str!("../../tests/host/fixtures/keys/rsa2048.pem");

fn block(label: &str, der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}

fn pkcs8(key: &PrivateKey) -> &[u8] {
    match key.material() {
        Material::Pkcs8(der) => der,
        Material::Jwk(_) => panic!("PEM is no JWK"),
    }
}

fn look_at(text: &str) {
    if text.trim_start_matches('\u{feff}').trim().starts_with('{') {
        return;
    }
    let Ok(key) = PrivateKey::parse(text) else { return };
    assert!(key.is_for(key.usual_algorithm()) && key.key_id().is_none());
    assert!(!key.secret_bytes().is_empty());
    assert_eq!(key.rsa_public().is_some(), key.family() == Family::Rsa);
    assert_eq!(public_jwk(&key).is_some(), key.family() == Family::Rsa);
    // What is imported is the same key in its one form, and line breaks say nothing.
    for same in [block("PRIVATE KEY", pkcs8(&key)), text.replace('\n', "\\n")] {
        let again = PrivateKey::parse(&same).expect("the same key");
        assert_eq!(pkcs8(&again), pkcs8(&key));
        assert_eq!(again.secret_bytes(), key.secret_bytes());
        assert_eq!(again.rsa_public(), key.rsa_public());
    }
    match certificate_and_key(text) {
        Ok((certificate, beside)) => {
            assert_eq!(beside.secret_bytes(), key.secret_bytes());
            assert_eq!(key.family(), Family::Rsa);
            let end = NUMERIC_DATE_MAX_SECS * 1000 + 24 * 60 * 60 * 1000;
            assert!(certificate.not_before.0 < end && certificate.not_after.0 < end);
        }
        Err(KeyFault::NotRsa) => assert_ne!(key.family(), Family::Rsa),
        Err(fault) => assert!(matches!(
            fault,
            KeyFault::NoCertificate
                | KeyFault::DamagedCertificate
                | KeyFault::SeveralCertificates
                | KeyFault::Mismatch
        )),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    // The fuzzer knows more of DER than of base64.
    match first {
        b'0' => look_at(&block("PRIVATE KEY", rest)),
        b'1' => look_at(&block("RSA PRIVATE KEY", rest)),
        b'2' => look_at(&block("EC PRIVATE KEY", rest)),
        b'3' => {
            let text = [KEY, &block("CERTIFICATE", rest)].concat();
            if certificate_and_key(&text).is_ok() {
                look_at(&text);
            }
        }
        _ => {
            if let Ok(text) = std::str::from_utf8(bytes) {
                look_at(text);
            }
        }
    }
});
