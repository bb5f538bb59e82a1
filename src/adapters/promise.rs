//! Turns Rust's futures and numbers into JavaScript's.

use std::pin::Pin;

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

type Boxed = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

/// A promise of the result of `work`. The future is boxed, so that the wasm has this code once and
/// not for each future.
pub(super) fn of(work: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    let work: Boxed = Box::pin(work);
    future_to_promise(work)
}

/// A promise of nothing but the end of `work`. Boxed by its caller, so that what waits for it is in
/// the wasm once as well.
pub(super) fn done(work: Pin<Box<dyn Future<Output = ()>>>) -> Promise {
    of(async move {
        work.await;
        Ok(JsValue::UNDEFINED)
    })
}

/// A number. wasm-bindgen turns a `u64` into a `BigInt`, and the platform's functions take none.
pub(super) fn number(value: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "times and lifetimes are far below 2^53")]
    let number = value as f64;
    number
}
