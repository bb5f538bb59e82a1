//! How a caller says who it is: RFC 6749 §2.3.1 and RFC 7521 §4.2 at the token endpoint, RFC 6750
//! §2.1 on `GET /token`, and what the platform says where the request itself says nothing.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::base::secret::PresentedKey;
use crate::error::{BrokerError, Presented, RequestFault};

/// `client_assertion_type` of a JWT (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a caller presents to prove who it is; nothing is verified yet.
#[derive(Debug)]
pub enum Proof {
    /// A client id and its key (`client_secret_basic`, `client_secret_post`).
    Secret(ClientCredentials),
    /// A key alone (`Authorization: Bearer`).
    Key(PresentedKey),
    /// A JWT of an issuer that the client trusts.
    Jwt {
        /// In compact form (RFC 7515 §7.1).
        jwt: PresentedKey,
        /// For which client, where the caller says so.
        client_id: Option<String>,
        /// Where it was.
        presented: Presented,
    },
    /// A JWT of the client itself (`client_assertion`, RFC 7523 §2.2).
    Assertion {
        /// In compact form.
        jwt: PresentedKey,
        /// Has to be the assertion's `sub` (RFC 7521 §4.2).
        client_id: Option<String>,
    },
    /// A Worker whose service binding's `props` carry a client id.
    ServiceBinding {
        /// From the `props`.
        client_id: String,
    },
    /// A client certificate that the edge has verified.
    Certificate {
        /// Its SHA-256, as the platform writes it.
        fingerprint: String,
        /// For which client, where the caller says so.
        client_id: Option<String>,
    },
}

/// A client id and the secret presented with it.
#[derive(Debug)]
pub struct ClientCredentials {
    /// `client_id` (RFC 6749 §2.2).
    pub client_id: String,
    /// What the client presented as its secret.
    pub key: PresentedKey,
    /// The authentication method used.
    pub presented: Presented,
}

/// What the platform knows about a caller that says nothing itself.
#[derive(Debug, Default)]
pub struct Ambient {
    /// `client_id` in the `props` of the service binding. Whoever deploys the calling Worker has
    /// written it; a request cannot.
    pub service_binding: Option<String>,
    /// `Cf-Access-Jwt-Assertion`, as Cloudflare Access adds it.
    pub access_jwt: Option<String>,
    /// SHA-256 of the client certificate, where it is verified and not revoked.
    pub certificate: Option<String>,
}

impl Ambient {
    /// The first of them that is there. A Worker that passes its own caller's request on does not
    /// pass on who it is, so the binding comes first.
    fn proof(self, client_id: Option<String>) -> Result<Option<Proof>, BrokerError> {
        if let Some(bound) = self.service_binding {
            return match client_id {
                Some(id) if id != bound => Err(RequestFault::TwoClientIds.into()),
                _ => Ok(Some(Proof::ServiceBinding { client_id: bound })),
            };
        }
        if let Some(jwt) = self.access_jwt {
            let jwt = PresentedKey::new(jwt);
            return Ok(Some(Proof::Jwt { jwt, client_id, presented: Presented::Header }));
        }
        let certificate = self.certificate;
        Ok(certificate.map(|fingerprint| Proof::Certificate { fingerprint, client_id }))
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
    /// The client id, where the header has the proof.
    ///
    /// # Errors
    /// A second method (RFC 6749 §2.3).
    pub fn alone_with_header(self) -> Result<Option<String>, RequestFault> {
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

/// Finds out how the client of a token request authenticates itself.
///
/// `authorization` is the header's value.
///
/// # Errors
/// - `invalid_request` for two methods at once (RFC 6749 §2.3), a secret without an id, or two different ids;
/// - `invalid_client` for no authentication, or a header that is not valid `Basic`.
pub fn at_token_endpoint(
    authorization: Option<&str>,
    parameters: ClientParameters<'_>,
    ambient: impl FnOnce() -> Ambient,
) -> Result<Proof, BrokerError> {
    let ClientParameters { client_id, client_secret, assertion_type, assertion } = parameters;
    let methods = [authorization.is_some(), client_secret.is_some(), assertion.is_some()];
    if methods.into_iter().filter(|used| *used).count() > 1 {
        return Err(RequestFault::TwoAuthenticationMethods.into());
    }
    if let Some(authorization) = authorization {
        return in_header(authorization, client_id);
    }
    if let Some(assertion) = assertion {
        if assertion_type.as_deref() != Some(JWT_BEARER) {
            return Err(RequestFault::AssertionType.into());
        }
        let (jwt, client_id) =
            (PresentedKey::new(assertion.into_owned()), client_id.map(Cow::into_owned));
        return Ok(Proof::Assertion { jwt, client_id });
    }
    match (client_id, client_secret) {
        (Some(id), Some(secret)) => Ok(Proof::Secret(ClientCredentials {
            client_id: id.into_owned(),
            key: PresentedKey::new(secret.into_owned()),
            presented: Presented::Body,
        })),
        (None, Some(_)) => Err(RequestFault::MissingParameter("client_id").into()),
        (client_id, None) => {
            let named = client_id.is_some();
            let presented = if named { Presented::Body } else { Presented::Nothing };
            let proof = ambient().proof(client_id.map(Cow::into_owned))?;
            proof.ok_or(BrokerError::InvalidClient(presented))
        }
    }
}

/// Finds out how the caller of `GET /token` authenticates itself: `Authorization: Bearer` with a
/// client key or a JWT (RFC 6750 §2.1), or as the platform says.
///
/// # Errors
/// `invalid_token` where the header is of another scheme or empty, or where there is nothing.
pub fn bearer(
    authorization: Option<&str>,
    client_id: impl FnOnce() -> Option<String>,
    ambient: impl FnOnce() -> Ambient,
) -> Result<Proof, BrokerError> {
    let Some(authorization) = authorization else {
        let proof = ambient().proof(client_id())?;
        return proof.ok_or(BrokerError::InvalidClient(Presented::Nothing));
    };
    let token = credentials_of("Bearer", authorization)
        .ok_or(BrokerError::InvalidClient(Presented::Header))?;
    let key = PresentedKey::new(token.to_owned());
    // The keys that the broker's own command makes have no dots.
    if token.bytes().filter(|b| *b == b'.').count() == 2 {
        return Ok(Proof::Jwt { jwt: key, client_id: client_id(), presented: Presented::Header });
    }
    Ok(Proof::Key(key))
}

fn in_header(authorization: &str, client_id: Option<Cow<'_, str>>) -> Result<Proof, BrokerError> {
    let credentials = basic(authorization).ok_or(BrokerError::InvalidClient(Presented::Header))?;
    // RFC 6749 §3.2.1 lets a client send its id in the body as well; it has to be the same one.
    match client_id {
        Some(id) if id != credentials.client_id => Err(RequestFault::TwoClientIds.into()),
        _ => Ok(Proof::Secret(credentials)),
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
