//! Keys of nobody. A JWT whose issuer no client trusts, or whose key is unknown, is verified with one
//! of them, so that it costs what a bad signature costs.

use super::algorithm::Algorithm;
use super::jwk::VerificationKey;
use crate::base::json::Json;

/// A key for `algorithm`, of the size that most issuers use.
#[must_use]
pub fn key_for(algorithm: Algorithm) -> Option<VerificationKey> {
    let jwk = match algorithm {
        Algorithm::Rs256 => rsa("RS256"),
        Algorithm::Ps256 => rsa("PS256"),
        // The base points of the curves.
        Algorithm::Es256 => concat!(
            r#"{"kty":"EC","crv":"P-256","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","#,
            r#""y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}"#
        )
        .to_owned(),
        Algorithm::EdDsa => {
            r#"{"kty":"OKP","crv":"Ed25519","x":"WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY"}"#
                .to_owned()
        }
    };
    VerificationKey::of(Json::parse(jwk.as_bytes()).ok()?).ok()
}

/// The modulus is 2^2048 - 1: 256 bytes, all of whose bits are set.
fn rsa(alg: &str) -> String {
    let ones = "_".repeat(341);
    format!(r#"{{"kty":"RSA","alg":"{alg}","e":"AQAB","n":"{ones}w"}}"#)
}
