//! The name of a token in every tier.

use super::server::Server;
use crate::base::digest;
use crate::base::keys::Fingerprint;
use crate::base::keyspace;
use crate::oauth::scope::ScopeSet;

/// Names one token in every tier: a SHA-256 over everything that determines which token it is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of the token that `identity` gets for `scope`, without the client capability or with
    /// it. Only the latter has a field for it, so that the names of all other tokens stay.
    #[must_use]
    pub fn new(identity: &UpstreamIdentity<'_>, scope: &ScopeSet, capability: bool) -> Self {
        let [authority, tenant] = identity.server.key_fields();
        let fields = [
            b"edge-token-broker token key v1".as_slice(),
            authority.as_bytes(),
            tenant.as_bytes(),
            identity.client_id.as_bytes(),
            identity.fingerprint.0.as_slice(),
            scope.as_str().as_bytes(),
            b"CP1",
        ];
        let [without @ .., _] = &fields;
        Self(digest::of_fields(if capability { &fields } else { without }))
    }

    /// The name in KV: `token:` and 64 hexadecimal digits.
    #[must_use]
    pub fn kv_name(&self) -> String {
        keyspace::hex_name(keyspace::TOKEN, &self.0)
    }

    /// The bytes. They are part of the associated data of sealed records.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What the broker is at the authorization server.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamIdentity<'a> {
    /// The authorization server.
    pub server: &'a Server,
    /// The application's id.
    pub client_id: &'a str,
    /// Of the first secret: with a new one, all token keys are new.
    pub fingerprint: &'a Fingerprint,
}
