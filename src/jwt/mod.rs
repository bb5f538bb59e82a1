//! JSON Web Tokens with which callers prove who they are (RFC 7519, 7515, 8725), as far as that is
//! pure: taken apart, held against what the configuration trusts, and the keys of their issuers
//! (RFC 7517). Signatures are verified elsewhere.

pub mod algorithm;
pub mod compact;
pub mod discovery;
mod fault;
pub mod jwk;
pub mod jwks;
mod permitted;
pub mod trust;

pub use compact::Jwt;
pub use fault::JwtFault;
pub use permitted::{OneOf, Permitted};
pub use trust::{JwtSubject, Profile, Trust};
