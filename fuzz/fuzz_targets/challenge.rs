//! `WWW-Authenticate` of an API.

#![no_main]

use edge_token_broker::base::limits::CLAIMS_MAX_BYTES;
use edge_token_broker::oauth::challenge::claims_of;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let claims = claims_of(text);
    if let Some(claims) = &claims {
        assert!(claims.len() <= CLAIMS_MAX_BYTES && claims.len() < text.len());
        let lower = text.to_ascii_lowercase();
        assert!(lower.contains("bearer") && lower.contains("claims"));
    }
    // A challenge of another scheme in front of it changes nothing.
    let behind = format!("Basic realm=\"\\\"Bearer claims=x\", ,{text}");
    assert_eq!(claims_of(&behind), claims);
    // As it was found, it is found again.
    let Some(claims) = claims else { return };
    let escaped = claims.replace('\\', r"\\").replace('"', "\\\"");
    if escaped.len() <= CLAIMS_MAX_BYTES {
        assert_eq!(claims_of(&format!("Bearer claims=\"{escaped}\"")), Some(claims));
    }
});
