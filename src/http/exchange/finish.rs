//! The end of an exchange: its reply (9) and its line in the log (10).

use std::future::ready;
use std::rc::Rc;

use super::super::token::Granted;
use super::{Answered, Exchange, Later, Progress};
use crate::config::Grant;
use crate::error::{BrokerError, Limit};
use crate::http::address;
use crate::http::cors;
use crate::http::error::Dialect;
use crate::http::ports::{HttpPorts, PlatformRequest, RateLimiter};
use crate::http::reply::Reply;
use crate::tokens::broker::{FollowUp, Served};
use crate::tokens::cache_status::{CacheStatus, own_answer};

/// What failed calls by RPC count for. They have no address.
const CALLS: &str = "service binding";

impl<P: HttpPorts> Exchange<P> {
    /// A token.
    pub(super) fn served(mut self, granted: &Granted, served: Served) -> Answered {
        let origin = cors::reader_of_token(self.client.as_deref(), || self.request.origin());
        let reply = Reply { origin, ..granted.reply(&served) };
        self.line.status = reply.status;
        self.line.tier = Some(served.cache_status.tier_name());
        self.line.outcome = match served.cache_status {
            CacheStatus::Hit { .. } => "hit",
            CacheStatus::StaleIfError { .. } => "stale_if_error",
            CacheStatus::Forwarded { collapsed: true, .. } => "collapsed",
            CacheStatus::Forwarded { collapsed: false, .. } => "miss",
        };
        if served.follow_up == FollowUp::Nothing {
            return self.logged(reply);
        }
        let request_id = self.line.request_id.clone();
        let follow_up = Box::pin(self.follow_up(Rc::clone(&granted.grant), served));
        Answered { reply, request_id, follow_up: Some(follow_up) }
    }

    /// The work behind the response. The log line comes after it and has its result.
    async fn follow_up(mut self, grant: Rc<Grant>, served: Served) {
        let broker = Rc::clone(&self.isolate.broker);
        broker.follow_up(&grant, &served, &mut self.line).await;
        self.log();
    }

    /// A refusal. If failed authentication has a rate limit, the exchange counts it first.
    pub(super) fn refused(self, error: BrokerError) -> Progress<P> {
        if self.isolate.failure_limit.is_bound() && error.is_failed_authentication() {
            return Progress::Later(Box::pin(self.refused_later(error)));
        }
        self.failed(&error)
    }

    pub(super) async fn refused_later(self, error: BrokerError) -> Answered {
        let counted = error.is_failed_authentication();
        let network = match self.dialect {
            Dialect::Call => Some(CALLS.to_owned()),
            _ => self.address().map(address::network_of),
        };
        let admitted = match network.filter(|_| counted) {
            Some(network) => self.isolate.failure_limit.admits(&network).await,
            None => true,
        };
        let slow_down = BrokerError::SlowDown(Limit::FailedAuthentication);
        let error = if admitted { error } else { slow_down };
        self.failed_later(&error).await
    }

    /// An error.
    pub(super) fn failed(mut self, error: &BrokerError) -> Progress<P> {
        let reply = self.failure(error);
        self.answered(reply)
    }

    /// The same in a future that runs already.
    pub(super) fn failed_later(mut self, error: &BrokerError) -> Later {
        let reply = self.failure(error);
        if *error == BrokerError::RegistryUnavailable {
            // It was out of reach a moment ago. The caller does not wait for it a second time.
            let reader = cors::reader(&self.isolate, &self.request).unwrap_or_else(Some);
            return Box::pin(ready(self.read_by(reader, reply)));
        }
        self.answered_later(reply)
    }

    /// The reply to an error, which goes to the log line.
    pub(super) fn failure(&mut self, error: &BrokerError) -> Reply {
        self.line.failed(error);
        if *error == BrokerError::Misconfigured {
            self.isolate.list_faults(&mut self.line);
        } else if *error == BrokerError::SecretsUnavailable {
            self.line.upstream.secrets_unread = Some(self.isolate.broker.servers.secrets.unread());
        }
        let cache_status = (self.dialect == Dialect::Api).then(|| own_answer(self.line.outcome));
        let reply = Reply::error(error, self.dialect, &self.line.request_id);
        Reply { cache_status, ..reply }
    }

    /// A reply that is neither a token nor an error of a token route.
    pub(super) fn plain(mut self, outcome: &'static str, reply: Reply) -> Progress<P> {
        self.line.outcome = outcome;
        self.answered(reply)
    }

    /// The same in a future that runs already.
    pub(super) fn plain_later(mut self, outcome: &'static str, reply: Reply) -> Later {
        self.line.outcome = outcome;
        self.answered_later(reply)
    }

    /// 9, without a token. If only the registry knows whether the page may read the reply, it takes a
    /// future.
    fn answered(self, reply: Reply) -> Progress<P> {
        match cors::reader(&self.isolate, &self.request) {
            Ok(reader) => Progress::Done(self.read_by(reader, reply)),
            Err(_) => Progress::Later(self.answered_later(reply)),
        }
    }

    fn answered_later(mut self, reply: Reply) -> Later {
        Box::pin(async move {
            let reader = self.reader().await;
            self.read_by(reader, reply)
        })
    }

    /// The origin of the page that makes the request, if it may read a reply without a token.
    pub(super) async fn reader(&mut self) -> Option<String> {
        match cors::reader(&self.isolate, &self.request) {
            Ok(reader) => reader,
            Err(origin) => cors::reader_in_registry(&self.isolate, origin, &mut self.line).await,
        }
    }

    /// The reply, for the pages of `reader`.
    pub(super) fn read_by(mut self, reader: Option<String>, reply: Reply) -> Answered {
        self.line.status = reply.status;
        let takes_credentials = self.dialect == Dialect::Api;
        self.logged(Reply { origin: reader, takes_credentials, ..reply })
    }

    fn logged(mut self, reply: Reply) -> Answered {
        self.log();
        Answered { reply, request_id: self.line.request_id, follow_up: None }
    }

    /// 10
    pub(super) fn log(&mut self) {
        let Self { isolate, request, line, .. } = self;
        isolate.log.record(line, || address_of(&**request));
    }

    fn address(&self) -> Option<String> {
        address_of(&*self.request)
    }
}

fn address_of(request: &impl PlatformRequest) -> Option<String> {
    request.address().and_then(address::plausible)
}
