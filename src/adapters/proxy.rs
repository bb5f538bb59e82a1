//! Sends a request on to an API. `proxy.mjs` passes the bodies through, so that they never cross into the
//! wasm, and asks here what the core decides.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::isolate::Platform;
use super::promise::{self, number};
use super::request::WorkerRequest;
use super::response;
use crate::http::exchange::{self, Ended, NoAnswer};

#[wasm_bindgen(raw_module = "adapters/proxy.mjs")]
extern "C" {
    #[wasm_bindgen(js_name = sendOn)]
    fn send_on(
        request: &JsValue,
        onward: Onward,
        url: &str,
        withheld: &str,
        field: &str,
        value: &str,
        timeout_ms: f64,
        has_work_behind: bool,
    ) -> JsValue;
}

/// What is sent on, for `worker.mjs`.
pub(super) fn of(
    request: &Rc<WorkerRequest>,
    mut exchange: Box<exchange::Onward<Platform>>,
) -> JsValue {
    let work = exchange.take_follow_up();
    let has_work_behind = work.is_some();
    if let Some(work) = work {
        request.wait_until(&promise::done(work));
    }
    let (url, withheld) = (exchange.url().to_owned(), exchange.withheld());
    let (field, value) = (exchange.api().header.clone(), exchange.authorization());
    let timeout_ms = number(exchange.api().first_byte_timeout.0);
    let exchange = Rc::new(RefCell::new(Some(exchange)));
    let onward = Onward { request: Rc::clone(request), exchange };
    let platform = &request.request;
    send_on(platform, onward, &url, &withheld, &field, &value, timeout_ms, has_work_behind)
}

/// A request that is sent on. `proxy.mjs` keeps it until the answer has ended.
#[wasm_bindgen]
pub struct Onward {
    request: Rc<WorkerRequest>,
    exchange: Rc<RefCell<Option<Box<exchange::Onward<Platform>>>>>,
}

#[wasm_bindgen]
impl Onward {
    /// The API has answered 401, with this `WWW-Authenticate`. Promises the value of the header for a
    /// repetition, or nothing, if there is to be none.
    pub fn rejected(&self, challenge: Option<String>, is_repeatable: bool) -> Promise {
        let shared = Rc::clone(&self.exchange);
        let replaced = promise::of(async move {
            let Some(mut exchange) = shared.take() else { return Ok(JsValue::UNDEFINED) };
            let is_repeated = exchange.rejected(challenge.as_deref()).await && is_repeatable;
            let value = is_repeated.then(|| exchange.repeated());
            shared.replace(Some(exchange));
            Ok(value.into())
        });
        // The token is replaced also if the caller goes away.
        self.request.wait_until(&replaced);
        replaced
    }

    /// The answer begins: see the core.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "that is how texts come from JavaScript")]
    pub fn answered(&self, status: u16, names: &str, connection: Option<String>) -> String {
        let mut exchange = self.exchange.borrow_mut();
        let exchange = exchange.as_mut();
        exchange
            .map(|exchange| exchange.answered(status, names, connection.as_deref()))
            .unwrap_or_default()
    }

    /// The answer has ended.
    pub fn ended(self, request_bytes: Option<f64>, response_bytes: Option<f64>, is_cut_off: bool) {
        let [request_bytes, response_bytes] = [request_bytes, response_bytes].map(whole);
        if let Some(exchange) = self.exchange.take() {
            exchange.ended(Ended { request_bytes, response_bytes, is_cut_off });
        }
    }

    /// The caller has gone away before the answer.
    pub fn abandoned(self) {
        if let Some(exchange) = self.exchange.take() {
            exchange.abandoned();
        }
    }

    /// The answer of the broker, where the API gives none.
    #[must_use]
    pub fn failed(self, is_timeout: bool) -> JsValue {
        let why = if is_timeout { NoAnswer::TimedOut } else { NoAnswer::Unreachable };
        let Some(exchange) = self.exchange.take() else { return JsValue::UNDEFINED };
        let answered = exchange.failed(why);
        response::of(&answered.reply, &answered.request_id)
    }
}

fn whole(bytes: Option<f64>) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    bytes.map(|bytes| bytes as u64)
}
