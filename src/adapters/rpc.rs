//! Calls by RPC: what crosses is a text in each direction, which `rpc.mjs` makes of an argument, and makes a
//! result or an error of.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use zeroize::Zeroizing;

use super::entry::{begin_anew, deliver};
use super::isolate;
use super::request::{Context, WorkerRequest};
use crate::http::call::{Call, Method};
use crate::http::exchange;
use crate::http::reply::Reply;

#[wasm_bindgen(raw_module = "adapters/rpc.mjs")]
extern "C" {
    #[wasm_bindgen(js_name = resultOf)]
    fn result_of(json: &str) -> JsValue;
    #[wasm_bindgen(js_name = errorOf)]
    fn error_of(json: &str) -> JsValue;
}

/// Answers one call: with its result, an `Error` that is not thrown, a promise of one of these, or a
/// `PendingRead`. It never throws.
#[must_use]
#[wasm_bindgen]
pub fn call(
    is_revocation: bool,
    argument: String,
    client_id: Option<String>,
    request: JsValue,
    env: &Env,
    context: Context,
) -> JsValue {
    let isolate = isolate::current(env);
    if isolate.needs_secrets() {
        return begin_anew(env);
    }
    let argument = Zeroizing::new(argument);
    let method = if is_revocation { Method::Revoke } else { Method::GetToken };
    let call = Call { method, argument: &argument, client_id };
    let request = Rc::new(WorkerRequest { request, context, is_call: true });
    let progress = exchange::call(&isolate, &request, &call);
    deliver(isolate, request, progress)
}

/// What the caller gets of a reply.
pub(super) fn of(reply: &Reply) -> JsValue {
    if reply.status == 200 { result_of(&reply.body) } else { error_of(&reply.body) }
}
