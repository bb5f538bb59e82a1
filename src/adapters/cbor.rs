//! CBOR as JavaScript's bytes.

use minicbor::Encode;
use worker::js_sys::Uint8Array;

pub(super) fn to_js(value: &impl Encode<()>) -> Uint8Array {
    Uint8Array::from(to_vec(value).as_slice())
}

pub(super) fn to_vec(value: &impl Encode<()>) -> Vec<u8> {
    // Writing into a `Vec` does not fail.
    minicbor::to_vec(value).unwrap_or_default()
}
