//! One request on its way to its response and its line in the log.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::caller::Context;
use super::isolate::Isolate;
use super::{caller, js};
use crate::base::ports::{Clock, Loaded};
use crate::callers::Calling;
use crate::callers::presented::Proof;
use crate::callers::proofs::Caller;
use crate::callers::registry::Unread;
use crate::config::{Client, Config, Grant};
use crate::error::BrokerError;
use crate::http::error::Dialect;
use crate::http::reply::Reply;
use crate::http::revoke::RevocationRequest;
use crate::http::token::{Asked, TokenRequest};
use crate::log::Event;
use crate::log::EventSink;
use crate::tokens::broker::{Served, Then};
use crate::tokens::cache_status::CacheStatus;

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
        body: &[u8],
        request_id: &str,
        more: Vec<String>,
    ) -> Result<JsValue, JsValue>;
}

/// One request.
pub(super) struct Exchange {
    pub(super) isolate: Rc<Isolate>,
    pub(super) platform: Rc<Platform>,
    pub(super) event: Event,
    /// What KV has said, where it has been asked.
    pub(super) loaded: Option<Loaded>,
    /// Who calls, once that is known.
    pub(super) client: Option<Rc<Client>>,
}

/// What the platform has of a request.
pub(super) struct Platform {
    /// The `Request`. What is read from it more than it is needed costs.
    pub(super) request: JsValue,
    pub(super) context: Context,
}

impl Exchange {
    /// A refusal and a hit, in isolate memory or in what KV has said, are answered without a
    /// promise.
    pub(super) fn answer(
        mut self,
        request: Result<TokenRequest, BrokerError>,
        dialect: Dialect,
    ) -> JsValue {
        let request = match config(&self.isolate).and(request) {
            Ok(request) => request,
            Err(error) => return self.refused(error, dialect),
        };
        match self.asked_at_once(&request) {
            Ok(Ok(asked)) => self.hit(asked, dialect),
            Ok(Err(error)) => self.refused(error, dialect),
            Err(Unread) => promise(&Rc::clone(&self.platform), self.answer_later(request, dialect)),
        }
    }

    /// What is asked for, where it takes no I/O to know who calls.
    fn asked_at_once(
        &mut self,
        request: &TokenRequest,
    ) -> Result<Result<Asked, BrokerError>, Unread> {
        let isolate = Rc::clone(&self.isolate);
        let Ok(config) = &isolate.config else { return Ok(Err(BrokerError::Misconfigured)) };
        if isolate.client_limit.is_bound() {
            return Err(Unread);
        }
        let now = isolate.broker.clock.now();
        let calling = Calling { config, proof: &request.proof, now };
        let caller = isolate.callers.recognize(&calling, &mut self.event)?;
        Ok(caller.and_then(|caller| self.granted(config, request, &caller)))
    }

    /// The answer to a caller of whom it takes I/O to know who it is, or whether it is too fast.
    async fn answer_later(mut self, request: TokenRequest, dialect: Dialect) -> JsValue {
        match self.asked(&request).await {
            Ok(asked) => self.obtained(asked, dialect).await,
            Err(error) => self.refused_later(error, dialect).await,
        }
    }

    async fn asked(&mut self, request: &TokenRequest) -> Result<Asked, BrokerError> {
        let isolate = Rc::clone(&self.isolate);
        let caller = self.caller(&request.proof).await?;
        self.granted(config(&isolate)?, request, &caller)
    }

    /// Who calls, unless they are too fast.
    async fn caller(&mut self, proof: &Proof) -> Result<Caller, BrokerError> {
        let isolate = Rc::clone(&self.isolate);
        let now = isolate.broker.clock.now();
        let calling = Calling { config: config(&isolate)?, proof, now };
        let caller = match isolate.callers.recognize(&calling, &mut self.event) {
            Ok(caller) => caller?,
            Err(Unread) => isolate.callers.authenticate(&calling, &mut self.event).await?,
        };
        self.event.client_id = Some(caller.client.id.clone());
        if isolate.client_limit.admits(&caller.client.id).await {
            Ok(caller)
        } else {
            Err(BrokerError::SlowDown)
        }
    }

    /// The revocation endpoint.
    pub(super) fn revoke(
        self,
        request: Result<RevocationRequest, BrokerError>,
        dialect: Dialect,
    ) -> JsValue {
        match config(&self.isolate).and(request) {
            Ok(request) => promise(&Rc::clone(&self.platform), self.revoked(request, dialect)),
            Err(error) => self.refused(error, dialect),
        }
    }

    async fn revoked(mut self, request: RevocationRequest, dialect: Dialect) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        let rejected = match self.caller(&request.proof).await {
            Ok(caller) => {
                self.client = Some(Rc::clone(&caller.client));
                request.rejected(&caller, &mut self.event)
            }
            Err(error) => Err(error),
        };
        let revoked = match rejected {
            Ok(rejected) => isolate.broker.revoke(&rejected, &mut self.event).await,
            Err(error) => Err(error),
        };
        match revoked {
            Ok(revocation) => self.plain(revocation.name(), Reply::revoked()),
            Err(error) => self.refused_later(error, dialect).await,
        }
    }

    fn granted(
        &mut self,
        config: &Config,
        request: &TokenRequest,
        caller: &Caller,
    ) -> Result<Asked, BrokerError> {
        self.client = Some(Rc::clone(&caller.client));
        request.granted(config, caller, &mut self.event)
    }

    /// The answer from isolate memory or from what KV has said; else KV is asked, or where it has
    /// been, the coordinator.
    fn hit(mut self, asked: Asked, dialect: Dialect) -> JsValue {
        let Asked { grant, min_ttl } = &asked;
        let isolate = Rc::clone(&self.isolate);
        let Isolate { broker, .. } = &*isolate;
        let loaded = match self.loaded.take() {
            Some(loaded) => loaded,
            None => match broker.recall(grant, *min_ttl) {
                Some(served) => return self.served(grant, served),
                None => match broker.kv.reading(&grant.token_key) {
                    Ok(reading) => return reading,
                    Err(unbound) => Err(unbound),
                },
            },
        };
        match broker.unseal(grant, *min_ttl, loaded, &mut self.event) {
            Some(served) => self.served(grant, served),
            None => promise(&Rc::clone(&self.platform), self.ask(asked, dialect)),
        }
    }

    async fn ask(mut self, asked: Asked, dialect: Dialect) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        let Asked { grant, min_ttl } = asked;
        match isolate.broker.ask(&grant, min_ttl, &mut self.event).await {
            Ok(served) => self.served(&grant, served),
            Err(error) => self.failed(&error, dialect),
        }
    }

    async fn obtained(mut self, asked: Asked, dialect: Dialect) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        let Asked { grant, min_ttl } = asked;
        if let Some(served) = isolate.broker.recall(&grant, min_ttl) {
            return self.served(&grant, served);
        }
        match isolate.broker.obtain(&grant, min_ttl, &mut self.event).await {
            Ok(served) => self.served(&grant, served),
            Err(error) => self.failed(&error, dialect),
        }
    }

    fn served(mut self, grant: &Rc<Grant>, served: Served) -> JsValue {
        let response = self.response(Reply::token(&served));
        let (outcome, tier) = match served.cache_status {
            CacheStatus::Hit { tier, .. } => ("hit", tier.name()),
            CacheStatus::StaleIfError { .. } => ("stale_if_error", "coordinator"),
            CacheStatus::Forwarded { collapsed: true, .. } => ("collapsed", "upstream"),
            CacheStatus::Forwarded { collapsed: false, .. } => ("miss", "upstream"),
        };
        (self.event.outcome, self.event.tier) = (outcome, Some(tier));
        match served.then {
            Then::Done => self.log(),
            Then::Renew | Then::Touch | Then::Store => self.behind(Rc::clone(grant), served),
        }
        response
    }

    /// What is done while the response is on its way; the log line waits for how that went.
    fn behind(mut self, grant: Rc<Grant>, served: Served) {
        let platform = Rc::clone(&self.platform);
        let work = js::done(async move {
            let isolate = Rc::clone(&self.isolate);
            let (broker, event) = (&isolate.broker, &mut self.event);
            match served.then {
                Then::Renew => broker.renew(&grant, event).await,
                Then::Touch => broker.touch(&grant, event).await,
                Then::Store => broker.write_behind(&grant, &served.token, event).await,
                Then::Done => {}
            }
            self.log();
        });
        // Without `waitUntil` it still runs, if only while the request does.
        let _ = platform.context.wait_until(&work);
    }

    /// As [`Self::failed`]; where failed authentication is counted, once that is done.
    fn refused(self, error: BrokerError, dialect: Dialect) -> JsValue {
        if self.isolate.failure_limit.is_bound() && error.is_failed_authentication() {
            let platform = Rc::clone(&self.platform);
            return promise(&platform, self.refused_later(error, dialect));
        }
        self.failed(&error, dialect)
    }

    async fn refused_later(self, error: BrokerError, dialect: Dialect) -> JsValue {
        let limit = &self.isolate.failure_limit;
        let counted = error.is_failed_authentication();
        let network = caller::network(&self.platform.request).filter(|_| counted);
        let admitted = match network {
            Some(network) => limit.admits(&network).await,
            None => true,
        };
        let error = if admitted { error } else { BrokerError::SlowDown };
        self.failed(&error, dialect)
    }

    pub(super) fn failed(mut self, error: &BrokerError, dialect: Dialect) -> JsValue {
        self.event.failed(error);
        if let (BrokerError::Misconfigured, Err(faults)) = (error, &self.isolate.config) {
            self.event.faults = faults.iter().map(ToString::to_string).collect();
        }
        self.logged(Reply::error(error, dialect))
    }

    pub(super) fn plain(mut self, outcome: &'static str, reply: Reply) -> JsValue {
        self.event.outcome = outcome;
        self.logged(reply)
    }

    /// Answers the question of a browser whether a page may ask; else there is no such method.
    pub(super) fn preflight(self, allow: &'static str) -> JsValue {
        let Some(origin) = caller::origin(&self.platform.request) else {
            return self.plain("method_not_allowed", Reply::method_not_allowed(allow));
        };
        promise(&Rc::clone(&self.platform), self.preflight_of(origin, allow))
    }

    async fn preflight_of(self, origin: String, allow: &'static str) -> JsValue {
        let isolate = Rc::clone(&self.isolate);
        let listed = match &isolate.config {
            Ok(config) => {
                isolate.callers.lists_origin(config, &origin, isolate.broker.clock.now()).await
            }
            Err(_) => false,
        };
        if !listed {
            return self.plain("method_not_allowed", Reply::method_not_allowed(allow));
        }
        self.plain("preflight", Reply::preflight(origin))
    }

    fn logged(mut self, reply: Reply) -> JsValue {
        let response = self.response(reply);
        self.log();
        response
    }

    fn log(mut self) {
        let Self { isolate, platform, event, .. } = &mut self;
        if isolate.log.writes(event) {
            event.address = caller::address(&platform.request);
        }
        isolate.log.record(event);
    }

    fn response(&mut self, mut reply: Reply) -> JsValue {
        self.event.status = reply.status;
        reply.origin = reply.origin.or_else(|| self.allowed_origin());
        let request_id = self.event.request_id.as_str();
        let response = match &reply.cache_status {
            Some(cache_status) if reply.origin.is_none() => {
                token_response(reply.body.as_bytes(), request_id, cache_status)
            }
            _ => {
                let more = reply.headers().collect();
                other_response(reply.status, reply.body.as_bytes(), request_id, more)
            }
        };
        response.unwrap_or_else(|_| internal_error())
    }

    /// The origin that asks, where the client lists it; before it is known who calls, where any
    /// client does, so that a page can tell a wrong token from a broken network.
    fn allowed_origin(&self) -> Option<String> {
        let config = self.isolate.config.as_ref().ok()?;
        match &self.client {
            Some(client) if client.origins.is_empty() => None,
            Some(client) => {
                caller::origin(&self.platform.request).filter(|origin| client.has_origin(origin))
            }
            None if !config.has_origins => None,
            None => {
                caller::origin(&self.platform.request).filter(|origin| config.lists_origin(origin))
            }
        }
    }
}

fn config(isolate: &Isolate) -> Result<&Config, BrokerError> {
    isolate.config.as_ref().map_err(|_| BrokerError::Misconfigured)
}

/// A promise that is kept even when the caller goes away meanwhile: the token is worth having, and
/// the request has its line in the log to write.
fn promise(platform: &Platform, response: impl Future<Output = JsValue> + 'static) -> JsValue {
    let promise = js::promise(async move { Ok(response.await) });
    // Without `waitUntil` it lasts as long as the caller does.
    let _ = platform.context.wait_until(&promise);
    promise.into()
}
