//! A client key: with the client's id, or alone.
//!
//! Keys are compared by their digests, in constant time, and an unknown id costs what a wrong key
//! costs.

use super::{Candidate, Proof, ProofKind};
use crate::base::secret::PresentedKey;
use crate::callers::registry::OwnerKey;
use crate::config::{Client, Config, KeyDigest};
use crate::error::PresentedIn;

const KIND: ProofKind = ProofKind("key_sha256");

/// A client id and the secret presented with it (RFC 6749 §2.3.1).
#[derive(Debug)]
pub struct ClientCredentials {
    /// `client_id` (RFC 6749 §2.2).
    pub client_id: String,
    /// What the client presented as its secret.
    pub key: PresentedKey,
    /// The header or the body.
    pub presented_in: PresentedIn,
}

/// A client key without an id (`Authorization: Bearer`): only its digest is kept.
#[derive(Debug)]
pub struct LoneKey(KeyDigest);

impl LoneKey {
    /// The key as it was presented.
    #[must_use]
    pub fn new(key: &PresentedKey) -> Self {
        Self(KeyDigest::of(key))
    }

    /// The key's digest.
    #[must_use]
    pub const fn digest(&self) -> &KeyDigest {
        &self.0
    }
}

impl Proof for ClientCredentials {
    fn candidate<'a>(&'a self, _: &'a Config) -> Candidate<'a> {
        Candidate::Named(&self.client_id)
    }

    fn is_accepted(&self, client: Option<&Client>) -> bool {
        let digest = KeyDigest::of(&self.key);
        client.map_or_else(
            || KeyDigest::OF_NOBODY.matches(&digest),
            |client| client.proofs.has_key(&digest),
        )
    }

    fn kind(&self) -> ProofKind {
        KIND
    }

    fn presented_in(&self) -> PresentedIn {
        self.presented_in
    }
}

impl Proof for LoneKey {
    fn candidate<'a>(&'a self, config: &'a Config) -> Candidate<'a> {
        Candidate::Owner(config.client_with_key(&self.0), OwnerKey::key(&self.0))
    }

    fn is_accepted(&self, client: Option<&Client>) -> bool {
        client.is_some_and(|client| client.proofs.has_key(&self.0))
    }

    fn kind(&self) -> ProofKind {
        KIND
    }

    fn presented_in(&self) -> PresentedIn {
        PresentedIn::Header
    }
}
