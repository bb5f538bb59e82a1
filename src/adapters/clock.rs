//! The only place that reads the time.

use js_sys::{Date, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use super::js::number;
use crate::base::ports::Clock;
use crate::base::time::{Millis, UnixMillis};

#[wasm_bindgen(raw_module = "adapters/timeout.mjs")]
extern "C" {
    type Timer;

    #[wasm_bindgen(constructor)]
    fn new(ms: f64) -> Timer;

    #[wasm_bindgen(method, getter)]
    fn over(this: &Timer) -> Promise;

    #[wasm_bindgen(method)]
    fn stop(this: &Timer);
}

/// Stops a timer that nobody waits for any more.
struct Waiting(Timer);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The isolate's clock. Deployed, it advances only after I/O (Workers docs, "Performance and
/// timers"): two readings without I/O between them are equal.
#[derive(Debug)]
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        #[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
        let millis = Date::now();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates"
        )]
        UnixMillis(millis as u64)
    }

    async fn sleep(&self, span: Millis) {
        let timer = Waiting(Timer::new(number(span.0)));
        // A timer does not fail.
        let _ = JsFuture::from(timer.0.over()).await;
    }
}
