//! A panic leaves the wasm's memory as it was in the middle of something. `worker.mjs` is told, and
//! gives the next event a new one.

use std::panic;

use wasm_bindgen::handler;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(raw_module = "adapters/state.mjs")]
extern "C" {
    fn panicked(message: &str);
}

#[wasm_bindgen(start, private)]
fn start() {
    panic::set_hook(Box::new(|info| panicked(&info.to_string())));
    handler::set_on_abort(handler::schedule_reinit);
}
