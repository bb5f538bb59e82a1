//! A request that is sent on to an API, and what becomes of it: 9 and 10 of a proxied request.
//!
//! The platform sends the request and passes the answer on, without reading either. It asks here what to
//! send, what to do after a 401, what to leave out, and says at the end what has passed.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use super::{Answered, Exchange};
use crate::base::ports::Clock;
use crate::base::time::{Millis, UnixMillis};
use crate::config::Api;
use crate::error::BrokerError;
use crate::http::cors;
use crate::http::fields;
use crate::http::ports::{HttpPorts, PlatformRequest};
use crate::http::proxy::Permitted;
use crate::http::reply::{EXPOSED, Reply};
use crate::log::Line;
use crate::oauth::challenge::claims_of;
use crate::oauth::claims::RequestedClaims;
use crate::tokens::broker::{FollowUp, Served};
use crate::tokens::cache_status::CacheStatus;
use crate::tokens::token::CachedToken;

/// A request on its way to an API.
pub struct Onward<P: HttpPorts> {
    exchange: Exchange<P>,
    permitted: Permitted,
    token: CachedToken,
    sent_at: UnixMillis,
    /// The origin whose pages may read the answer.
    reader: Option<String>,
    behind: Rc<RefCell<Behind<P>>>,
    follow_up: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

/// The work behind the answer, beside the answer. What ends later writes the line of the log.
enum Behind<P: HttpPorts> {
    Nothing,
    UnderWay,
    /// It has ended, with this line.
    Done(Box<Line>),
    /// The answer has ended.
    Awaited(Box<Exchange<P>>),
}

/// Why an API has given no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoAnswer {
    /// Not within [`Api::first_byte_timeout`].
    TimedOut,
    /// There is no connection, or it broke.
    Unreachable,
    /// The platform takes the URL for none, or for another one.
    NotAUrl,
}

/// How a request has ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Ended {
    /// The length of the request's body, if it is known.
    pub request_bytes: Option<u64>,
    /// The length of the answer's body, if it is known.
    pub response_bytes: Option<u64>,
    /// The answer, or the request, was cut off.
    pub is_cut_off: bool,
}

impl<P: HttpPorts> Onward<P> {
    pub(super) fn new(
        mut exchange: Exchange<P>,
        permitted: Permitted,
        served: Served,
    ) -> Box<Self> {
        let reader =
            cors::reader_of_token(exchange.client.as_deref(), || exchange.request.origin());
        let Served { token, cache_status, at, follow_up } = served;
        exchange.line.tier = Some(cache_status.tier_name());
        let behind = Rc::new(RefCell::new(Behind::Nothing));
        let mut onward =
            Self { exchange, permitted, token, sent_at: at, reader, behind, follow_up: None };
        if follow_up != FollowUp::Nothing {
            onward.follow_up = Some(onward.work_behind(cache_status, follow_up));
        }
        Box::new(onward)
    }

    /// The absolute URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.permitted.target.url()
    }

    /// The API.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.permitted.api
    }

    /// The value of the API's header.
    #[must_use]
    pub fn authorization(&self) -> String {
        [&self.api().prefix, self.token.access_token.expose()].concat()
    }

    /// The names of the request's headers that are not sent on, one a line.
    #[must_use]
    pub fn withheld(&self) -> String {
        let names = self.permitted.names.as_str();
        let value_of = |name: &str| {
            let is_there = names.lines().any(|known| known == name);
            is_there.then(|| self.exchange.request.header(name)).flatten()
        };
        let is_websocket =
            value_of("upgrade").is_some_and(|value| value.trim().eq_ignore_ascii_case("websocket"));
        fields::stripped_from_request(names, value_of("connection").as_deref(), is_websocket)
            .join("\n")
    }

    /// The work behind the answer. It runs beside the request.
    pub fn take_follow_up(&mut self) -> Option<Pin<Box<dyn Future<Output = ()>>>> {
        self.follow_up.take()
    }

    /// The API has answered 401: the token is replaced, with the claims of the `challenge`
    /// (`WWW-Authenticate`), within the limits of `POST /revoke`. Returns the value of the API's header with
    /// which the request is sent once more. It is sent twice at most, and once if it is not `repeatable`.
    pub fn rejected(
        &mut self,
        challenge: Option<&str>,
        repeatable: bool,
    ) -> Pin<Box<dyn Future<Output = Option<String>> + '_>> {
        let claims = challenge.and_then(claims_of);
        // Claims that cannot go upstream are no reason to keep the rejected token.
        let claims = claims.and_then(|claims| RequestedClaims::parse(&claims).ok()?.challenge);
        Box::pin(async move {
            let Exchange { isolate, line, .. } = &mut self.exchange;
            let (grant, broker) = (&self.permitted.api.grant, Rc::clone(&isolate.broker));
            match broker.in_place_of(grant, &self.token, claims.as_ref(), line).await {
                Ok((other, revocation)) => {
                    line.renewal = Some(revocation.name());
                    self.token = other?;
                }
                Err(error) => {
                    line.renewal_failed(error.name());
                    return None;
                }
            }
            let repeats = repeatable && !std::mem::replace(&mut line.api.is_repeated, repeatable);
            self.sent_at = broker.clock.now();
            repeats.then(|| self.authorization())
        })
    }

    /// The answer begins. `names` are those of its headers, one a line, `connection` is its `Connection`.
    /// Returns what is done to them, one a line: the name of a header to leave out; or name and value of one to
    /// add, with a tab between them.
    pub fn answered(&mut self, status: u16, names: &str, connection: Option<&str>) -> String {
        let Exchange { isolate, line, .. } = &mut self.exchange;
        (line.status, line.outcome) = (status, "passed");
        let Millis(ms) = self.sent_at.until(isolate.broker.clock.now());
        line.api.first_byte_ms = Some(ms);
        let withheld = fields::stripped_from_answer(names, connection);
        let mut changes = withheld.join("\n");
        let mut add = |name: &str, value: &str| changes.extend(["\n", name, "\t", value]);
        if names.lines().all(|name| name != "x-request-id") {
            add("X-Request-Id", line.request_id.as_str());
        }
        if self.permitted.is_ambient {
            // A page of the API must not run as one of the broker, where the browser adds the proof.
            add("Content-Security-Policy", "sandbox");
        }
        if let Some(reader) = &self.reader {
            let passed = names.lines().filter(|name| !withheld.contains(name));
            let exposed =
                passed.fold(EXPOSED.to_owned(), |list, name| [&list, ", ", name].concat());
            add("Access-Control-Allow-Origin", reader);
            add("Access-Control-Allow-Credentials", "true");
            add("Access-Control-Expose-Headers", &exposed);
            add("Vary", "Origin");
        }
        changes
    }

    /// All has ended after an answer of the API.
    pub fn ended(mut self, ended: Ended) {
        if ended.is_cut_off {
            self.exchange.line.outcome = "cut_off";
        }
        let api = &mut self.exchange.line.api;
        (api.request_bytes, api.response_bytes) = (ended.request_bytes, ended.response_bytes);
        self.log();
    }

    /// The caller has gone away before the answer.
    pub fn abandoned(mut self, request_bytes: Option<u64>) {
        self.exchange.line.outcome = "caller_gone";
        self.exchange.line.api.request_bytes = request_bytes;
        self.log();
    }

    /// The broker's answer in place of the API's.
    #[must_use]
    pub fn failed(mut self, why: NoAnswer) -> Answered {
        let error = match why {
            NoAnswer::TimedOut => BrokerError::ApiTimedOut,
            NoAnswer::Unreachable => BrokerError::ApiUnreachable,
            NoAnswer::NotAUrl => {
                let fault = format!("APIS.{}.base: is no URL to the platform", self.api().name);
                self.exchange.line.found_faults(vec![fault]);
                BrokerError::Misconfigured
            }
        };
        let reply = self.exchange.failure(&error);
        self.exchange.line.status = reply.status;
        let (reader, request_id) = (self.reader.take(), self.exchange.line.request_id.clone());
        self.log();
        let reply = Reply { origin: reader, takes_credentials: true, ..reply };
        Answered { reply, request_id, follow_up: None }
    }

    /// Renews the token, or keeps it, beside the request.
    fn work_behind(
        &self,
        cache_status: CacheStatus,
        follow_up: FollowUp,
    ) -> Pin<Box<dyn Future<Output = ()>>> {
        let Exchange { isolate, line, .. } = &self.exchange;
        let (isolate, behind) = (Rc::clone(isolate), Rc::clone(&self.behind));
        let mut own = Line::new(line.request_id.clone(), line.method.clone(), line.route);
        let api = Rc::clone(&self.permitted.api);
        let served =
            Served { token: self.token.clone(), cache_status, at: self.sent_at, follow_up };
        behind.replace(Behind::UnderWay);
        Box::pin(async move {
            isolate.broker.follow_up(&api.grant, &served, &mut own).await;
            match behind.replace(Behind::Nothing) {
                Behind::Awaited(mut exchange) => {
                    exchange.line.absorb(own);
                    exchange.log();
                }
                _ => drop(behind.replace(Behind::Done(Box::new(own)))),
            }
        })
    }

    /// 10, after the work behind the answer.
    fn log(self) {
        let Self { mut exchange, behind, .. } = self;
        match behind.replace(Behind::Nothing) {
            Behind::UnderWay => drop(behind.replace(Behind::Awaited(Box::new(exchange)))),
            Behind::Done(own) => {
                exchange.line.absorb(*own);
                exchange.log();
            }
            _ => exchange.log(),
        }
    }
}
