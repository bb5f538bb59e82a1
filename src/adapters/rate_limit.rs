//! The rate limiting bindings, where there are any.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use super::bindings::bound;
use super::js::number;
use crate::base::limits::RATE_LIMIT_TIMEOUT;
use worker::Env;

#[wasm_bindgen(raw_module = "adapters/rate_limit.mjs")]
extern "C" {
    fn admits(limiter: &JsValue, key: &str, ms: f64) -> Promise;
}

/// One binding: it admits everything where it does not exist.
#[derive(Debug)]
pub(super) struct RateLimit(Option<JsValue>);

impl RateLimit {
    /// `CLIENT_RATE_LIMIT`: of each client.
    pub(super) fn of_clients(env: &Env) -> Self {
        Self(bound(env, "CLIENT_RATE_LIMIT"))
    }

    /// `FAILED_AUTH_RATE_LIMIT`: of each address from which authentication failed.
    pub(super) fn of_failures(env: &Env) -> Self {
        Self(bound(env, "FAILED_AUTH_RATE_LIMIT"))
    }

    pub(super) fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    /// Counts one for `key`, and says whether it is within the limit.
    pub(super) async fn admits(&self, key: &str) -> bool {
        let Some(limiter) = &self.0 else { return true };
        let answer = JsFuture::from(admits(limiter, key, number(RATE_LIMIT_TIMEOUT.0))).await;
        answer.map_or(true, |admitted| !admitted.is_falsy())
    }
}
