//! Turns replies into responses.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::base::request_id::RequestId;
use crate::http::reply::Reply;

#[wasm_bindgen(raw_module = "adapters/response.mjs")]
extern "C" {
    #[wasm_bindgen(catch, js_name = tokenResponse)]
    fn token_response(
        body: &[u8],
        request_id: &str,
        cache_status: &str,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = otherResponse)]
    fn other_response(
        status: u16,
        body: &[u8],
        request_id: &str,
        more: Vec<String>,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = internalError)]
    fn internal_error(given: &str, fresh: &str, origin: Option<&str>) -> JsValue;
}

/// The `Response` of a reply. That of a token takes few arguments, because each one costs.
pub(super) fn of(reply: &Reply, request_id: &RequestId) -> JsValue {
    let (body, request_id) = (reply.body.as_bytes(), request_id.as_str());
    let response = match &reply.cache_status {
        Some(cache_status) if reply.status == 200 && reply.origin.is_none() => {
            token_response(body, request_id, cache_status)
        }
        _ => other_response(reply.status, body, request_id, reply.headers().collect()),
    };
    response.unwrap_or_else(|_| internal_error(request_id, request_id, reply.origin.as_deref()))
}
