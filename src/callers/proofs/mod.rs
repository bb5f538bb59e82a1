//! Whether a proof is one that its client lists.

mod jwt;

use std::rc::Rc;

use crate::callers::presented::ClientCredentials;
use crate::config::{CertificateFingerprint, Client, KeyDigest};
use crate::error::{BrokerError, Presented};
use crate::jwt::JwtSubject;

/// A caller whose proof was good.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is.
    pub client: Rc<Client>,
    /// How it proved that.
    pub proven: Proven,
}

/// The way in which a caller proved who it is; named as in the configuration.
#[derive(Clone, Debug)]
pub enum Proven {
    /// A client key.
    KeySha256,
    /// The `props` of a service binding.
    ServiceBinding,
    /// A JWT of this identity.
    Jwt(Rc<JwtSubject>),
    /// A client certificate.
    MtlsSha256,
}

impl Proven {
    /// The way's name, in the configuration and in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::KeySha256 => "key_sha256",
            Self::ServiceBinding => "service_binding",
            Self::Jwt(_) => "jwt",
            Self::MtlsSha256 => "mtls_sha256",
        }
    }
}

/// Whether `credentials` are those of `client`, which has the id in them (RFC 6749 §2.3).
///
/// # Errors
/// `invalid_client`, the same for an unknown id and for a wrong key, at the same cost.
pub fn by_secret(
    client: Option<&Rc<Client>>,
    credentials: &ClientCredentials,
) -> Result<Caller, BrokerError> {
    let digest = KeyDigest::of(&credentials.key);
    let authentic = client.map_or_else(
        || KeyDigest::OF_NOBODY.matches(&digest),
        |client| client.proofs.has_key(&digest),
    );
    proven(client.filter(|_| authentic), Proven::KeySha256, credentials.presented)
}

/// Whether `client` is the one whose key has this digest.
///
/// # Errors
/// `invalid_token`.
pub fn by_key(client: Option<&Rc<Client>>, digest: &KeyDigest) -> Result<Caller, BrokerError> {
    let client = client.filter(|client| client.proofs.has_key(digest));
    proven(client, Proven::KeySha256, Presented::Header)
}

/// Whether `client`, which the `props` of a service binding name, may call by one.
///
/// # Errors
/// `invalid_client`.
pub fn by_service_binding(client: Option<&Rc<Client>>) -> Result<Caller, BrokerError> {
    let client = client.filter(|client| client.proofs.service_binding);
    proven(client, Proven::ServiceBinding, Presented::ServiceBinding)
}

/// Whether `client` lists the certificate.
///
/// # Errors
/// `invalid_client`.
pub fn by_certificate(
    client: Option<&Rc<Client>>,
    fingerprint: &CertificateFingerprint,
) -> Result<Caller, BrokerError> {
    let client = client.filter(|client| client.proofs.has_certificate(fingerprint));
    proven(client, Proven::MtlsSha256, Presented::Certificate)
}

fn proven(
    client: Option<&Rc<Client>>,
    proven: Proven,
    presented: Presented,
) -> Result<Caller, BrokerError> {
    let client = client.ok_or(BrokerError::InvalidClient(presented))?;
    Ok(Caller { client: Rc::clone(client), proven })
}
