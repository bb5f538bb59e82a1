//! The Worker's handler.
//!
//! `fetch` is a plain export that returns a `Response` at once where no I/O is needed, above all
//! on a hit in isolate memory, and a promise otherwise. `docs/adr/0003-plain-fetch-export.md` says
//! why it is not `#[event(fetch)]`.

use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::future_to_promise;
use worker::worker_sys::Context;
use zeroize::Zeroizing;

use super::isolate::Isolate;
use crate::broker::{Rejected, Served, Then};
use crate::cache_status::CacheStatus;
use crate::config::{Config, Grant};
use crate::error::{BrokerError, RequestFault};
use crate::event::Event;
use crate::http::ask::{self, Asked, Form};
use crate::http::reply::Reply;
use crate::http::revoke;
use crate::http::route::{Route, path_and_query};
use crate::http::wire_error::Dialect;
use crate::ports::{Entropy, EventSink};
use crate::request_id::RequestId;

#[wasm_bindgen(raw_module = "adapters/response.mjs")]
extern "C" {
    #[wasm_bindgen(catch, js_name = tokenResponse)]
    fn token_response(
        body: &[u8],
        request_id: &str,
        cache_status: &str,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = internalError)]
    fn internal_error() -> JsValue;

    #[wasm_bindgen(catch, js_name = otherResponse)]
    fn other_response(
        status: u16,
        body: &str,
        request_id: &str,
        more: Vec<String>,
    ) -> Result<JsValue, JsValue>;
}

/// Answers one request, with a `Response` or a promise of one. Never throws: an error of the
/// platform becomes a 500 that says nothing about it.
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
    env: &Env,
    context: Context,
) -> JsValue {
    let isolate = Isolate::current(env);
    let (path, query) = path_and_query(url);
    let route = Route::new(&method, path);
    let request_id = [client_request_id, x_request_id]
        .into_iter()
        .flatten()
        .find_map(|id| RequestId::parse(&id))
        .unwrap_or_else(|| RequestId::from_random(isolate.broker.entropy.bytes()));
    let event = Event::new(request_id, method, route.name());
    let exchange = Exchange { isolate, context: Rc::new(context), event };
    let authorization = authorization.as_deref();
    match route {
        Route::Token => exchange.token(query, authorization),
        Route::TokenEndpoint { .. } | Route::Revoke => {
            let body = body.map(Zeroizing::new);
            let form = Form::new(content_type.as_deref(), body.as_deref().map(String::as_bytes));
            match route {
                Route::TokenEndpoint { credential } => {
                    exchange.token_endpoint(form, authorization, credential)
                }
                _ => exchange.revoke(form, authorization),
            }
        }
        Route::Health => exchange.plain("ok", &Reply::ok()),
        Route::Ready => match exchange.isolate.config {
            Ok(_) => exchange.plain("ok", &Reply::ok()),
            Err(_) => exchange.failed(&BrokerError::Misconfigured, Dialect::TokenEndpoint),
        },
        Route::MethodNotAllowed { allow } => {
            exchange.plain("method_not_allowed", &Reply::method_not_allowed(allow))
        }
        Route::NotFound => exchange.plain("not_found", &Reply::not_found()),
    }
}

/// One request on its way to its response and its line in the log.
struct Exchange {
    isolate: Rc<Isolate>,
    context: Rc<Context>,
    event: Event,
}

impl Exchange {
    /// `GET /token`.
    fn token(mut self, query: &str, authorization: Option<&str>) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        let asked = config(&isolate)
            .and_then(|config| ask::of_query(config, query, authorization, &mut self.event));
        self.answer(asked, Dialect::Bearer)
    }

    /// The token endpoint.
    fn token_endpoint(
        mut self,
        form: Result<Form<'_>, RequestFault>,
        authorization: Option<&str>,
        credential: Option<&str>,
    ) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        let asked = config(&isolate).and_then(|config| {
            ask::of_form(config, credential, &form?, authorization, &mut self.event)
        });
        self.answer(asked, Dialect::TokenEndpoint)
    }

    /// The revocation endpoint.
    fn revoke(
        mut self,
        form: Result<Form<'_>, RequestFault>,
        authorization: Option<&str>,
    ) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        let rejected = config(&isolate)
            .and_then(|config| revoke::of_form(config, &form?, authorization, &mut self.event));
        match rejected {
            Ok(rejected) => promise(&Rc::clone(&self.context), self.revoked(rejected)),
            Err(error) => self.failed(&error, Dialect::TokenEndpoint),
        }
    }

    async fn revoked(mut self, rejected: Rejected) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        match isolate.broker.revoke(&rejected, &mut self.event).await {
            Ok(revocation) => self.plain(revocation.name(), &Reply::revoked()),
            Err(error) => self.failed(&error, Dialect::TokenEndpoint),
        }
    }

    /// A hit in isolate memory and a refusal are answered without a promise.
    fn answer(self, asked: Result<Asked, BrokerError>, dialect: Dialect) -> JsValue {
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => return self.failed(&error, dialect),
        };
        match self.isolate.broker.recall(&asked.grant, asked.min_ttl) {
            Some(served) => self.served(&asked.grant, served),
            None => promise(&Rc::clone(&self.context), self.obtained(asked, dialect)),
        }
    }

    async fn obtained(mut self, asked: Asked, dialect: Dialect) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        let Asked { grant, min_ttl } = asked;
        match isolate.broker.obtain(&grant, min_ttl, &mut self.event).await {
            Ok(served) => self.served(&grant, served),
            Err(error) => self.failed(&error, dialect),
        }
    }

    fn served(mut self, grant: &Rc<Grant>, served: Served) -> JsValue {
        let response = self.response(&Reply::token(&served));
        let (outcome, tier) = match served.cache_status {
            CacheStatus::Hit { tier, .. } => ("hit", tier.name()),
            CacheStatus::StaleIfError { .. } => ("stale_if_error", "coordinator"),
            CacheStatus::Forwarded { collapsed: true, .. } => ("collapsed", "upstream"),
            CacheStatus::Forwarded { collapsed: false, .. } => ("miss", "upstream"),
        };
        (self.event.outcome, self.event.tier) = (outcome, Some(tier));
        match served.then {
            Then::Done => self.isolate.log.record(&self.event),
            Then::Renew | Then::Touch | Then::Store => self.behind(Rc::clone(grant), served),
        }
        response
    }

    /// What is done while the response is on its way; the log line waits for how that went.
    fn behind(self, grant: Rc<Grant>, served: Served) {
        let Self { isolate, context, mut event } = self;
        let work = future_to_promise(async move {
            let broker = &isolate.broker;
            match served.then {
                Then::Renew => broker.renew(&grant, &mut event).await,
                Then::Touch => broker.touch(&grant, &mut event).await,
                Then::Store => broker.write_behind(&grant, &served.token, &mut event).await,
                Then::Done => {}
            }
            isolate.log.record(&event);
            Ok(JsValue::UNDEFINED)
        });
        // Without `waitUntil` it still runs, if only while the request does.
        let _ = context.wait_until(&work);
    }

    fn failed(mut self, error: &BrokerError, dialect: Dialect) -> JsValue {
        self.event.failed(error);
        if let (BrokerError::Misconfigured, Err(faults)) = (error, &self.isolate.config) {
            self.event.faults = faults.iter().map(ToString::to_string).collect();
        }
        self.logged(&Reply::error(error, dialect))
    }

    fn plain(mut self, outcome: &'static str, reply: &Reply) -> JsValue {
        self.event.outcome = outcome;
        self.logged(reply)
    }

    fn logged(mut self, reply: &Reply) -> JsValue {
        let response = self.response(reply);
        self.isolate.log.record(&self.event);
        response
    }

    fn response(&mut self, reply: &Reply) -> JsValue {
        self.event.status = reply.status;
        response(reply, &self.event.request_id).unwrap_or_else(|_| internal_error())
    }
}

fn config(isolate: &Isolate) -> Result<&Config, BrokerError> {
    isolate.config.as_ref().map_err(|_| BrokerError::Misconfigured)
}

/// A promise that is kept even when the caller goes away meanwhile: the token is worth having, and
/// the request has its line in the log to write.
fn promise(context: &Context, response: impl Future<Output = JsValue> + 'static) -> JsValue {
    let promise = future_to_promise(async move { Ok(response.await) });
    // Without `waitUntil` it lasts as long as the caller does.
    let _ = context.wait_until(&promise);
    promise.into()
}

fn response(reply: &Reply, request_id: &RequestId) -> Result<JsValue, JsValue> {
    let request_id = request_id.as_str();
    match &reply.cache_status {
        Some(cache_status) => token_response(reply.body.as_bytes(), request_id, cache_status),
        None => other_response(reply.status, &reply.body, request_id, reply.headers().collect()),
    }
}
