//! Private keys as JWKs.

#![no_main]

use edge_token_broker::base::limits::JWT_KEY_ID_MAX_BYTES;
use edge_token_broker::jwt::signing::{Family, Material, PrivateKey, public_jwk};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// All members that may be imported.
const MEMBERS: [&str; 12] = ["kty", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi"];

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(key) = PrivateKey::parse(text) else { return };
    let Material::Jwk(jwk) = key.material() else { return };
    assert!(key.is_for(key.usual_algorithm()) && !key.secret_bytes().is_empty());
    assert!(key.key_id().is_none_or(|id| (1..=JWT_KEY_ID_MAX_BYTES).contains(&id.len())));
    assert_eq!(key.rsa_public().is_some(), key.family() == Family::Rsa);
    assert_eq!(public_jwk(&key).is_some(), key.family() == Family::Rsa);
    // The numbers alone are imported, unchanged. They are the same key.
    let whole: Value =
        serde_json::from_str(text.trim_start_matches('\u{feff}').trim()).expect("JSON");
    let imported: Value = serde_json::from_str(jwk).expect("JSON");
    for (member, value) in imported.as_object().expect("an object") {
        assert!(MEMBERS.contains(&member.as_str()), "{member}");
        assert_eq!(whole.get(member), Some(value));
    }
    let again = PrivateKey::parse(jwk).expect("the same key");
    assert_eq!(again.secret_bytes(), key.secret_bytes());
    assert_eq!(again.rsa_public(), key.rsa_public());
    assert!(matches!(again.material(), Material::Jwk(same) if same == jwk));
});
