//! Who calls, and may they have it? The only place that decides.

use std::rc::Rc;

use crate::config::{Client, Config, Grant, KeyDigest};
use crate::error::{BrokerError, Presented};
use crate::oauth::client_auth::ClientCredentials;
use crate::oauth::scope::ScopeSet;
use crate::secret::PresentedKey;

/// What an authenticated client asks for.
#[derive(Debug)]
pub struct Ask {
    /// Names a credential: by its name, or by its tenant.
    pub credential: String,
    /// Missing means the client's only grant.
    pub scope: Option<ScopeSet>,
}

/// The client with this id and key (RFC 6749 §2.3).
///
/// # Errors
/// `invalid_client`, the same for an unknown id and for a wrong key, at the same cost.
pub fn authenticate<'c>(
    config: &'c Config,
    credentials: &ClientCredentials,
) -> Result<&'c Client, BrokerError> {
    let digest = KeyDigest::of(&credentials.key);
    let client = config.client(&credentials.client_id);
    let authentic = client
        .map_or_else(|| KeyDigest::OF_NOBODY.matches(&digest), |client| client.has_key(&digest));
    client.filter(|_| authentic).ok_or(BrokerError::InvalidClient(credentials.presented))
}

/// The client with this key, where the request names no id.
///
/// # Errors
/// `invalid_token`.
pub fn authenticate_key<'c>(
    config: &'c Config,
    key: &PresentedKey,
) -> Result<&'c Client, BrokerError> {
    config.client_with_key(&KeyDigest::of(key)).ok_or(BrokerError::InvalidClient(Presented::Header))
}

/// The grant of `client` that `ask` means.
///
/// A tenant may stand for several credentials; the client's first grant among them decides.
/// An unknown credential looks like one that is not granted.
///
/// # Errors
/// `unauthorized_client` for the credential, `invalid_scope` for the scope.
pub fn authorize(config: &Config, client: &Client, ask: &Ask) -> Result<Rc<Grant>, BrokerError> {
    let mut granted = client
        .grants
        .iter()
        .filter(|grant| {
            config
                .credentials_named(&ask.credential)
                .any(|named| Rc::ptr_eq(named, &grant.credential))
        })
        .peekable();
    if granted.peek().is_none() {
        return Err(BrokerError::CredentialNotGranted);
    }
    let grant = match &ask.scope {
        Some(scope) => {
            granted.find(|grant| grant.scope == *scope).ok_or(BrokerError::ScopeNotGranted)
        }
        None if client.grants.len() > 1 => Err(BrokerError::ScopeMissing),
        None => granted.next().ok_or(BrokerError::ScopeMissing),
    };
    grant.map(Rc::clone)
}
