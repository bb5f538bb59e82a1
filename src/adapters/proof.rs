//! What the platform knows about a caller that says nothing itself.

use wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::JsValue;
use worker::worker_sys::Context;

use crate::oauth::client_auth::Ambient;

#[wasm_bindgen(raw_module = "adapters/proof.mjs")]
extern "C" {
    #[wasm_bindgen(js_name = ambient)]
    fn read(request: &JsValue, context: &Context) -> Vec<JsValue>;
}

/// Reads it; only where a request says nothing itself, for it costs.
pub(super) fn ambient(request: &JsValue, context: &Context) -> Ambient {
    let mut parts = read(request, context).into_iter().map(|part| part.as_string());
    let mut next = || parts.next().flatten();
    Ambient { service_binding: next(), access_jwt: next(), certificate: next() }
}
