//! The Worker's handler.
//!
//! `fetch` is a plain export that returns a `Response` at once where no I/O is needed, above all
//! on a hit in isolate memory, and a promise otherwise. `docs/adr/0003-plain-fetch-export.md` says
//! why it is not `#[event(fetch)]`.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use zeroize::Zeroizing;

use super::caller::Context;
use super::exchange::{Exchange, Platform};
use super::isolate::Isolate;
use super::{caller, kv};
use crate::base::ports::Entropy;
use crate::base::request_id::RequestId;
use crate::callers::presented;
use crate::error::BrokerError;
use crate::http::error::Dialect;
use crate::http::form::Form;
use crate::http::reply::Reply;
use crate::http::revoke;
use crate::http::route::{Route, path_and_query};
use crate::http::token;
use crate::log::Event;

/// Answers one request, with a `Response` or a promise of one. Never throws: an error of the
/// platform becomes a 500 that says nothing about it.
///
/// Where KV has to be read first the answer is that read, and `worker.mjs` calls once more with
/// what it gave: `record`, or in a word (`kv.rs`) why there is none.
///
/// `worker.mjs` has taken the request apart. Where it has a body to be read, `body` is that, or
/// nothing where it could not be read.
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
    record: Option<Vec<u8>>,
    no_record: Option<String>,
) -> JsValue {
    let isolate = Isolate::current(env);
    let (path, query) = path_and_query(url);
    let route = Route::new(&method, path);
    let request_id = [client_request_id, x_request_id]
        .into_iter()
        .flatten()
        .find_map(|id| RequestId::parse(&id))
        .unwrap_or_else(|| RequestId::from_random(isolate.broker.entropy.bytes()));
    let asks_whether_it_may = method == "OPTIONS";
    let event = Event::new(request_id, method, route.name());
    let loaded = record.map(|record| Ok(Some(record)));
    let loaded = loaded.or_else(|| no_record.as_deref().map(kv::said));
    let platform = Rc::new(Platform { request, context });
    let exchange =
        Exchange { isolate, platform: Rc::clone(&platform), event, loaded, client: None };
    let ambient = || caller::ambient(&platform.request, &platform.context);
    let authorization = authorization.as_deref();
    match route {
        Route::Token => {
            let asked = token::of_query(query, authorization, ambient);
            exchange.answer(asked, Dialect::Bearer)
        }
        Route::TokenEndpoint { .. } | Route::Revoke => {
            let body = body.map(Zeroizing::new);
            let form = Form::new(content_type.as_deref(), body.as_deref().map(String::as_bytes));
            let form = form.map_err(BrokerError::from);
            if let Route::TokenEndpoint { credential } = route {
                let asked =
                    form.and_then(|form| token::of_form(credential, &form, authorization, ambient));
                exchange.answer(asked, Dialect::TokenEndpoint)
            } else {
                let request = form.and_then(|form| revoke::of_form(&form, authorization, ambient));
                let bearer = authorization.is_some_and(presented::is_bearer);
                let dialect = if bearer { Dialect::Bearer } else { Dialect::TokenEndpoint };
                exchange.revoke(request, dialect)
            }
        }
        Route::Health => exchange.plain("ok", Reply::ok()),
        Route::Ready => match exchange.isolate.config {
            Ok(_) => exchange.plain("ok", Reply::ok()),
            Err(_) => exchange.failed(&BrokerError::Misconfigured, Dialect::TokenEndpoint),
        },
        Route::MethodNotAllowed { allow } if asks_whether_it_may => exchange.preflight(allow),
        Route::MethodNotAllowed { allow } => {
            exchange.plain("method_not_allowed", Reply::method_not_allowed(allow))
        }
        Route::NotFound => exchange.plain("not_found", Reply::not_found()),
    }
}
