//! Whether a client may have the token that it requests. No other place decides this.

use std::rc::Rc;

use crate::config::{Client, Config, Grant};
use crate::error::BrokerError;
use crate::oauth::scope::ScopeSet;

/// What an authenticated client requests.
#[derive(Debug)]
pub struct GrantRequest {
    /// The name or the tenant of a credential.
    pub credential: String,
    /// `None` means the client's only grant.
    pub scope: Option<ScopeSet>,
}

/// The grant of `client` for `request`.
///
/// A tenant may have several credentials. Then the client's first grant for any of them decides. An
/// unknown credential looks like one that is not granted.
///
/// # Errors
/// `unauthorized_client` for the credential, `invalid_scope` for the scope.
pub fn authorize(
    config: &Config,
    client: &Client,
    request: &GrantRequest,
) -> Result<Rc<Grant>, BrokerError> {
    let mut granted = client
        .grants
        .iter()
        .filter(|grant| {
            config
                .credentials_named(&request.credential)
                .any(|named| Rc::ptr_eq(named, &grant.credential))
        })
        .peekable();
    if granted.peek().is_none() {
        return Err(BrokerError::CredentialNotGranted);
    }
    let grant = match &request.scope {
        Some(scope) => {
            granted.find(|grant| grant.scope == *scope).ok_or(BrokerError::ScopeNotGranted)
        }
        None if client.grants.len() > 1 => Err(BrokerError::ScopeMissing),
        None => granted.next().ok_or(BrokerError::ScopeMissing),
    };
    grant.map(Rc::clone)
}
