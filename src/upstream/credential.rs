//! A credential: what the broker is at an authorization server, and how it proves it.

use super::proof::{Proof, Validity};
use super::server::Kind;
use super::token_key::{TokenKey, UpstreamIdentity};
use crate::base::keys::{self, CacheKey, Fingerprint, SealingKey};
use crate::base::time::UnixMillis;
use crate::oauth::scope::ScopeSet;

/// One application at one authorization server.
#[derive(Debug)]
pub struct Credential {
    /// Its name in grants, requests and logs.
    pub name: String,
    /// The authorization server.
    pub server: Box<dyn Kind>,
    /// The application's id (RFC 6749 §2.2).
    pub client_id: String,
    /// The proof that should work.
    pub proof: Proof,
    /// The other proofs. They are tried in turn when that one is refused.
    pub other_proofs: Vec<Proof>,
    /// Fixed parameters of the token request, by name.
    pub parameters: Vec<(String, String)>,
    /// Seals its stored tokens.
    pub sealing_key: SealingKey,
    /// What [`Self::sealing_key`] is where one of the other proofs, or another key of the broker's own
    /// issuer, is the first one.
    pub other_sealing_keys: Vec<SealingKey>,
    fingerprint: Fingerprint,
}

/// What a [`Credential`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// The authorization server.
    pub server: Box<dyn Kind>,
    /// The application's id.
    pub client_id: String,
    /// The proofs. The first one should work.
    pub proofs: Vec<Proof>,
    /// Fixed parameters of the token request, by name.
    pub parameters: Vec<(String, String)>,
}

impl Credential {
    /// The credential called `name`. `None` without a proof.
    #[must_use]
    pub fn new(name: String, parts: Parts, cache_key: Option<&CacheKey>) -> Option<Self> {
        let Parts { server, client_id, proofs, parameters } = parts;
        let mut proofs = proofs.into_iter();
        let proof = proofs.next()?;
        let (fingerprint, mut sealing_key) = keys::derive(&proof.identity(), cache_key);
        if cache_key.is_none() {
            // What the server knows of the broker is no secret.
            sealing_key = keys::sealing_key(&proof.secret_bytes());
        }
        let other_proofs: Vec<_> = proofs.collect();
        // Now, because the material of keys does not stay.
        let of_proofs = other_proofs.iter().map(Proof::secret_bytes);
        let mut other_secrets: Vec<_> = of_proofs.collect();
        if let Proof::Federated(federated) = &proof {
            other_secrets.extend(federated.issuer.other_secrets());
        }
        let other_sealing_keys = other_secrets.iter().map(|bytes| keys::sealing_key(bytes));
        let other_sealing_keys = other_sealing_keys.collect();
        Some(Self {
            name,
            server,
            client_id,
            proof,
            other_proofs,
            parameters,
            sealing_key,
            other_sealing_keys,
            fingerprint,
        })
    }

    /// The key of this credential's token for `scope`, without the client capability or with it.
    #[must_use]
    pub fn token_key(&self, scope: &ScopeSet, capability: bool) -> TokenKey {
        let identity = UpstreamIdentity {
            server: &*self.server,
            client_id: &self.client_id,
            fingerprint: &self.fingerprint,
            parameters: &self.parameters,
        };
        TokenKey::new(&identity, scope, capability)
    }

    /// Every proof, the one that should work first.
    pub fn proofs(&self) -> impl Iterator<Item = &Proof> {
        std::iter::once(&self.proof).chain(&self.other_proofs)
    }

    /// Every sealing key, the one that seals first.
    pub fn sealing_keys(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&self.sealing_key).chain(&self.other_sealing_keys)
    }

    /// The certificates without which it has no proof, if all of them have expired.
    #[must_use]
    pub fn expired_certificates(&self, now: UnixMillis) -> Vec<&Validity> {
        if self.proofs().all(|proof| proof.is_expired(now)) {
            self.proofs().filter_map(Proof::certificate).collect()
        } else {
            Vec::new()
        }
    }

    /// Whether a token request has to name a scope.
    #[must_use]
    pub fn needs_scope(&self) -> bool {
        self.server.needs_scope()
    }
}
