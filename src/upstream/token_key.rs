//! The name of a token in every tier.

use crate::base::digest;
use crate::base::keys::Fingerprint;
use crate::oauth::scope::ScopeSet;
use crate::upstream::entra::authority::{AuthorityHost, Tenant};

/// Names one token in every tier: a SHA-256 over everything that changes what the token is.
/// Different parameters can never share a token.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of the tokens that `identity` gets for `scope`.
    #[must_use]
    pub fn new(identity: &Identity<'_>, scope: &ScopeSet) -> Self {
        let fields = [
            b"edge-token-broker token key v1".as_slice(),
            identity.authority.as_str().as_bytes(),
            &identity.tenant.as_str().to_ascii_lowercase().into_bytes(),
            identity.client_id.as_bytes(),
            identity.fingerprint.0.as_slice(),
            scope.as_str().as_bytes(),
        ];
        Self(digest::of_fields(&fields))
    }

    /// The name in KV: `token:` and 64 hexadecimal digits.
    #[must_use]
    pub fn kv_name(&self) -> String {
        format!("token:{}", base16ct::lower::encode_string(&self.0))
    }

    /// The bytes, for associated data.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Who the broker is at an authorization server.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// Authorization server.
    pub authority: &'a AuthorityHost,
    /// Tenant.
    pub tenant: &'a Tenant,
    /// Application id.
    pub client_id: &'a str,
    /// Of the first secret: a new secret, new tokens.
    pub fingerprint: &'a Fingerprint,
}
