//! What the broker signs itself: private keys, their certificates, and assertions (RFC 7521 §4).
//!
//! The platform signs; here is only what it signs with, and what. The readers of PEM and DER are the
//! broker's own: they take text around the blocks and lines of any width, as keys in variables have,
//! and add less to the wasm than `pem-rfc7468` and `der` do.

mod assertion;
mod certificate;
mod der;
mod fault;
mod forms;
mod pem;
mod private_jwk;
mod private_key;
mod public_jwk;

pub use assertion::{Assertion, ClaimValue, finish};
pub use certificate::{Certificate, certificate_and_key};
pub use fault::KeyFault;
pub use private_key::{Family, Material, PrivateKey, RsaPublic};
pub use public_jwk::{PublicJwk, public_jwk};
