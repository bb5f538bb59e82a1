//! The platform.
use wasm_bindgen::prelude::*;
use worker::worker_sys::web_sys;

/// The Worker's `fetch` handler.
#[wasm_bindgen]
pub fn fetch(_req: web_sys::Request, _env: worker::Env, _ctx: JsValue) -> Result<JsValue, JsValue> {
    Ok(web_sys::Response::new_with_opt_str(Some("{\"status\":\"ok\"}"))?.into())
}
