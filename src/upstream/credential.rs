//! A credential: how the broker proves its identity to an authorization server.

use super::server::Server;
use super::token_key::{TokenKey, UpstreamIdentity};
use crate::base::keys::{self, CacheKey, Fingerprint, SealingKey};
use crate::base::secret::ClientSecret;
use crate::oauth::scope::ScopeSet;

/// One application at one authorization server.
#[derive(Debug)]
pub struct Credential {
    /// Its name in grants, requests and logs.
    pub name: String,
    /// The authorization server.
    pub server: Server,
    /// The application's id (RFC 6749 §2.2).
    pub client_id: String,
    /// The client secret that should work.
    pub secret: ClientSecret,
    /// The other secrets. They are tried in turn when that one is refused.
    pub other_secrets: Vec<ClientSecret>,
    /// Seals its stored tokens.
    pub sealing_key: SealingKey,
    fingerprint: Fingerprint,
}

impl Credential {
    /// A credential with these secrets. The first one should work. `None` without a secret.
    #[must_use]
    pub fn new(
        name: String,
        server: Server,
        client_id: String,
        secrets: Vec<ClientSecret>,
        cache_key: Option<&CacheKey>,
    ) -> Option<Self> {
        let mut secrets = secrets.into_iter();
        let secret = secrets.next()?;
        let (fingerprint, sealing_key) = keys::derive(&secret, cache_key);
        let other_secrets = secrets.collect();
        Some(Self { name, server, client_id, secret, other_secrets, sealing_key, fingerprint })
    }

    /// Whether a grant of it must have a scope.
    #[must_use]
    pub const fn needs_scope(&self) -> bool {
        true
    }

    /// The key of this credential's token for `scope`, without the client capability or with it.
    #[must_use]
    pub fn token_key(&self, scope: &ScopeSet, capability: bool) -> TokenKey {
        let identity = UpstreamIdentity {
            server: &self.server,
            client_id: &self.client_id,
            fingerprint: &self.fingerprint,
        };
        TokenKey::new(&identity, scope, capability)
    }
}
