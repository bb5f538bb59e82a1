//! What a request presents to prove who calls, and where.
//!
//! The token endpoint takes it as in RFC 6749 §2.3.1 and RFC 7521 §4.2, `GET /token` as in RFC 6750
//! §2.1. If the request itself presents nothing, what the platform knows counts.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::base::secret::PresentedKey;
use crate::callers::proofs::certificate::{ClientCertificate, PresentedCertificate};
use crate::callers::proofs::jwt::PresentedJwt;
use crate::callers::proofs::key::{ClientCredentials, LoneKey};
use crate::callers::proofs::service_binding::BoundWorker;
use crate::error::{BrokerError, PresentedIn, RequestFault};

/// `client_assertion_type` of a JWT (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a caller presents to prove its identity. Nothing is verified yet.
#[derive(Debug)]
pub enum Presented {
    /// A client id and its key (`client_secret_basic`, `client_secret_post`).
    Secret(ClientCredentials),
    /// A client key alone (`Authorization: Bearer`).
    Key(LoneKey),
    /// A JWT: of an issuer that the client trusts, or the client's own (`client_assertion`).
    Jwt(PresentedJwt),
    /// A Worker that calls by a service binding.
    ServiceBinding(BoundWorker),
    /// A client certificate that counts.
    Certificate(PresentedCertificate),
}

/// What the platform knows about a caller.
#[derive(Debug, Default)]
pub struct PlatformIdentity {
    /// `client_id` in the `props` of the service binding. The deployer of the calling Worker writes
    /// it; a request cannot.
    pub service_binding: Option<String>,
    /// `Cf-Access-Jwt-Assertion`, as Cloudflare Access adds it.
    pub access_jwt: Option<String>,
    /// The client certificate of the connection.
    pub certificate: Option<ClientCertificate>,
}

impl PlatformIdentity {
    /// The first of its parts that is there. The binding comes first: a Worker may pass the request
    /// of its own caller on, and the other parts with it.
    fn presented(self, client_id: Option<String>) -> Result<Option<Presented>, BrokerError> {
        if let Some(bound) = self.service_binding {
            return match client_id {
                Some(id) if id != bound => Err(RequestFault::TwoClientIds.into()),
                _ => Ok(Some(Presented::ServiceBinding(BoundWorker { client_id: bound }))),
            };
        }
        if let Some(jwt) = self.access_jwt {
            return Ok(Some(bearer_jwt(PresentedKey::new(jwt), client_id)));
        }
        let fingerprint = self.certificate.and_then(ClientCertificate::into_counting);
        Ok(fingerprint.map(|fingerprint| {
            Presented::Certificate(PresentedCertificate::new(&fingerprint, client_id))
        }))
    }
}

/// The parameters of a token request that are about its client.
#[derive(Debug, Default)]
pub struct ClientParameters<'a> {
    /// `client_id`.
    pub client_id: Option<Cow<'a, str>>,
    /// `client_secret`.
    pub client_secret: Option<Cow<'a, str>>,
    /// `client_assertion_type` (RFC 7521 §4.2).
    pub assertion_type: Option<Cow<'a, str>>,
    /// `client_assertion`.
    pub assertion: Option<Cow<'a, str>>,
}

impl ClientParameters<'_> {
    /// The client id, where the proof is in the `Authorization` header.
    ///
    /// # Errors
    /// The parameters have a proof as well (RFC 6749 §2.3).
    pub fn client_id_beside_header(self) -> Result<Option<String>, RequestFault> {
        if self.client_secret.is_some() || self.assertion.is_some() {
            return Err(RequestFault::TwoAuthenticationMethods);
        }
        Ok(self.client_id.map(Cow::into_owned))
    }
}

/// Whether an `Authorization` header is of the scheme `Bearer`.
#[must_use]
pub fn is_bearer(authorization: &str) -> bool {
    credentials_of("Bearer", authorization).is_some()
}

/// What the client of a token request presents. `authorization` is the header's value.
///
/// # Errors
/// - `invalid_request` for two methods at once (RFC 6749 §2.3), a secret without an id, or two
///   different ids;
/// - `invalid_client` for no authentication, or a header that is not valid `Basic`.
pub fn at_token_endpoint(
    authorization: Option<&str>,
    parameters: ClientParameters<'_>,
    platform: impl FnOnce() -> PlatformIdentity,
) -> Result<Presented, BrokerError> {
    let ClientParameters { client_id, client_secret, assertion_type, assertion } = parameters;
    let methods = [authorization.is_some(), client_secret.is_some(), assertion.is_some()];
    if methods.into_iter().filter(|used| *used).count() > 1 {
        return Err(RequestFault::TwoAuthenticationMethods.into());
    }
    if let Some(authorization) = authorization {
        return in_header(authorization, client_id);
    }
    if let Some(assertion) = assertion {
        return client_assertion(assertion, assertion_type.as_deref(), client_id);
    }
    match (client_id, client_secret) {
        (Some(id), Some(secret)) => Ok(Presented::Secret(ClientCredentials {
            client_id: id.into_owned(),
            key: PresentedKey::new(secret.into_owned()),
            presented_in: PresentedIn::Body,
        })),
        (None, Some(_)) => Err(RequestFault::MissingParameter("client_id").into()),
        (client_id, None) => {
            let presented_in =
                if client_id.is_some() { PresentedIn::Body } else { PresentedIn::Nothing };
            let presented = platform().presented(client_id.map(Cow::into_owned))?;
            presented.ok_or(BrokerError::InvalidClient(presented_in))
        }
    }
}

/// What the caller of `GET /token` presents: a client key or a JWT in `Authorization: Bearer` (RFC
/// 6750 §2.1), or what the platform knows.
///
/// # Errors
/// `invalid_token` for a header of another scheme, an empty one, or nothing at all.
pub fn bearer(
    authorization: Option<&str>,
    client_id: impl FnOnce() -> Option<String>,
    platform: impl FnOnce() -> PlatformIdentity,
) -> Result<Presented, BrokerError> {
    let Some(authorization) = authorization else {
        let presented = platform().presented(client_id())?;
        return presented.ok_or(BrokerError::InvalidClient(PresentedIn::Nothing));
    };
    let token = credentials_of("Bearer", authorization)
        .ok_or(BrokerError::InvalidClient(PresentedIn::Header))?;
    Ok(key_or_jwt(PresentedKey::new(token.to_owned()), client_id))
}

/// What the caller of an API presents: as on `GET /token`; or `token KEY` (GitHub's libraries); or a client id
/// and its key (`Basic`); or the client key where the API wants its token, behind the `prefix` or not. So a
/// program with a fixed key works unchanged. Also whether the proof is one that a browser adds by itself, as it
/// does with what the platform knows, and with `Basic` once its user has entered it.
///
/// # Errors
/// `invalid_token` for a header of another form, an empty one, or nothing at all.
pub fn at_api(
    authorization: Option<&str>,
    in_field: impl FnOnce() -> Option<String>,
    prefix: &str,
    platform: impl FnOnce() -> PlatformIdentity,
) -> Result<(Presented, bool), BrokerError> {
    let of = |scheme| credentials_of(scheme, authorization?);
    if let Some(key) = of("Bearer").or_else(|| of("token")) {
        return Ok((key_or_jwt(PresentedKey::new(key.to_owned()), || None), false));
    }
    if let Some(credentials) = authorization.and_then(basic) {
        return Ok((Presented::Secret(credentials), true));
    }
    if let Some(text) = in_field().map(Zeroizing::new) {
        let key = text.strip_prefix(prefix).unwrap_or(&text).trim();
        if !key.is_empty() {
            return Ok((key_or_jwt(PresentedKey::new(key.to_owned()), || None), false));
        }
    }
    if authorization.is_some() {
        return Err(BrokerError::InvalidClient(PresentedIn::Header));
    }
    let presented = platform().presented(None)?;
    let presented = presented.ok_or(BrokerError::InvalidClient(PresentedIn::Nothing))?;
    let is_ambient = !matches!(presented, Presented::ServiceBinding(_));
    Ok((presented, is_ambient))
}

/// What the caller of `GET /msi/token` presents: a client key in `X-IDENTITY-HEADER`, which is `header`, or
/// what the platform knows.
///
/// # Errors
/// `invalid_token` for nothing at all.
pub fn in_identity_header(
    header: Option<String>,
    platform: impl FnOnce() -> PlatformIdentity,
) -> Result<Presented, BrokerError> {
    if let Some(key) = header.filter(|key| !key.is_empty()) {
        return Ok(key_or_jwt(PresentedKey::new(key), || None));
    }
    platform().presented(None)?.ok_or(BrokerError::InvalidClient(PresentedIn::Nothing))
}

/// The keys that the broker's own command makes have no dots.
fn key_or_jwt(key: PresentedKey, client_id: impl FnOnce() -> Option<String>) -> Presented {
    if key.expose().bytes().filter(|b| *b == b'.').count() == 2 {
        bearer_jwt(key, client_id())
    } else {
        Presented::Key(LoneKey::new(&key))
    }
}

fn bearer_jwt(text: PresentedKey, client_id: Option<String>) -> Presented {
    Presented::Jwt(PresentedJwt { text, client_id, presented_in: PresentedIn::Header })
}

fn client_assertion(
    text: Cow<'_, str>,
    assertion_type: Option<&str>,
    client_id: Option<Cow<'_, str>>,
) -> Result<Presented, BrokerError> {
    if assertion_type != Some(JWT_BEARER) {
        return Err(RequestFault::AssertionType.into());
    }
    Ok(Presented::Jwt(PresentedJwt {
        text: PresentedKey::new(text.into_owned()),
        client_id: client_id.map(Cow::into_owned),
        presented_in: PresentedIn::Body,
    }))
}

fn in_header(
    authorization: &str,
    client_id: Option<Cow<'_, str>>,
) -> Result<Presented, BrokerError> {
    let credentials =
        basic(authorization).ok_or(BrokerError::InvalidClient(PresentedIn::Header))?;
    // RFC 6749 §3.2.1 lets a client send its id in the body as well; it has to be the same one.
    match client_id {
        Some(id) if id != credentials.client_id => Err(RequestFault::TwoClientIds.into()),
        _ => Ok(Presented::Secret(credentials)),
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
        presented_in: PresentedIn::Header,
    })
}

/// The credentials in `authorization`, if it has this scheme (RFC 9110 §11.4: any case, one or more
/// spaces behind it).
fn credentials_of<'a>(scheme: &str, authorization: &'a str) -> Option<&'a str> {
    let (given, rest) = authorization.trim().split_once(' ')?;
    let credentials = rest.trim_start();
    (given.eq_ignore_ascii_case(scheme) && !credentials.is_empty()).then_some(credentials)
}

/// Decodes one form-urlencoded value. A raw `&` or `=` cannot occur in an encoded value, but clients
/// that do not encode send it. It is taken as it is.
fn form_decode(value: &str) -> Option<String> {
    let escaped = value.replace('&', "%26").replace('=', "%3D");
    let (decoded, _) = form_urlencoded::parse(escaped.as_bytes()).next()?;
    Some(decoded.into_owned())
}
