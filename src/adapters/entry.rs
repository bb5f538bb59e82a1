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
use worker::web_sys::{Headers, Request, Response, ResponseInit};
use worker::worker_sys::Context;

use super::body;
use super::isolate::Isolate;
use crate::broker::{Served, Then};
use crate::cache_status::CacheStatus;
use crate::config::{Config, Grant};
use crate::error::{BrokerError, RequestFault};
use crate::event::Event;
use crate::http::ask::{self, Asked};
use crate::http::reply::{HEADERS, Reply};
use crate::http::route::{Route, path_and_query};
use crate::http::wire_error::Dialect;
use crate::ports::{Entropy, EventSink};
use crate::request_id::RequestId;

/// Answers one request, with a `Response` or a promise of one. Never throws: an error of the
/// platform becomes a 500 without text.
#[wasm_bindgen]
pub fn fetch(request: Request, env: &Env, context: Context) -> JsValue {
    let isolate = Isolate::current(env);
    let url = request.url();
    let (path, query) = path_and_query(&url);
    let method = request.method();
    let route = Route::new(&method, path);
    let headers = request.headers();
    let event = Event::new(request_id(&isolate, &headers), method.clone(), route.name());
    let context = Rc::new(context);
    let exchange = Exchange { isolate, context: Rc::clone(&context), event };
    match route {
        Route::Token => exchange.token(query, header(&headers, "authorization").as_deref()),
        Route::TokenEndpoint { credential } => {
            let credential = credential.map(str::to_owned);
            promise(&context, exchange.token_endpoint(request, headers, credential))
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
    /// `GET /token`: a hit in isolate memory is answered without a promise.
    fn token(mut self, query: &str, authorization: Option<&str>) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        let asked = config(&isolate)
            .and_then(|config| ask::of_query(config, query, authorization, &mut self.event));
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => return self.failed(&error, Dialect::Bearer),
        };
        match isolate.broker.recall(&asked.grant, asked.min_ttl) {
            Some(served) => self.served(&asked.grant, served),
            None => promise(&Rc::clone(&self.context), self.obtained(asked, Dialect::Bearer)),
        }
    }

    /// The token endpoint. The body has to be awaited; after that a hit needs no other await.
    async fn token_endpoint(
        mut self,
        request: Request,
        headers: Headers,
        credential: Option<String>,
    ) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        match self.asked_by_form(&isolate, &request, &headers, credential.as_deref()).await {
            Ok(asked) => match isolate.broker.recall(&asked.grant, asked.min_ttl) {
                Some(served) => self.served(&asked.grant, served),
                None => self.obtained(asked, Dialect::TokenEndpoint).await,
            },
            Err(error) => self.failed(&error, Dialect::TokenEndpoint),
        }
    }

    async fn asked_by_form(
        &mut self,
        isolate: &Isolate,
        request: &Request,
        headers: &Headers,
        credential: Option<&str>,
    ) -> Result<Asked, BrokerError> {
        let config = config(isolate)?;
        if !ask::is_form(header(headers, "content-type").as_deref()) {
            return Err(RequestFault::ContentType.into());
        }
        let body = body::of_request(request, header(headers, "content-length")).await?;
        let authorization = header(headers, "authorization");
        ask::of_form(config, credential, &body, authorization.as_deref(), &mut self.event)
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
        response(reply, &self.event.request_id).map_or_else(|_| bare_500(), JsValue::from)
    }
}

fn config(isolate: &Isolate) -> Result<&Config, BrokerError> {
    isolate.config.as_ref().map_err(|_| BrokerError::Misconfigured)
}

fn request_id(isolate: &Isolate, headers: &Headers) -> RequestId {
    ["client-request-id", "x-request-id"]
        .iter()
        .find_map(|name| RequestId::parse(&header(headers, name)?))
        .unwrap_or_else(|| RequestId::from_random(isolate.broker.entropy.bytes()))
}

fn header(headers: &Headers, name: &str) -> Option<String> {
    headers.get(name).ok().flatten()
}

/// A promise that is kept even when the caller goes away meanwhile: the token is worth having, and
/// the request has its line in the log to write.
fn promise(context: &Context, response: impl Future<Output = JsValue> + 'static) -> JsValue {
    let promise = future_to_promise(async move { Ok(response.await) });
    // Without `waitUntil` it lasts as long as the caller does.
    let _ = context.wait_until(&promise);
    promise.into()
}

fn response(reply: &Reply, request_id: &RequestId) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in HEADERS {
        headers.set(name, value)?;
    }
    headers.set("X-Request-Id", request_id.as_str())?;
    for (name, value) in reply.headers() {
        headers.set(name, &value)?;
    }
    let init = ResponseInit::new();
    init.set_status(reply.status);
    init.set_headers(&headers);
    Response::new_with_opt_str_and_init(Some(&reply.body), &init)
}

fn bare_500() -> JsValue {
    let init = ResponseInit::new();
    init.set_status(500);
    Response::new_with_opt_str_and_init(None, &init).map_or(JsValue::UNDEFINED, JsValue::from)
}
