//! The end of an exchange: its reply (9) and its line in the log (10).

use std::rc::Rc;

use super::super::token::Granted;
use super::{Answered, Exchange, Progress};
use crate::base::deadline::within;
use crate::base::limits::RENEWAL_WAIT;
use crate::base::ports::Clock as _;
use crate::base::time::UnixMillis;
use crate::config::Grant;
use crate::error::BrokerError;
use crate::http::address;
use crate::http::cors;
use crate::http::ports::{HttpPorts, PlatformRequest, RateLimiter};
use crate::http::reply::Reply;
use crate::tokens::broker::{FollowUp, Served};
use crate::tokens::cache_status::CacheStatus;

impl<P: HttpPorts> Exchange<P> {
    /// A token.
    pub(super) fn served(mut self, granted: &Granted, served: Served) -> Answered {
        let reply = self.finished(Reply::token(&served, granted.untold_scope(&served)));
        (self.line.outcome, self.line.tier) = match served.cache_status {
            CacheStatus::Hit { tier, .. } => ("hit", Some(tier.name())),
            CacheStatus::StaleIfError { .. } => ("stale_if_error", Some("coordinator")),
            CacheStatus::Forwarded { collapsed: true, .. } => ("collapsed", Some("upstream")),
            CacheStatus::Forwarded { collapsed: false, .. } => ("miss", Some("upstream")),
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
        let line = &mut self.line;
        match served.follow_up {
            FollowUp::Renew => {
                let renewal = broker.renew(&grant, line);
                if within(&broker.clock, RENEWAL_WAIT, renewal).await.is_none() {
                    line.renewal_failed("timeout");
                }
            }
            FollowUp::Touch => broker.touch(&grant, line).await,
            FollowUp::Store => broker.write_behind(&grant, &served.token, line).await,
            FollowUp::Nothing => {}
        }
        self.log();
    }

    /// A refusal. If failed authentication has a rate limit, the exchange counts it first.
    pub(super) fn refused(self, error: BrokerError) -> Progress<P> {
        if self.isolate.failure_limit.is_bound() && error.is_failed_authentication() {
            return Progress::Later(Box::pin(self.refused_later(error)));
        }
        Progress::Done(self.failed(&error))
    }

    pub(super) async fn refused_later(self, error: BrokerError) -> Answered {
        let counted = error.is_failed_authentication();
        let network = self.address().filter(|_| counted).map(address::network_of);
        let admitted = match network {
            Some(network) => self.isolate.failure_limit.admits(&network).await,
            None => true,
        };
        let error = if admitted { error } else { BrokerError::SlowDown };
        self.failed(&error)
    }

    /// An error.
    pub(super) fn failed(mut self, error: &BrokerError) -> Answered {
        self.line.failed(error);
        if let (BrokerError::Misconfigured, Err(faults)) = (error, &*self.isolate.config) {
            self.line.faults = faults.iter().map(ToString::to_string).collect();
        }
        let reply = Reply::error(error, self.dialect);
        self.answered(reply)
    }

    /// A reply that is neither a token nor an error of a token route.
    pub(super) fn plain(self, outcome: &'static str, reply: Reply) -> Progress<P> {
        Progress::Done(self.plainly(outcome, reply))
    }

    pub(super) fn plainly(mut self, outcome: &'static str, reply: Reply) -> Answered {
        self.line.outcome = outcome;
        self.answered(reply)
    }

    fn answered(mut self, reply: Reply) -> Answered {
        let reply = self.finished(reply);
        self.logged(reply)
    }

    /// 9
    fn finished(&mut self, mut reply: Reply) -> Reply {
        self.line.status = reply.status;
        if reply.origin.is_none() {
            let (config, client) = (self.isolate.config().ok(), self.client.as_deref());
            reply.origin = cors::allowed_origin(config, client, || self.request.origin());
        }
        reply
    }

    fn logged(mut self, reply: Reply) -> Answered {
        self.log();
        Answered { reply, request_id: self.line.request_id, follow_up: None }
    }

    /// 10
    fn log(&mut self) {
        let Self { isolate, request, line, .. } = self;
        isolate.log.record(line, || address_of(&**request));
    }

    fn address(&self) -> Option<String> {
        address_of(&*self.request)
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.isolate.broker.clock.now()
    }
}

fn address_of(request: &impl PlatformRequest) -> Option<String> {
    request.address().and_then(address::plausible)
}
