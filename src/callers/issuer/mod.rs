//! The issuers of JWTs: their keys, and whether a JWT is signed with one of them.
//!
//! Keys come from the memory of the isolate, from a sealed copy in a shared tier, or from the issuer.
//! What callers send never makes more than a request a minute to an issuer.

mod key_sets;
mod stored;
mod verifier;

pub use key_sets::KeySets;
pub use stored::{KeySetName, StoredKeySet, open, seal};
pub use verifier::JwtVerifier;
