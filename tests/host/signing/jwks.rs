//! Private keys as JWKs.

use edge_token_broker::base::limits::{JWT_KEY_ID_MAX_BYTES, SIGNING_TEXT_MAX_BYTES};
use edge_token_broker::jwt::algorithm::Algorithm;
use edge_token_broker::jwt::signing::{Family, KeyFault};
use serde_json::{Value, json};

use super::{fault, file, jwk, key};

/// The JWK of `name` with other members. `null` takes a member away.
fn changed(name: &str, changes: &Value) -> String {
    let mut jwk: Value = serde_json::from_str(&file(name)).unwrap();
    let members = jwk.as_object_mut().unwrap();
    for (member, value) in changes.as_object().unwrap() {
        members.insert(member.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    jwk.to_string()
}

#[test]
fn the_numbers_alone_are_imported() {
    let files = [
        ("rsa2048.jwk", Family::Rsa, Algorithm::Rs256, 9),
        ("p256.jwk", Family::P256, Algorithm::Es256, 5),
        ("ed25519.jwk", Family::Ed25519, Algorithm::EdDsa, 4),
    ];
    for (name, family, algorithm, members) in files {
        let key = key(&changed(name, &json!({ "kid": "k1", "use": "sig" })));
        assert_eq!((key.family(), key.usual_algorithm()), (family, algorithm), "{name}");
        assert_eq!(key.key_id(), Some("k1"));
        let whole: Value = serde_json::from_str(&file(name)).unwrap();
        let imported: Value = serde_json::from_str(jwk(&key)).unwrap();
        let imported = imported.as_object().unwrap();
        assert_eq!(imported.len(), members, "{name}");
        for (member, value) in imported {
            assert_eq!(value, &whole[member], "{name} {member}");
        }
        assert!(["alg", "use", "key_ops", "ext", "kid"].iter().all(|m| !imported.contains_key(*m)));
    }
}

#[test]
fn an_rsa_key_has_all_five_primes_or_none() {
    let without = json!({ "p": null, "q": null, "dp": null, "dq": null, "qi": null });
    let key = key(&changed("rsa2048.jwk", &without));
    let imported: Value = serde_json::from_str(jwk(&key)).unwrap();
    assert_eq!(imported.as_object().unwrap().len(), 4);
    for name in ["p", "q", "dp", "dq", "qi"] {
        assert_eq!(fault(&changed("rsa2048.jwk", &json!({ name: null }))), KeyFault::JwkPrimes);
        assert_eq!(fault(&changed("rsa2048.jwk", &json!({ name: "" }))), KeyFault::JwkPrimes);
    }
    let others = json!({ "oth": [{ "r": "AQ", "d": "AQ", "t": "AQ" }] });
    assert_eq!(fault(&changed("rsa2048.jwk", &others)), KeyFault::JwkPrimes);
}

#[test]
fn a_jwk_with_alg_is_for_that_algorithm_alone() {
    use Algorithm::{Ps256, Rs256};
    let named = key(&changed("rsa2048.jwk", &json!({ "alg": "PS256" })));
    assert_eq!(named.usual_algorithm(), Ps256);
    assert!(named.is_for(Ps256) && !named.is_for(Rs256));
    let unnamed = key(&changed("rsa2048.jwk", &json!({ "alg": null })));
    assert_eq!(unnamed.usual_algorithm(), Rs256);
    assert!(unnamed.is_for(Ps256) && unnamed.is_for(Rs256));
}

#[test]
fn each_fault_is_told() {
    let cases = [
        ("rsa2048.jwk", json!({ "d": null }), KeyFault::JwkPublic),
        ("p256.jwk", json!({ "d": null }), KeyFault::JwkPublic),
        ("shared.jwk", json!({}), KeyFault::JwkSymmetric),
        ("p384.jwk", json!({}), KeyFault::Curve),
        ("p256.jwk", json!({ "crv": "secp256k1" }), KeyFault::Curve),
        ("ed25519.jwk", json!({ "crv": "X25519" }), KeyFault::Curve),
        ("p256.jwk", json!({ "kty": "OKP" }), KeyFault::Curve),
        ("p256.jwk", json!({ "kty": "AKP" }), KeyFault::JwkKind),
        ("p256.jwk", json!({ "kty": null }), KeyFault::JwkKind),
        ("rsa2048.jwk", json!({ "alg": "RS512" }), KeyFault::JwkAlgorithm),
        ("rsa2048.jwk", json!({ "alg": "RSA-OAEP-256" }), KeyFault::JwkAlgorithm),
        ("rsa2048.jwk", json!({ "alg": "ES256" }), KeyFault::JwkAlgorithm),
        ("p256.jwk", json!({ "alg": "RS256" }), KeyFault::JwkAlgorithm),
        ("rsa2048.jwk", json!({ "use": "enc" }), KeyFault::JwkPurpose),
        ("rsa2048.jwk", json!({ "key_ops": ["decrypt"] }), KeyFault::JwkPurpose),
        ("rsa2048.jwk", json!({ "key_ops": "sign" }), KeyFault::JwkPurpose),
        ("rsa2048.jwk", json!({ "n": null }), KeyFault::JwkMember),
        ("rsa2048.jwk", json!({ "e": null }), KeyFault::JwkMember),
        ("rsa2048.jwk", json!({ "e": "AQ" }), KeyFault::JwkMember),
        ("rsa2048.jwk", json!({ "n": 1 }), KeyFault::JwkMember),
        ("rsa2048.jwk", json!({ "d": "a+b/" }), KeyFault::JwkMember),
        // No number at all, from which nothing secret can be derived.
        ("rsa2048.jwk", json!({ "d": "AA" }), KeyFault::JwkMember),
        ("p256.jwk", json!({ "d": "A".repeat(43) }), KeyFault::JwkMember),
        ("rsa2048.jwk", json!({ "q": "AQ==" }), KeyFault::JwkMember),
        ("rsa2048.jwk", json!({ "n": "AQAB" }), KeyFault::Short),
        ("rsa2048.jwk", json!({ "n": "_".repeat(700) }), KeyFault::Long),
        ("p256.jwk", json!({ "x": null }), KeyFault::JwkMember),
        ("p256.jwk", json!({ "y": "AQAB" }), KeyFault::JwkMember),
        ("p256.jwk", json!({ "d": "AQAB" }), KeyFault::JwkMember),
        ("ed25519.jwk", json!({ "d": "AQAB" }), KeyFault::JwkMember),
        ("ed25519.jwk", json!({ "kid": 1 }), KeyFault::JwkMember),
        ("ed25519.jwk", json!({ "alg": 1 }), KeyFault::JwkMember),
        ("p256.jwk", json!({ "kid": "k".repeat(JWT_KEY_ID_MAX_BYTES + 1) }), KeyFault::JwkMember),
    ];
    for (name, changes, expected) in cases {
        assert_eq!(fault(&changed(name, &changes)), expected, "{name} {changes}");
    }
}

#[test]
fn faults_of_the_text_are_told() {
    let text = file("p256.jwk");
    assert_eq!(fault("{"), KeyFault::JwkMalformed);
    assert_eq!(fault("{} x"), KeyFault::JwkMalformed);
    assert_eq!(fault(&text.replacen('{', r#"{"d":"AQAB","#, 1)), KeyFault::JwkMalformed);
    assert_eq!(fault(&format!(r#"{{"keys":[{text}]}}"#)), KeyFault::JwkKind);
    assert_eq!(fault(&["{", &" ".repeat(SIGNING_TEXT_MAX_BYTES)].concat()), KeyFault::TooLong);
    assert_eq!(fault(&format!("[{text}]")), KeyFault::NotPem);
    assert_eq!(key(&format!("\u{feff}\n {text} \n")).family(), Family::P256);
}

#[test]
fn every_fault_is_in_the_characters_of_an_error_description() {
    let faults = [
        KeyFault::TooLong,
        KeyFault::NotPem,
        KeyFault::CutOff,
        KeyFault::NoKey,
        KeyFault::NoCertificate,
        KeyFault::SeveralKeys,
        KeyFault::SeveralCertificates,
        KeyFault::Encrypted,
        KeyFault::OpenSsh,
        KeyFault::PublicKey,
        KeyFault::Request,
        KeyFault::DamagedKey,
        KeyFault::DamagedCertificate,
        KeyFault::Kind,
        KeyFault::Curve,
        KeyFault::NotRsa,
        KeyFault::Short,
        KeyFault::Long,
        KeyFault::Mismatch,
        KeyFault::JwkMalformed,
        KeyFault::JwkKind,
        KeyFault::JwkSymmetric,
        KeyFault::JwkPublic,
        KeyFault::JwkPurpose,
        KeyFault::JwkAlgorithm,
        KeyFault::JwkMember,
        KeyFault::JwkPrimes,
    ];
    for fault in faults {
        let text = fault.to_string();
        let allowed = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
        assert!(!text.is_empty() && text.bytes().all(allowed), "{text}");
    }
}
