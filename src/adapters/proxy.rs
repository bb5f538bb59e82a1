//! Sends a request on to an API. `proxy.mjs` passes the bodies through, so that they never cross into the
//! wasm, and asks here what the core decides.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

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
        value: &JsValue,
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
    let (field, value) = (exchange.api().header.clone(), in_javascript(exchange.authorization()));
    let timeout_ms = number(exchange.api().first_byte_timeout.0);
    let exchange = Rc::new(RefCell::new(State::Here(exchange)));
    let onward = Onward { request: Rc::clone(request), exchange };
    let platform = &request.request;
    send_on(platform, onward, &url, &withheld, &field, &value, timeout_ms, has_work_behind)
}

thread_local! {
    /// The last value of an API's header, here and in JavaScript.
    static LAST: RefCell<(Zeroizing<String>, JsValue)> = RefCell::default();
}

/// `value` in JavaScript. A token is long, and nearly always the last one: it crosses once.
fn in_javascript(value: String) -> JsValue {
    let value = Zeroizing::new(value);
    LAST.with_borrow_mut(|last| {
        if last.0 != value {
            *last = (value.clone(), JsValue::from_str(&value));
        }
        last.1.clone()
    })
}

/// A request that is sent on. `proxy.mjs` keeps it until the answer has ended. What comes after its end changes
/// nothing.
#[wasm_bindgen]
pub struct Onward {
    request: Rc<WorkerRequest>,
    exchange: Rc<RefCell<State>>,
}

#[wasm_bindgen]
impl Onward {
    /// The API has answered 401, with this `WWW-Authenticate`. Promises the value of the header for a
    /// repetition, or nothing, if there is to be none.
    pub fn rejected(&self, challenge: Option<String>, repeatable: bool) -> Promise {
        let shared = Rc::clone(&self.exchange);
        let replaced = promise::of(async move {
            let Some(mut exchange) = shared.borrow_mut().lend() else {
                return Ok(JsValue::UNDEFINED);
            };
            let value = exchange.rejected(challenge.as_deref(), repeatable).await;
            shared.borrow_mut().give_back(exchange);
            Ok(value.into())
        });
        // The token is replaced also if the caller goes away.
        self.request.wait_until(&replaced);
        replaced
    }

    /// The answer begins: see the core.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "that is how texts come from JavaScript")]
    pub fn answered(&self, status: u16, names: &str, connection: Option<String>) -> Option<String> {
        match &mut *self.exchange.borrow_mut() {
            State::Here(exchange) => Some(exchange.answered(status, names, connection.as_deref())),
            _ => None,
        }
    }

    /// The answer begins, and its body is short: it is taken for passed. Else as `answered`.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "that is how texts come from JavaScript")]
    pub fn passed(
        self,
        status: u16,
        names: &str,
        connection: Option<String>,
        request_bytes: Option<f64>,
        response_bytes: f64,
    ) -> Option<String> {
        let mut exchange = self.take()?;
        let changes = exchange.answered(status, names, connection.as_deref());
        let [request_bytes, response_bytes] = [request_bytes, Some(response_bytes)].map(whole);
        exchange.ended(Ended { request_bytes, response_bytes, is_cut_off: false });
        Some(changes)
    }

    /// The answer has ended.
    pub fn ended(self, request_bytes: Option<f64>, response_bytes: Option<f64>, is_cut_off: bool) {
        let [request_bytes, response_bytes] = [request_bytes, response_bytes].map(whole);
        if let Some(exchange) = self.take() {
            exchange.ended(Ended { request_bytes, response_bytes, is_cut_off });
        }
    }

    /// The caller has gone away before the answer.
    pub fn abandoned(self, request_bytes: Option<f64>) {
        match self.exchange.replace(State::Over) {
            State::Here(exchange) => exchange.abandoned(whole(request_bytes)),
            State::Lent => drop(self.exchange.replace(State::Abandoned)),
            State::Abandoned | State::Over => {}
        }
    }

    /// The answer of the broker, where the API gives none: for the reason `timed_out`, `not_a_url`, or another.
    #[must_use]
    pub fn failed(self, reason: &str) -> JsValue {
        let why = match reason {
            "timed_out" => NoAnswer::TimedOut,
            "not_a_url" => NoAnswer::NotAUrl,
            _ => NoAnswer::Unreachable,
        };
        let Some(exchange) = self.take() else { return JsValue::UNDEFINED };
        let answered = exchange.failed(why);
        response::of(&answered.reply, &answered.request_id)
    }

    fn take(&self) -> Option<Box<exchange::Onward<Platform>>> {
        match self.exchange.replace(State::Over) {
            State::Here(exchange) => Some(exchange),
            _ => None,
        }
    }
}

/// Where the exchange is.
enum State {
    Here(Box<exchange::Onward<Platform>>),
    /// Its token is being replaced.
    Lent,
    /// The same, and the caller has gone away meanwhile.
    Abandoned,
    Over,
}

impl State {
    fn lend(&mut self) -> Option<Box<exchange::Onward<Platform>>> {
        match std::mem::replace(self, Self::Lent) {
            Self::Here(exchange) => Some(exchange),
            other => {
                *self = other;
                None
            }
        }
    }

    fn give_back(&mut self, exchange: Box<exchange::Onward<Platform>>) {
        match self {
            Self::Lent => *self = Self::Here(exchange),
            _ => exchange.abandoned(None),
        }
    }
}

fn whole(bytes: Option<f64>) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    bytes.map(|bytes| bytes as u64)
}
