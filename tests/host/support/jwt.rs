//! JWTs made up for tests, well formed or not. Signatures are simulated: see [`sign`].

use base64ct::{Base64UrlUnpadded, Encoding};
use edge_token_broker::base::json::Json;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::jwt::{Jwt, JwtFault, OneOf, Trust};
use sha2::{Digest, Sha256};

pub(crate) const ISSUER: &str = "https://issuer.example";
/// In seconds.
pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn at(secs: u64) -> UnixMillis {
    UnixMillis(secs * 1000)
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

/// `header.payload.signature`, with a signature of nobody.
pub(crate) fn compact(header: &str, payload: &str) -> String {
    [base64url(header), base64url(payload), base64url("signature")].join(".")
}

/// The same with a usual header, taken apart.
pub(crate) fn jwt_of(payload: &str) -> Jwt {
    Jwt::parse(&compact(r#"{"alg":"EdDSA","kid":"k1"}"#, payload)).unwrap()
}

pub(crate) fn fault_of(text: &str) -> JwtFault {
    Jwt::parse(text).map(drop).unwrap_err()
}

pub(crate) fn one_of(json: &str) -> OneOf {
    OneOf::parse(Json::parse(json.as_bytes()).unwrap()).unwrap()
}

/// Trusts [`ISSUER`] for `broker`.
pub(crate) fn trust() -> Trust {
    Trust {
        issuer: ISSUER.into(),
        audience: one_of(r#""broker""#),
        subject: None,
        claims: Vec::new(),
        jwks_uri: None,
    }
}

/// Claims that [`trust`] accepts, and `more`, such as `,"sub":"s"`.
pub(crate) fn claims(more: &str) -> String {
    format!(r#"{{"iss":"{ISSUER}","aud":"broker","exp":{}{more}}}"#, NOW + 300)
}

/// `x` of the Ed25519 key made from `seed`.
pub(crate) fn x_of(seed: u8) -> String {
    base64url([seed; 32])
}

/// The JWK of that key.
pub(crate) fn ed25519(kid: &str, seed: u8) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{}"}}"#, x_of(seed))
}

pub(crate) fn jwks(keys: &[String]) -> String {
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

/// What the simulated verifier takes for the signature of the key with `x`.
pub(crate) fn sign(x: &str, signed: &[u8]) -> Vec<u8> {
    let digest = Sha256::new().chain_update(x).chain_update(signed).finalize();
    [digest, digest].concat()
}

/// A JWT signed with the key made from `seed`, under the name `kid`.
pub(crate) fn signed_by(kid: &str, seed: u8, payload: &str) -> Jwt {
    Jwt::parse(&signed_text(kid, seed, payload)).unwrap()
}

/// The same without `kid`.
pub(crate) fn unnamed(seed: u8, payload: &str) -> Jwt {
    Jwt::parse(&signed_under(r#"{"alg":"EdDSA"}"#, seed, payload)).unwrap()
}

/// The same in compact form.
pub(crate) fn signed_text(kid: &str, seed: u8, payload: &str) -> String {
    signed_under(&format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#), seed, payload)
}

fn signed_under(header: &str, seed: u8, payload: &str) -> String {
    let signed = [base64url(header), base64url(payload)].join(".");
    let signature = sign(&x_of(seed), signed.as_bytes());
    [signed, base64url(signature)].join(".")
}
