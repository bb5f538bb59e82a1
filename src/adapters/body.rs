//! Reading bodies to their end, but never beyond a limit.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStream;
use zeroize::Zeroizing;

#[wasm_bindgen(raw_module = "adapters/body.mjs")]
extern "C" {
    #[wasm_bindgen(js_name = bytesUpTo)]
    fn bytes_up_to(stream: ReadableStream, max: usize) -> Promise;
}

/// The body behind `stream`, or nothing where it is longer than `max` bytes.
pub(super) async fn up_to(
    max: usize,
    stream: ReadableStream,
) -> Result<Option<Zeroizing<Vec<u8>>>, JsValue> {
    let bytes = JsFuture::from(bytes_up_to(stream, max)).await?.dyn_into::<Uint8Array>();
    Ok(bytes.ok().map(|bytes| Zeroizing::new(bytes.to_vec())))
}
