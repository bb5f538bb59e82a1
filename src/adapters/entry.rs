//! The Worker's handler.
//!
//! `fetch` is a plain export. It returns a `Response` at once if the request needs no I/O, above all
//! on a hit in isolate memory. `docs/adr/0003-plain-fetch-export.md` says why it is not
//! `#[event(fetch)]`.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use zeroize::Zeroizing;

use super::isolate::{self, Platform};
use super::request::{Context, WorkerRequest};
use super::{kv, promise, proxy, response, rpc};
use crate::http::exchange::{self, Answered, Incoming, Progress};
use crate::http::isolate::Isolate;

/// Answers one request: with a `Response`, a promise of one, or a `PendingRead` of `kv.mjs`. It
/// never throws: an error of the platform becomes a 500 without its text.
///
/// `worker.mjs` has taken the request apart. `body` is `None` if the method has no body, or if it
/// could not be read.
#[expect(clippy::too_many_arguments, reason = "one call costs less than one for each part")]
#[expect(clippy::needless_pass_by_value, reason = "that is how texts come from JavaScript")]
#[wasm_bindgen]
pub fn fetch(
    method: String,
    url: &str,
    authorization: Option<String>,
    client_request_id: Option<String>,
    x_request_id: Option<String>,
    content_type: Option<String>,
    body: Option<String>,
    request: JsValue,
    env: &Env,
    context: Context,
) -> JsValue {
    let isolate = isolate::current(env);
    if isolate.needs_secrets() {
        return begin_anew(env);
    }
    let request = Rc::new(WorkerRequest { request, context, is_call: false });
    let (authorization, body) = (authorization.map(Zeroizing::new), body.map(Zeroizing::new));
    let incoming = Incoming {
        method,
        url,
        authorization: authorization.as_ref().map(|text| text.as_str()),
        request_ids: [client_request_id.as_deref(), x_request_id.as_deref()],
        content_type: content_type.as_deref(),
        body: body.as_ref().map(|text| text.as_bytes()),
    };
    let progress = exchange::begin(&isolate, &request, incoming);
    deliver(isolate, request, progress)
}

/// In place of a `Response`: `worker.mjs` begins the request anew.
const BEGIN_ANEW: JsValue = JsValue::UNDEFINED;

/// Promises [`BEGIN_ANEW`], when the secrets have been read.
pub(super) fn begin_anew(env: &Env) -> JsValue {
    let ready = isolate::ready(env);
    promise::of(async move {
        ready.await;
        Ok(BEGIN_ANEW)
    })
    .into()
}

/// A half-done exchange. `worker.mjs` keeps it while it waits for KV.
#[wasm_bindgen]
pub struct Pending {
    isolate: Rc<Isolate<Platform>>,
    request: Rc<WorkerRequest>,
    exchange: Box<exchange::Pending<Platform>>,
}

#[wasm_bindgen]
impl Pending {
    /// Goes on with the value of KV, or with the word for the reason why there is none.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "that is how texts come from JavaScript")]
    pub fn resume(self, value: Option<Vec<u8>>, word: Option<String>) -> JsValue {
        let loaded = value.map_or_else(|| kv::from_word(word.as_deref()), |value| Ok(Some(value)));
        deliver(self.isolate, self.request, self.exchange.resume(loaded))
    }
}

pub(super) fn deliver(
    isolate: Rc<Isolate<Platform>>,
    request: Rc<WorkerRequest>,
    progress: Progress<Platform>,
) -> JsValue {
    match progress {
        Progress::Done(answered) => respond(&request, answered),
        Progress::ReadStore(exchange) => {
            let (namespace, name) = (exchange.store().value(), exchange.token_key().kv_name());
            kv::read(&namespace, &name, Pending { isolate, request, exchange }.into())
        }
        Progress::Later(answered) => {
            let waiting = Rc::clone(&request);
            let response = promise::of(async move {
                let answered = answered.await;
                if isolate.is_worth_another(&answered.reply) {
                    return Ok(BEGIN_ANEW);
                }
                Ok(respond(&waiting, answered))
            });
            // The token is of use, and the log line is written, also if the caller goes away.
            request.wait_until(&response);
            response.into()
        }
        Progress::Onward(onward) => proxy::of(&request, onward),
        Progress::OnwardLater(onward) => {
            let waiting = Rc::clone(&request);
            let promised = promise::of(async move {
                match onward.await {
                    Ok(onward) => Ok(proxy::of(&waiting, onward)),
                    Err(answered) if isolate.is_worth_another(&answered.reply) => Ok(BEGIN_ANEW),
                    Err(answered) => Ok(respond(&waiting, answered)),
                }
            });
            request.wait_until(&promised);
            promised.into()
        }
    }
}

fn respond(request: &WorkerRequest, answered: Answered) -> JsValue {
    let response = if request.is_call {
        rpc::of(&answered.reply)
    } else {
        response::of(&answered.reply, &answered.request_id)
    };
    if let Some(work) = answered.follow_up {
        request.wait_until(&promise::done(work));
    }
    response
}
