//! The JSON Web Tokens by which callers prove their identity (RFC 7519, 7515, 8725): parsing, the
//! check against what the configuration trusts, and the keys of issuers (RFC 7517). Those that the broker
//! signs itself are in `signing`.
//!
//! The platform verifies signatures: `callers/issuer` calls it.

pub mod algorithm;
pub mod compact;
pub mod decoy;
pub mod discovery;
mod fault;
mod issuer_fault;
pub mod jwk;
pub mod jwks;
mod permitted;
pub mod signing;
pub mod trust;
mod unusable;

pub use compact::Jwt;
pub use fault::JwtFault;
pub use issuer_fault::{DocumentFault, IssuerFault, IssuerOutage, IssuerUnreachable};
pub use permitted::OneOf;
pub use trust::{JwtSubject, Profile, Trust};
