//! Client authentication: RFC 6749 §2.3.1 at the token endpoint, RFC 6750 §2.1 on `GET /token`.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::error::{BrokerError, Presented, RequestFault};
use crate::secret::PresentedKey;

/// A client id and the secret presented with it; nothing is verified yet.
#[derive(Debug)]
pub struct ClientCredentials {
    /// `client_id` (RFC 6749 §2.2).
    pub client_id: String,
    /// What the client presented as its secret.
    pub key: PresentedKey,
    /// The authentication method used.
    pub presented: Presented,
}

/// Finds out how the client of a token request authenticates itself.
///
/// `authorization` is the header's value; `client_id` and `client_secret` are parameters of the body.
///
/// # Errors
/// - `invalid_request` for two methods at once (RFC 6749 §2.3), a secret without an id, or two different ids;
/// - `invalid_client` for no authentication, or a header that is not valid `Basic`.
pub fn at_token_endpoint(
    authorization: Option<&str>,
    client_id: Option<Cow<'_, str>>,
    client_secret: Option<Cow<'_, str>>,
) -> Result<ClientCredentials, BrokerError> {
    let Some(authorization) = authorization else {
        return in_body(client_id, client_secret);
    };
    if client_secret.is_some() {
        return Err(RequestFault::TwoAuthenticationMethods.into());
    }
    let credentials = basic(authorization).ok_or(BrokerError::InvalidClient(Presented::Header))?;
    // RFC 6749 §3.2.1 lets a client send its id in the body as well; it has to be the same one.
    match client_id {
        Some(id) if id != credentials.client_id => Err(RequestFault::TwoClientIds.into()),
        _ => Ok(credentials),
    }
}

/// The key in `Authorization: Bearer <key>` (RFC 6750 §2.1).
///
/// # Errors
/// `invalid_token` where the header is missing, of another scheme, or empty.
pub fn bearer(authorization: Option<&str>) -> Result<PresentedKey, BrokerError> {
    let authorization = authorization.ok_or(BrokerError::InvalidClient(Presented::Nothing))?;
    let key = credentials_of("Bearer", authorization)
        .ok_or(BrokerError::InvalidClient(Presented::Header))?;
    Ok(PresentedKey::new(key.to_owned()))
}

fn in_body(
    client_id: Option<Cow<'_, str>>,
    client_secret: Option<Cow<'_, str>>,
) -> Result<ClientCredentials, BrokerError> {
    match (client_id, client_secret) {
        (Some(id), Some(secret)) => Ok(ClientCredentials {
            client_id: id.into_owned(),
            key: PresentedKey::new(secret.into_owned()),
            presented: Presented::Body,
        }),
        (Some(_), None) => Err(BrokerError::InvalidClient(Presented::Body)),
        (None, Some(_)) => Err(RequestFault::MissingParameter("client_id").into()),
        (None, None) => Err(BrokerError::InvalidClient(Presented::Nothing)),
    }
}

/// `Basic base64(form-urlencoded id ":" form-urlencoded secret)` (RFC 6749 §2.3.1).
fn basic(authorization: &str) -> Option<ClientCredentials> {
    let encoded = credentials_of("Basic", authorization)?;
    let decoded = Zeroizing::new(Base64::decode_vec(encoded).ok()?);
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(ClientCredentials {
        client_id: form_decode(id)?,
        key: PresentedKey::new(form_decode(secret)?),
        presented: Presented::Header,
    })
}

/// What follows `scheme`, which is case-insensitive, and one or more spaces (RFC 9110 §11.4).
fn credentials_of<'a>(scheme: &str, authorization: &'a str) -> Option<&'a str> {
    let (given, rest) = authorization.trim().split_once(' ')?;
    let credentials = rest.trim_start();
    (given.eq_ignore_ascii_case(scheme) && !credentials.is_empty()).then_some(credentials)
}

/// Decodes one form-urlencoded value. A raw `&` or `=` cannot occur in an encoded value, but
/// clients that do not encode send it; it is taken as it stands.
fn form_decode(value: &str) -> Option<String> {
    let escaped = value.replace('&', "%26").replace('=', "%3D");
    let (decoded, _) = form_urlencoded::parse(escaped.as_bytes()).next()?;
    Some(decoded.into_owned())
}
