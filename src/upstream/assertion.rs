//! The JWT by which the broker proves its identity (RFC 7523 §3), signed anew for each upstream request.

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::proof::SigningKey;
use super::server::{AssertionClaims, Order};
use crate::base::limits::{ASSERTION_BACKDATED, CLIENT_ASSERTION_LIFETIME};
use crate::base::time::UnixMillis;

/// The claims of a client's own assertion: issuer and subject are the client (RFC 7523 §3).
#[must_use]
pub fn of_client(order: &Order<'_>, audience: &str) -> AssertionClaims {
    let client_id = json_text(order.client_id);
    AssertionClaims {
        claims: vec![
            ("iss".into(), client_id.clone()),
            ("sub".into(), client_id),
            ("aud".into(), json_text(audience)),
        ],
        lifetime: CLIENT_ASSERTION_LIFETIME,
    }
}

/// `text` as a JSON string.
#[must_use]
pub fn json_text(text: &str) -> String {
    // A text always serializes.
    serde_json::to_string(text).unwrap_or_default()
}

/// What is signed: the header and the claims (RFC 7515 §5.1). `random` makes the JWT unlike any other.
///
/// `iat` and `nbf` are a little in the past, because clocks differ.
#[must_use]
pub fn signing_input(
    key: &SigningKey,
    claims: &AssertionClaims,
    now: UnixMillis,
    random: [u8; 16],
) -> String {
    let mut header = [r#"{"alg":""#, key.algorithm.name(), r#"","typ":"JWT""#].concat();
    if let Some((name, value)) = &key.header {
        push(&mut header, name, &json_text(value));
    }
    header.push('}');
    let issued_at = now.minus(ASSERTION_BACKDATED).0 / 1000;
    let expires_at = now.plus(claims.lifetime).0 / 1000;
    let issued_at = issued_at.to_string();
    let mut payload = [r#"{"iat":"#, &issued_at].concat();
    push(&mut payload, "nbf", &issued_at);
    push(&mut payload, "exp", &expires_at.to_string());
    let id = uuid::Builder::from_random_bytes(random).into_uuid();
    push(&mut payload, "jti", &[r#"""#, &id.to_string(), r#"""#].concat());
    for (name, value) in &claims.claims {
        push(&mut payload, name, value);
    }
    payload.push('}');
    let encode = Base64UrlUnpadded::encode_string;
    [&encode(header.as_bytes()), ".", &encode(payload.as_bytes())].concat()
}

/// The JWT.
#[must_use]
pub fn signed(input: &str, signature: &[u8]) -> Zeroizing<String> {
    Zeroizing::new([input, ".", &Base64UrlUnpadded::encode_string(signature)].concat())
}

fn push(json: &mut String, name: &str, value: &str) {
    json.push(',');
    json.push_str(&json_text(name));
    json.push(':');
    json.push_str(value);
}
