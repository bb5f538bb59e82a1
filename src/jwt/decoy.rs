//! Keys of nobody. A JWT whose issuer no client trusts, or whose key is unknown, is verified with one
//! of them, so that it costs what a bad signature costs.

use super::algorithm::Algorithm;
use super::jwk::VerificationKey;
use crate::base::json::Json;

/// A modulus of 256 bytes, all of whose bits are set.
macro_rules! modulus {
    () => {
        concat!(
            "____________________________________________________________________________",
            "____________________________________________________________________________",
            "____________________________________________________________________________",
            "____________________________________________________________________________",
            "_____________________________________w",
        )
    };
}

/// A key for `algorithm`, of the size that most issuers use. Those on curves are the base points.
#[must_use]
pub fn key_for(algorithm: Algorithm) -> Option<VerificationKey> {
    let jwk = match algorithm {
        Algorithm::Rs256 => {
            concat!(r#"{"kty":"RSA","alg":"RS256","e":"AQAB","n":""#, modulus!(), r#""}"#)
        }
        Algorithm::Ps256 => {
            concat!(r#"{"kty":"RSA","alg":"PS256","e":"AQAB","n":""#, modulus!(), r#""}"#)
        }
        Algorithm::Es256 => concat!(
            r#"{"kty":"EC","crv":"P-256","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","#,
            r#""y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}"#
        ),
        Algorithm::EdDsa => {
            r#"{"kty":"OKP","crv":"Ed25519","x":"WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY"}"#
        }
    };
    VerificationKey::of(Json::parse(jwk.as_bytes()).ok()?).ok()
}
