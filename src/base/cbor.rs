//! CBOR (RFC 8949).

use minicbor::Encode;

/// The bytes of `value`.
#[must_use]
pub fn to_vec(value: &impl Encode<()>) -> Vec<u8> {
    // Writing into a `Vec` does not fail.
    minicbor::to_vec(value).unwrap_or_default()
}
