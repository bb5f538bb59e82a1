//! The work behind responses: renewals, touches, KV writes.

use super::broker::{Broker, FollowUp, Served, want};
use super::coordinator::{Handout, Source, Want};
use super::min_ttl::MinTtl;
use super::ports::{Coordinated, Coordination, TokenPorts};
use super::token::CachedToken;
use crate::base::deadline::within;
use crate::base::limits::RENEWAL_WAIT;
use crate::base::ports::Entropy;
use crate::base::request_id::RequestId;
use crate::base::time::Millis;
use crate::config::Grant;
use crate::log::{Line, RequestLog};

impl<P: TokenPorts> Broker<P> {
    /// The work behind the response that has `served`. Its result goes to the log.
    pub async fn follow_up(&self, grant: &Grant, served: &Served, line: &mut Line) {
        match served.follow_up {
            FollowUp::Renew => {
                let renewal = self.renew(grant, line);
                if within(&self.clock, RENEWAL_WAIT, renewal).await.is_none() {
                    line.renewal_failed("timeout");
                }
            }
            FollowUp::Touch => self.touch(grant, line).await,
            FollowUp::Store => self.write_behind(grant, &served.token, line).await,
            FollowUp::Nothing => {}
        }
    }

    /// Renews a due token behind a response. The new token goes to memory, and a failure goes to
    /// the log: the token in hand is still good.
    pub async fn renew(&self, grant: &Grant, line: &mut Line) {
        let held = self.memory.recall(&grant.token_key);
        let want = Want { renewed: true, ..want(held.as_ref()) };
        match self.acquire(grant, want, line).await {
            Ok((handout, _, follow_up)) => {
                let newer = handout.token.generation > want.known_generation;
                match handout.source {
                    Source::HeldWhileFailing => line.renewal_failed("failing"),
                    Source::Held if !newer => line.renewal = Some("not_yet"),
                    _ => line.renewal = Some("renewed"),
                }
                let token = self.keep(grant, handout.token);
                if follow_up == FollowUp::Store {
                    self.write_behind(grant, &token, line).await;
                }
            }
            Err(error) => line.renewal_failed(error.name()),
        }
    }

    /// Tells the coordinator that its token is in use: it does not see the hits of other tiers.
    /// Keeps the coordinator's token, because KV may have an older one.
    pub async fn touch(&self, grant: &Grant, line: &mut Line) {
        // If isolates have fetched this token themselves, the coordinator goes on above it.
        let held = self.memory.recall(&grant.token_key);
        let want = Want { touch: true, ..want(held.as_ref()) };
        match self.coordinator.acquire(grant, want, None, &line.request_id).await {
            // It has no token and remembers no failure.
            Ok(Coordinated { handed: Err(_), failing_for: Millis(0), .. }) => {}
            Ok(Coordinated { handed, trail, .. }) => {
                line.upstream = trail.unwrap_or_default();
                match handed {
                    Ok(Handout { token, source }) => {
                        self.keep(grant, token);
                        if source == Source::HeldWhileFailing {
                            line.renewal_failed("failing");
                        }
                    }
                    Err(error) => line.renewal_failed(error.name()),
                }
            }
            Err(fault) => line.coordinator_failed(fault.name()),
        }
    }

    /// Calls the coordinator of a grant that is kept warm. Without a coordinator, the isolate makes
    /// sure that KV has a token that is not due.
    pub async fn keep_warm(&self, grant: &Grant, line: &mut Line) {
        let held = self.memory.recall(&grant.token_key);
        let want = want(held.as_ref());
        match self.coordinator.acquire(grant, want, None, &line.request_id).await {
            Ok(Coordinated { handed, trail, .. }) => {
                line.upstream = trail.unwrap_or_default();
                match handed {
                    Ok(Handout { source: Source::HeldWhileFailing, .. }) => {
                        line.renewal_failed("failing");
                    }
                    Ok(_) => {}
                    Err(error) => line.failed(&error.into()),
                }
            }
            Err(_) => match self.obtain(grant, MinTtl::default(), line).await {
                Ok(served) if served.follow_up == FollowUp::Renew => self.renew(grant, line).await,
                Ok(served) if served.follow_up == FollowUp::Store => {
                    self.write_behind(grant, &served.token, line).await;
                }
                Ok(_) => {}
                Err(error) => line.failed(&error),
            },
        }
    }

    /// Writes a token from upstream into KV, or a newer one that memory has. A token with less time
    /// left than KV's shortest TTL is not written.
    pub async fn write_behind(&self, grant: &Grant, token: &CachedToken, line: &mut Line) {
        let newest = || {
            let newest = self.memory.recall(&grant.token_key);
            newest.filter(|newest| newest.supersedes(token)).or_else(|| Some(token.clone()))
        };
        if let Err(error) = self.write_spaced(grant, newest).await {
            line.kv_write_failed(error.name());
        }
    }

    /// [`Self::keep_warm`], with a log line if there was an upstream request or a failure.
    pub async fn keep_warm_logged(&self, grant: &Grant, log: &RequestLog<P::Log>) {
        let request_id = RequestId::from_random(self.entropy.bytes());
        let mut line = Line::new(request_id, String::new(), "scheduled");
        line.credential = Some(grant.credential.name.clone());
        line.scope = Some(grant.scope.shown().to_owned());
        line.outcome = "kept_warm";
        self.keep_warm(grant, &mut line).await;
        if line.upstream.requests > 0 || line.renewal.is_some() || line.level != "info" {
            log.record(&mut line, || None);
        }
    }
}
