//! The JWT by which the broker proves its identity (RFC 7523 §3), signed anew for each upstream request.

use super::proof::SigningKey;
use super::server::{AssertionClaims, Order};
use crate::base::limits::{ASSERTION_BACKDATED, CLIENT_ASSERTION_LIFETIME};
use crate::base::time::UnixMillis;
use crate::jwt::signing::{Assertion, ClaimValue};

/// The claims of a client's own assertion: issuer and subject are the client (RFC 7523 §3).
#[must_use]
pub fn of_client(order: &Order<'_>, audience: &str) -> AssertionClaims {
    claims(order.client_id, order.client_id, audience)
}

/// The claims of an assertion of `issuer` about `subject`.
#[must_use]
pub fn claims(issuer: &str, subject: &str, audience: &str) -> AssertionClaims {
    let claims = [("iss", issuer), ("sub", subject), ("aud", audience)];
    let claim = |(name, text): (&'static str, &str)| {
        (name.into(), ClaimValue::Text(text.to_owned().into()))
    };
    AssertionClaims {
        claims: claims.into_iter().map(claim).collect(),
        lifetime: CLIENT_ASSERTION_LIFETIME,
    }
}

/// What is signed. `random` makes the JWT unlike any other.
///
/// `iat` and `nbf` are a little in the past, because clocks differ.
#[must_use]
pub fn signing_input(
    key: &SigningKey,
    claims: AssertionClaims,
    now: UnixMillis,
    random: [u8; 16],
) -> String {
    let issued_at = now.minus(ASSERTION_BACKDATED).0 / 1000;
    let expires_at = now.plus(claims.lifetime).0 / 1000;
    let id = uuid::Builder::from_random_bytes(random).into_uuid().to_string();
    let mut all = claims.claims;
    all.extend([
        ("iat".into(), issued_at.into()),
        ("nbf".into(), issued_at.into()),
        ("exp".into(), expires_at.into()),
        ("jti".into(), ClaimValue::Text(id.into())),
    ]);
    let header = key.header.as_ref().map(|(name, value)| (*name, value.as_str()));
    Assertion { algorithm: key.algorithm, header, claims: all }.signing_input()
}
