//! What verifying callers needs from the platform.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use super::ledger::AssertionLedger;
use crate::base::ports::Ports;
use crate::jwt::jwk::VerificationKey;
use crate::upstream::ports::Documents;

/// The ports of this room.
pub trait CallerPorts: Ports {
    /// Fetches the metadata and keys of issuers.
    type Issuers: Documents;
    /// Verifies signatures.
    type Signatures: SignatureVerifier;
    /// Knows the client assertions that were used anywhere in the network.
    type Ledger: AssertionLedger;
}

/// Verifies signatures.
pub trait SignatureVerifier {
    /// Whether `signature` was made with `key` over `signed`. A key that cannot be used made none.
    async fn verify(&self, key: &VerificationKey, signed: &[u8], signature: &[u8]) -> bool;
}
