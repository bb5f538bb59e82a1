//! What an isolate remembers of JWTs: those that it has verified, and client assertions that must
//! not be used again. Values only, bounded, synchronous.

mod used;
mod verified;

pub use used::UsedAssertions;
pub use verified::{JwtDigest, VerifiedJwts};
