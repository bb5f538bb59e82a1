//! What a Durable Object is given: its storage, its alarm, and the time to finish its work.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// `DurableObjectState`.
    #[derive(Debug)]
    pub type State;

    #[wasm_bindgen(method, getter)]
    pub(super) fn storage(this: &State) -> Storage;

    #[wasm_bindgen(method, catch, js_name = waitUntil)]
    pub(super) fn wait_until(this: &State, work: &Promise) -> Result<(), JsValue>;

    /// `DurableObjectStorage`.
    pub(super) type Storage;

    #[wasm_bindgen(method, catch)]
    pub(super) fn get(this: &Storage, key: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn put(this: &Storage, key: &str, value: &Uint8Array) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = deleteAll)]
    pub(super) fn delete_all(this: &Storage) -> Result<Promise, JsValue>;

    /// `at` in milliseconds since the Unix epoch.
    #[wasm_bindgen(method, catch, js_name = setAlarm)]
    pub(super) fn set_alarm(this: &Storage, at: f64) -> Result<Promise, JsValue>;
}
