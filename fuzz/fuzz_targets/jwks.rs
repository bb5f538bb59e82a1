//! What an issuer serves: its keys, and its metadata.

#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use edge_token_broker::base::limits::KEYS_TRIED_MAX;
use edge_token_broker::base::origin::is_trustworthy;
use edge_token_broker::jwt::Jwt;
use edge_token_broker::jwt::discovery;
use edge_token_broker::jwt::jwks::{Found, KeySet};
use libfuzzer_sys::fuzz_target;

fn header(alg: &str, kid: Option<&str>) -> Option<Jwt> {
    let kid = kid.map(|kid| format!(r#","kid":{}"#, serde_json::Value::from(kid)));
    let header = format!(r#"{{"alg":"{alg}"{}}}"#, kid.unwrap_or_default());
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    Jwt::parse(&format!("{}.{}.{}", part(&header), part("{}"), part("s"))).ok()
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(uri) = discovery::jwks_uri(bytes, "https://id.example") {
        assert!(is_trustworthy(&uri), "keys come over https");
    }
    let Ok(keys) = KeySet::parse(bytes) else { return };
    for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
        for kid in [None, Some("a"), Some("")] {
            let Some(jwt) = header(alg, kid) else { continue };
            let Found::Keys(found) = keys.find(jwt.header()) else { continue };
            assert!(found.len() <= KEYS_TRIED_MAX);
            for key in found {
                assert_eq!(key.algorithm(), jwt.header().algorithm, "one key, one algorithm");
                assert!(key.jwk().iter().all(|(name, _)| *name != "d" && *name != "k"));
                assert!(!key.may_have_made(b""));
            }
        }
    }
});
