//! What verifying callers needs from the platform.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use super::ledger::AssertionLedger;
use crate::base::ports::Ports;
use crate::base::time::Millis;
use crate::jwt::IssuerUnreachable;
use crate::jwt::jwk::VerificationKey;

/// The ports of this room.
pub trait CallerPorts: Ports {
    /// Fetches the metadata and keys of issuers.
    type Issuers: IssuerEndpoint;
    /// Verifies signatures.
    type Signatures: SignatureVerifier;
    /// Knows the client assertions that were used anywhere in the network.
    type Ledger: AssertionLedger;
}

/// The servers that publish the metadata and keys of JWT issuers.
pub trait IssuerEndpoint {
    /// The body behind `url`, `within` this time. Any status but 200 is a failure, redirects too, and so
    /// is a body over [`crate::base::limits::ISSUER_BODY_MAX_BYTES`].
    async fn get(&self, url: &str, within: Millis) -> Result<Vec<u8>, IssuerUnreachable>;
}

/// Verifies signatures.
pub trait SignatureVerifier {
    /// Whether `signature` was made with `key` over `signed`. A key that cannot be used made none.
    async fn verify(&self, key: &VerificationKey, signed: &[u8], signature: &[u8]) -> bool;
}
