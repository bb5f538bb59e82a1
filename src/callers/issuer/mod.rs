//! The issuers of JWTs: their key sets, and whether a JWT is signed with one of the keys.
//!
//! Key sets come from the memory of the isolate, from a sealed copy in Workers KV, or from the
//! issuer. Whatever callers send, an issuer whose keys are known gets one request a minute at most, and
//! only for a JWT that the client's entry accepts but for its signature.

mod key_sets;
mod search;
mod stored;
mod verifier;

pub use key_sets::KeySets;
pub use stored::{KeySetName, StoredKeySet, open, seal};
pub use verifier::JwtVerifier;
