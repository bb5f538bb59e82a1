//! Rust's values as JavaScript's.

use minicbor::Encode;
use worker::js_sys::Uint8Array;

/// A number: wasm-bindgen makes a `BigInt` of a `u64`, which the platform's functions do not take.
pub(super) fn number(value: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "times and lifetimes are far below 2^53")]
    let number = value as f64;
    number
}

/// CBOR.
pub(super) fn cbor(value: &impl Encode<()>) -> Uint8Array {
    // Writing into a `Vec` does not fail.
    Uint8Array::from(minicbor::to_vec(value).unwrap_or_default().as_slice())
}
