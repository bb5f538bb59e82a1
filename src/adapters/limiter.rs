//! The rate limiting bindings. They count for each location, and a little late: they damp and do
//! not lock.

use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;
use worker::worker_sys::RateLimiter;

use super::bindings::bound;
use super::clock::SystemClock;
use crate::base::deadline::within;
use crate::base::limits::RATE_LIMIT_TIMEOUT;
use crate::http::ports::RateLimiter as Port;

/// One binding. Without it every request is admitted.
#[derive(Debug)]
pub(super) struct Limiter(Option<RateLimiter>);

impl Limiter {
    /// The binding `name`.
    pub(super) fn new(env: &Env, name: &str) -> Self {
        Self(bound(env, name).map(JsCast::unchecked_into))
    }
}

impl Port for Limiter {
    fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    async fn admits(&self, key: &str) -> bool {
        let Some(limiter) = &self.0 else { return true };
        let outcome = within(&SystemClock, RATE_LIMIT_TIMEOUT, success(limiter, key)).await;
        outcome.and_then(Result::ok) != Some(JsValue::FALSE)
    }
}

/// It does not use `worker::RateLimiter`: its `serde` adds 9 kB for numbers in its errors.
async fn success(limiter: &RateLimiter, key: &str) -> Result<JsValue, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"key".into(), &key.into())?;
    let outcome = JsFuture::from(limiter.limit(options)?).await?;
    Reflect::get(&outcome, &"success".into())
}
