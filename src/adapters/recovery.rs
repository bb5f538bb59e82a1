//! A panic leaves the wasm's memory as it was in the middle of something. `recovery.mjs` is told, and
//! gives the next event a new memory.
//!
//! Not the hook of the `worker` crate: it calls the standard library's as well, which formats for a
//! standard error that a Worker does not have. ADR 14 has the weight.

use std::panic;

use wasm_bindgen::handler;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(raw_module = "adapters/recovery.mjs")]
extern "C" {
    fn panicked(message: &str);
}

#[wasm_bindgen(start, private)]
fn start() {
    panic::set_hook(Box::new(|info| panicked(&info.to_string())));
    handler::set_on_abort(handler::schedule_reinit);
}
