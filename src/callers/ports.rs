//! What verifying callers needs from outside.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::base::ports::TierError;
use crate::base::time::UnixMillis;
use crate::jwt::jwk::VerificationKey;
use crate::tokens::ports::CoordinationError;

/// The entries of the client registry.
pub trait ClientEntries {
    /// Whether there is a registry at all.
    fn is_bound(&self) -> bool;
    /// The entry called `name`; `Ok(None)` is that there is none.
    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, TierError>;
}

/// Which client assertions were used, anywhere in the network.
pub trait AssertionLedger {
    /// Notes the use of the assertion `id` until `until`, and says whether it is the first. Whoever
    /// gets no answer knows of the uses in its own isolate alone.
    async fn use_once(
        &self,
        client_id: &str,
        id: &[u8; 32],
        until: UnixMillis,
    ) -> Result<bool, CoordinationError>;
}

/// Whoever serves the metadata and the keys of issuers.
pub trait IssuerEndpoint {
    /// The body behind `url`, within [`crate::base::limits::ISSUER_TIMEOUT`]. Anything but status 200 is a
    /// failure, redirects too, and so is a body over [`crate::base::limits::ISSUER_BODY_MAX_BYTES`].
    async fn get(&self, url: &str) -> Result<Vec<u8>, IssuerUnreachable>;
}

/// An issuer gave no answer that can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IssuerUnreachable;

/// A shared tier of sealed key sets. An optimisation, never an authority: every [`TierError`] is a
/// miss.
pub trait KeySetTier {
    /// `Ok(None)` is a miss, not an error.
    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, TierError>;
    /// Keeps `bytes` for `ttl_secs`, at least [`crate::base::limits::KV_TTL_MIN_SECS`].
    async fn store(&self, name: &str, bytes: &[u8], ttl_secs: u64) -> Result<(), TierError>;
}

/// Signatures of public keys.
pub trait SignatureVerifier {
    /// Whether `signature` is of `key` over `signed`. A key that cannot be used signed nothing.
    async fn verify(&self, key: &VerificationKey, signed: &[u8], signature: &[u8]) -> bool;
}
