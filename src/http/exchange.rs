//! One request on its way to its reply and its log line. The steps have the same numbers as in
//! `docs/architecture.md`, and take a future only for I/O. The exchange
//!
//! 1. finds the route;
//! 2. parses the request: what the caller presents as its proof, and what it wants;
//! 3. recognizes the caller, at once or after I/O;
//! 4. counts the request against the client's rate limit, if there is one;
//! 5. finds the grant;
//! 6. looks into isolate memory;
//! 7. reads KV;
//! 8. calls the coordinator, or else the authorization server;
//! 9. makes the reply, with its CORS headers;
//! 10. writes the log line, after the work behind the response.

mod authentication;
mod call;
mod documents;
mod finish;
mod incoming;
mod onward;
mod pending;
mod plain_http;
mod preflight;
mod proxy;
mod revoke;

use std::pin::Pin;
use std::rc::Rc;

pub use call::call;
pub use incoming::Incoming;
pub use onward::{Ended, NoAnswer, Onward};
pub use pending::Pending;

use super::error::Dialect;
use super::form::Form;
use super::isolate::Isolate;
use super::managed_identity;
use super::ports::{HttpPorts, PlatformRequest, RateLimiter};
use super::proxy::ApiRequest;
use super::reply::Reply;
use super::revoke as revocation;
use super::route::{Route, path_and_query};
use super::token::{self, Granted, TokenRequest};
use crate::base::ports::{Clock, Entropy, Store, StoreError};
use crate::base::request_id::RequestId;
use crate::callers::ledger::ReservedAssertion;
use crate::callers::presented::{self, Presented};
use crate::callers::proofs::Caller;
use crate::callers::{Attempt, Recognition};
use crate::config::{Client, Config};
use crate::error::BrokerError;
use crate::log::Line;
use crate::tokens::broker::Served;

/// The state of a request, and what the platform does next.
pub enum Progress<P: HttpPorts> {
    /// The platform sends the reply.
    Done(Answered),
    /// The platform reads KV, and goes on with [`Pending::resume`].
    ReadStore(Box<Pending<P>>),
    /// The platform waits for the future.
    Later(Later),
    /// The platform sends the request on to an API.
    Onward(Box<Onward<P>>),
    /// The platform waits for the future, and then sends the request on.
    OnwardLater(OnwardLater<P>),
}

/// A future of a request with its reply.
pub type Later = Pin<Box<dyn Future<Output = Answered>>>;

/// A future of a request for an API, which is sent on, or answered by the broker itself.
pub type OnwardLater<P> = Pin<Box<dyn Future<Output = Result<Box<Onward<P>>, Answered>>>>;

/// A request with its reply.
pub struct Answered {
    /// What the caller gets.
    pub reply: Reply,
    /// `X-Request-Id`.
    pub request_id: RequestId,
    /// The work behind the response: a renewal or a KV write, then the log line.
    pub follow_up: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

/// One request.
pub(super) struct Exchange<P: HttpPorts> {
    pub(super) isolate: Rc<Isolate<P>>,
    pub(super) request: Rc<P::Request>,
    line: Line,
    /// The standard that errors of this route follow.
    dialect: Dialect,
    /// The client, once it is known.
    client: Option<Rc<Client>>,
    /// The client assertion that this request has reserved.
    assertion: Option<ReservedAssertion>,
}

/// Answers one request.
pub fn begin<P: HttpPorts>(
    isolate: &Rc<Isolate<P>>,
    request: &Rc<P::Request>,
    incoming: Incoming<'_>,
) -> Progress<P> {
    // 1
    let (path, query) = path_and_query(incoming.url);
    let base = isolate.base_path.as_ref();
    let route = base.map_or(Route::NotFound, |base| Route::below(base, &incoming.method, path));
    let Incoming { authorization, content_type, body, .. } = incoming;
    let given_id = incoming.request_id();
    let is_named = given_id.is_some();
    let request_id =
        given_id.unwrap_or_else(|| RequestId::from_random(isolate.broker.entropy.bytes()));
    let mut exchange = Exchange {
        isolate: Rc::clone(isolate),
        request: Rc::clone(request),
        line: Line::new(request_id, incoming.method, route.name()),
        dialect: match route {
            Route::ManagedIdentity => Dialect::ManagedIdentity,
            // Libraries read it before their first token request.
            Route::Metadata { .. } => Dialect::Msal,
            Route::Api { .. } => Dialect::Api,
            _ => Dialect::TokenEndpoint,
        },
        client: None,
        assertion: None,
    };
    let has_proof = route.takes_proof() || authorization.is_some();
    if exchange.is_in_the_clear(has_proof, incoming.url) {
        return exchange.refused_in_the_clear();
    }
    if base.is_none() {
        return exchange.failed(&BrokerError::Misconfigured);
    }
    // 2
    let identity = || request.identity();
    let form = || Form::new(content_type, body).map_err(BrokerError::from);
    match route {
        Route::Token => {
            let wanted = token::parse_query(query, authorization, identity);
            exchange.in_dialect(Dialect::Bearer).token(wanted)
        }
        Route::ManagedIdentity => {
            let wanted = managed_identity::parse_query(query, request.identity_header(), identity);
            exchange.token(wanted)
        }
        Route::TokenEndpoint { credential } => {
            let named = |id| {
                if !is_named {
                    exchange.line.request_id = id;
                }
            };
            let parsed = form().and_then(|form| {
                token::parse_form(credential, &form, authorization, named, identity)
            });
            exchange.token(parsed)
        }
        Route::Revoke => {
            let parsed =
                form().and_then(|form| revocation::parse_form(&form, authorization, identity));
            let bearer = authorization.is_some_and(presented::is_bearer);
            let dialect = if bearer { Dialect::Bearer } else { Dialect::TokenEndpoint };
            exchange.in_dialect(dialect).revoke(parsed)
        }
        Route::Health => exchange.plain("ok", Reply::ok()),
        Route::Ready => match isolate.config() {
            Ok(_) => exchange.plain("ok", Reply::ok()),
            Err(error) => exchange.failed(&error),
        },
        Route::Authorize => exchange.plain("unsupported_response_type", Reply::no_sign_in()),
        Route::Metadata { tenant, version } => exchange.metadata(incoming.url, tenant, version),
        Route::PublicKeys => exchange.public_keys(),
        Route::Api { name, path } => match exchange.requested_method() {
            Some(method) => exchange.preflight_to_api(method),
            None => exchange.proxy(|config| {
                let target = (name, path, query);
                ApiRequest::parse(config, target, incoming.url, authorization, &**request)
            }),
        },
        Route::MethodNotAllowed { allow, .. } => exchange.preflight_or_refusal(allow),
        Route::NotFound => exchange.plain("not_found", Reply::not_found()),
    }
}

impl<P: HttpPorts> Exchange<P> {
    fn in_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// A token request. A refusal and a hit take no future.
    fn token(mut self, request: Result<TokenRequest, BrokerError>) -> Progress<P> {
        let isolate = Rc::clone(&self.isolate);
        let at_token_endpoint = self.dialect == Dialect::TokenEndpoint;
        let request = request.map(|request| {
            let platform = &self.request;
            let is_library =
                || platform.is_msal() || (at_token_endpoint && platform.is_azure_sdk());
            request.of_keeper(|| self.dialect != Dialect::Call && is_library())
        });
        if at_token_endpoint && request.as_ref().is_ok_and(TokenRequest::is_of_keeper) {
            self.dialect = Dialect::Msal;
        }
        let (config, request) = match isolate.config().and_then(|config| Ok((config, request?))) {
            Ok(both) => both,
            Err(error) => return self.refused(error),
        };
        // If requests are counted (4), steps 3 to 8 need a future.
        let recognition = if isolate.client_limit.is_bound() {
            Recognition::NeedsIo
        } else {
            self.recognize(config, &request.presented)
        };
        let granted = match recognition {
            Recognition::Known(caller) => self.grant(config, &request, &caller),
            Recognition::Refused(error) => Err(error),
            Recognition::NeedsIo => return Progress::Later(Box::pin(self.token_later(request))),
        };
        match granted {
            Ok(granted) if granted.challenge.is_some() => {
                Progress::Later(Box::pin(self.find_later(granted)))
            }
            Ok(granted) => self.look_up(granted),
            Err(error) => self.refused(error),
        }
    }

    /// A token request of a caller that has a rate limit, or that only I/O can recognize.
    async fn token_later(mut self, request: TokenRequest) -> Answered {
        let obtained = self.obtain(request).await;
        let settled = self.settle(obtained.is_ok()).await;
        match settled.and(obtained) {
            Ok((granted, served)) => self.served(&granted, served),
            Err(error) => self.refused_later(error).await,
        }
    }

    /// 3
    fn recognize(&mut self, config: &Config, presented: &Presented) -> Recognition {
        let now = self.isolate.broker.clock.now();
        let attempt = Attempt { config, presented, now };
        self.isolate.callers.recognize(&attempt, &mut self.line)
    }

    /// 5
    fn grant(
        &mut self,
        config: &Config,
        request: &TokenRequest,
        caller: &Caller,
    ) -> Result<Granted, BrokerError> {
        self.client = Some(Rc::clone(&caller.client));
        request.granted(config, caller, &mut self.line)
    }

    /// 6
    fn look_up(self, granted: Granted) -> Progress<P> {
        let broker = Rc::clone(&self.isolate.broker);
        if let Some(served) = broker.recall(&granted.grant, granted.min_ttl) {
            return Progress::Done(self.served(&granted, served));
        }
        let pending = Pending { exchange: self, granted };
        if broker.kv.is_bound() {
            Progress::ReadStore(Box::new(pending))
        } else {
            pending.resume(Err(StoreError::Unbound))
        }
    }

    /// 3 to 8 in a future.
    async fn obtain(&mut self, request: TokenRequest) -> Result<(Granted, Served), BrokerError> {
        let isolate = Rc::clone(&self.isolate);
        let caller = self.authenticate(&request.presented).await?;
        let granted = self.grant(isolate.config()?, &request, &caller)?;
        let served = self.find(&granted).await?;
        Ok((granted, served))
    }

    /// 6, 7 and 8 in a future.
    async fn find(&mut self, granted: &Granted) -> Result<Served, BrokerError> {
        let broker = Rc::clone(&self.isolate.broker);
        let Granted { grant, min_ttl, challenge, .. } = granted;
        match challenge {
            Some(challenge) => broker.renewed(grant, challenge, *min_ttl, &mut self.line).await,
            None => broker.recall_or_obtain(grant, *min_ttl, &mut self.line).await,
        }
    }

    async fn find_later(mut self, granted: Granted) -> Answered {
        let served = self.find(&granted).await;
        self.obtained(&granted, served).await
    }

    async fn obtained(self, granted: &Granted, served: Result<Served, BrokerError>) -> Answered {
        match served {
            Ok(served) => self.served(granted, served),
            Err(error) => self.failed_later(&error).await,
        }
    }
}
