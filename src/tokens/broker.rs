//! The one orchestration: isolate memory, KV, the coordinator, and where there is none or it does
//! not answer, the authorization server itself.

use crate::base::limits::FAILURE_ECHO;
use crate::base::ports::{Clock, Entropy, Loaded};
use crate::base::time::{Millis, UnixMillis};
use crate::config::Grant;
use crate::error::BrokerError;
use crate::log::Event;
use crate::tokens::cache_status::{CacheStatus, Forward, Tier};
use crate::tokens::coordinator::{Handout, Source, Want};
use crate::tokens::fetch::fetch;
use crate::tokens::ports::{
    Coordinated, Coordination, CoordinationError, RecalledFailure, TokenMemory, TokenTier,
};
use crate::tokens::shared_tier;
use crate::tokens::token::CachedToken;
use crate::tokens::token::Freshness;
use crate::upstream::Upstream;
use crate::upstream::error::UpstreamError;
use crate::upstream::failure::Failure;
use crate::upstream::ports::TokenEndpoint;

/// The broker over its ports.
#[derive(Debug)]
pub struct Broker<M, K, O, E, C, R> {
    /// The first tier.
    pub memory: M,
    /// The second tier.
    pub kv: K,
    /// The third tier.
    pub coordinator: O,
    /// The authorization server.
    pub endpoint: E,
    /// The time.
    pub clock: C,
    /// Nonces and jitter.
    pub entropy: R,
    /// Drawn once for an isolate: not all of them ask the coordinator at the same moment.
    pub jitter: u32,
}

/// A token on its way to a caller.
#[derive(Clone, Debug)]
pub struct Served {
    /// The token; above its serve floor.
    pub token: CachedToken,
    /// Where it came from.
    pub cache_status: CacheStatus,
    /// When this was decided: what is left is counted from here.
    pub at: UnixMillis,
    /// What is left to do once the response is on its way.
    pub then: Then,
}

/// What is left to do behind a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Then {
    /// Nothing.
    Done,
    /// [`Broker::renew`]: the token is due, and nobody else in this isolate is at it.
    Renew,
    /// [`Broker::touch`]: this isolate has begun to use a token that it got from KV.
    Touch,
    /// [`Broker::write_behind`]: the token is not in KV yet, and no coordinator writes it.
    Store,
}

impl<M, K, O, E, C, R> Broker<M, K, O, E, C, R>
where
    M: TokenMemory,
    K: TokenTier,
    O: Coordination,
    E: TokenEndpoint,
    C: Clock,
    R: Entropy,
{
    /// The token from isolate memory. Plain synchronous code: most requests end here.
    pub fn recall(&self, grant: &Grant, min_ttl: Millis) -> Option<Served> {
        let token = self.memory.recall(&grant.token_key)?;
        self.hit(grant, token, Tier::Isolate, min_ttl)
    }

    /// The token from KV, else from the coordinator, else from the authorization server.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn obtain(
        &self,
        grant: &Grant,
        min_ttl: Millis,
        event: &mut Event,
    ) -> Result<Served, BrokerError> {
        let loaded = self.kv.load(&grant.token_key).await;
        match self.unseal(grant, min_ttl, loaded, event) {
            Some(served) => Ok(served),
            None => self.ask(grant, min_ttl, event).await,
        }
    }

    /// The token from what KV has said. Plain synchronous code too: whoever can wait for KV at less
    /// cost than a future does so.
    pub fn unseal(
        &self,
        grant: &Grant,
        min_ttl: Millis,
        loaded: Loaded,
        event: &mut Event,
    ) -> Option<Served> {
        let opened = shared_tier::open(grant, loaded, event);
        let tier = if opened.is_some() { Tier::Kv } else { Tier::Isolate };
        // Also without a record in KV: another request may have been faster meanwhile.
        let newest = opened.map(|token| self.keep(grant, token));
        let newest = newest.or_else(|| self.memory.recall(&grant.token_key))?;
        self.hit(grant, newest, tier, min_ttl)
    }

    /// The token from the coordinator, else from the authorization server.
    ///
    /// # Errors
    /// Only the authorization server's, and only where no tier has a token that may be served; a
    /// tier that fails is a miss.
    pub async fn ask(
        &self,
        grant: &Grant,
        min_ttl: Millis,
        event: &mut Event,
    ) -> Result<Served, BrokerError> {
        let held = self.memory.recall(&grant.token_key);
        let want = Want { min_ttl, ..want(held.as_ref()) };
        let reason = if held.is_some() { Forward::Stale } else { Forward::Miss };
        match self.acquire(grant, want, event).await {
            Ok((Handout { token, source }, tier, then)) => {
                let token = self.keep(grant, token);
                let now = self.clock.now();
                if now.until(token.expires_at) < min_ttl {
                    self.memory.note_best(&grant.token_key, now);
                }
                Ok(self.handed_out(Handout { token, source }, tier, reason, then))
            }
            // The best there is, before nothing; another request may have got it meanwhile.
            Err(error) => self
                .memory
                .recall(&grant.token_key)
                .and_then(|token| self.stale_if_error(token))
                .ok_or(BrokerError::Upstream(error)),
        }
    }

    /// Renews a token that is due, behind a response. What comes of it is in memory, and a failure
    /// in the log: the token in hand is still good.
    pub async fn renew(&self, grant: &Grant, event: &mut Event) {
        let held = self.memory.recall(&grant.token_key);
        let want = Want { renewed: true, ..want(held.as_ref()) };
        match self.acquire(grant, want, event).await {
            Ok((handout, _, then)) => {
                let newer = handout.token.generation > want.known_generation;
                match handout.source {
                    Source::HeldWhileFailing => event.renewal_failed("failing"),
                    Source::Held if !newer => event.renewal = Some("not_yet"),
                    _ => event.renewal = Some("renewed"),
                }
                let token = self.keep(grant, handout.token);
                if then == Then::Store {
                    self.write_behind(grant, &token, event).await;
                }
            }
            Err(error) => event.renewal_failed(error.name()),
        }
    }

    /// Tells the coordinator that its token is in use: it does not see the hits of other tiers. And
    /// KV may be behind: the coordinator's token is kept.
    pub async fn touch(&self, grant: &Grant, event: &mut Event) {
        let want = Want { touch: true, ..Want::default() };
        match self.coordinator.acquire(grant, want, &event.request_id).await {
            // It has none, and does not know of a failure either.
            Ok(Coordinated { reply: Err(_), failing_for: Millis(0), .. }) => {}
            Ok(Coordinated { reply, trail, .. }) => {
                event.upstream = trail.unwrap_or_default();
                match reply {
                    Ok(Handout { token, source }) => {
                        self.keep(grant, token);
                        if source == Source::HeldWhileFailing {
                            event.renewal_failed("failing");
                        }
                    }
                    Err(error) => event.renewal_failed(error.name()),
                }
            }
            Err(fault) => event.coordinator_failed(fault.name()),
        }
    }

    /// Tells the coordinator of a grant that is kept warm; without one, sees to it that KV has a
    /// token that is not due.
    pub async fn keep_warm(&self, grant: &Grant, event: &mut Event) {
        let held = self.memory.recall(&grant.token_key);
        let want = want(held.as_ref());
        match self.coordinator.acquire(grant, want, &event.request_id).await {
            Ok(Coordinated { reply, trail, .. }) => {
                event.upstream = trail.unwrap_or_default();
                match reply {
                    Ok(Handout { source: Source::HeldWhileFailing, .. }) => {
                        event.renewal_failed("failing");
                    }
                    Ok(_) => {}
                    Err(error) => event.failed(&error.into()),
                }
            }
            Err(_) => match self.obtain(grant, Millis(0), event).await {
                Ok(served) if served.then == Then::Renew => self.renew(grant, event).await,
                Ok(served) if served.then == Then::Store => {
                    self.write_behind(grant, &served.token, event).await;
                }
                Ok(_) => {}
                Err(error) => event.failed(&error),
            },
        }
    }

    /// Puts a token that came from upstream into KV, for as long as it is good. Below KV's
    /// shortest TTL it is not worth it.
    pub async fn write_behind(&self, grant: &Grant, token: &CachedToken, event: &mut Event) {
        let now = self.clock.now();
        let stored = shared_tier::store(&self.kv, grant, token, now, self.entropy.bytes()).await;
        if let Err(error) = stored {
            event.kv_write_failed(error.name());
        }
    }

    /// From the coordinator, or straight from the authorization server; but a failure that lasts is
    /// not asked for again.
    async fn acquire(
        &self,
        grant: &Grant,
        want: Want,
        event: &mut Event,
    ) -> Result<(Handout, Tier, Then), UpstreamError> {
        let (key, now) = (&grant.token_key, self.clock.now());
        if let Some(RecalledFailure { failure, ask_again_at }) = self.memory.failure(key)
            && now < ask_again_at
        {
            return Err(failure.at(now));
        }
        let fault = match self.coordinator.acquire(grant, want, &event.request_id).await {
            Ok(Coordinated { reply, trail, failing_for }) => {
                event.upstream = trail.unwrap_or_default();
                match reply {
                    // By the coordinator's clock it was good; it is ours that counts here.
                    Ok(handout) if !self.is_servable(&handout.token) => CoordinationError::Failed,
                    Ok(handout) => return Ok((handout, Tier::Coordinator, Then::Done)),
                    Err(error) => {
                        self.echo_failure(grant, &error, failing_for);
                        return Err(error);
                    }
                }
            }
            Err(fault) => fault,
        };
        // The coordinator is the only writer of KV, where there is one.
        let then = match fault {
            CoordinationError::Unbound => Then::Store,
            fault => {
                event.coordinator_failed(fault.name());
                Then::Done
            }
        };
        // Another request may have waited before this one, and have got it meanwhile.
        let newest = self.memory.recall(key);
        if let Some(token) = newest
            .filter(|token| token.generation > want.known_generation && self.is_servable(token))
        {
            return Ok((Handout { token, source: Source::Held }, Tier::Isolate, Then::Done));
        }
        // The coordinator is out of reach, but not what was known before.
        let now = self.clock.now();
        if let Some(RecalledFailure { failure, .. }) = self.memory.failure(key)
            && !failure.is_over(now)
        {
            return Err(failure.at(now));
        }
        let upstream = Upstream {
            endpoint: &self.endpoint,
            clock: &self.clock,
            entropy: &self.entropy,
            claims: None,
        };
        let token = fetch(upstream, grant, &event.request_id, &mut event.upstream)
            .await
            .inspect_err(|error| self.remember_failure(grant, error))?;
        // As a coordinator would count: this token is newer than any that was known.
        let generation = want.known_generation.max(token.requested_at.0);
        let token = token.with_generation(generation);
        Ok((Handout { token, source: Source::Flight }, Tier::Coordinator, then))
    }

    /// Remembers what upstream itself has said.
    pub(super) fn remember_failure(&self, grant: &Grant, error: &UpstreamError) {
        let previous = self.memory.failure(&grant.token_key).map(|recalled| recalled.failure);
        let (now, random) = (self.clock.now(), u32::from_be_bytes(self.entropy.bytes()));
        self.remember(grant, Failure::new(error.clone(), previous.as_ref(), now, random), now);
    }

    /// Remembers what the coordinator has passed on, which lasts for `left`.
    pub(super) fn echo_failure(&self, grant: &Grant, error: &UpstreamError, left: Millis) {
        let now = self.clock.now();
        self.remember(
            grant,
            Failure { error: error.clone(), until: now.plus(left), count: 1 },
            now,
        );
    }

    /// Upstream is not asked before the failure is over; the coordinator is, which may know more.
    fn remember(&self, grant: &Grant, failure: Failure, now: UnixMillis) {
        let ask_again_at = failure.until.min(now.plus(FAILURE_ECHO));
        self.memory.remember_failure(grant.token_key, RecalledFailure { failure, ask_again_at });
    }

    /// Keeps `token` in memory, and returns the newest that is there: an older generation is never
    /// served after a newer one.
    pub(super) fn keep(&self, grant: &Grant, token: CachedToken) -> CachedToken {
        self.memory.remember(grant.token_key, token.clone(), self.clock.now());
        let newest = self.memory.recall(&grant.token_key);
        newest.filter(|newest| self.is_servable(newest)).unwrap_or(token)
    }

    fn claim(&self, grant: &Grant, now: UnixMillis) -> bool {
        self.memory.claim_renewal(&grant.token_key, now)
    }

    fn is_servable(&self, token: &CachedToken) -> bool {
        token.is_servable(self.clock.now())
    }

    fn handed_out(&self, handout: Handout, tier: Tier, reason: Forward, then: Then) -> Served {
        let at = self.clock.now();
        let Handout { token, source } = handout;
        let ttl_secs = at.until(token.expires_at).whole_secs();
        let cache_status = match source {
            Source::Held => CacheStatus::Hit { tier, ttl_secs },
            Source::HeldWhileFailing => CacheStatus::StaleIfError { ttl_secs },
            Source::Flight => CacheStatus::Forwarded { reason, collapsed: false },
            Source::Collapsed => CacheStatus::Forwarded { reason, collapsed: true },
        };
        Served { token, cache_status, at, then }
    }

    fn stale_if_error(&self, token: CachedToken) -> Option<Served> {
        let at = self.clock.now();
        let ttl_secs = at.until(token.expires_at).whole_secs();
        let cache_status = CacheStatus::StaleIfError { ttl_secs };
        token.is_servable(at).then_some(Served { token, cache_status, at, then: Then::Done })
    }

    fn hit(
        &self,
        grant: &Grant,
        token: CachedToken,
        tier: Tier,
        min_ttl: Millis,
    ) -> Option<Served> {
        let at = self.clock.now();
        let left = at.until(token.expires_at);
        let due = at >= token.renew_early_at(self.jitter);
        let then = match token.freshness(at) {
            Freshness::Expired => return None,
            _ if left < min_ttl && !self.memory.is_best(&grant.token_key, at) => return None,
            _ if due && self.claim(grant, at) => Then::Renew,
            Freshness::Fresh
                if tier == Tier::Kv && self.coordinator.is_bound() && self.claim(grant, at) =>
            {
                Then::Touch
            }
            Freshness::Stale | Freshness::Fresh => Then::Done,
        };
        let cache_status = CacheStatus::Hit { tier, ttl_secs: left.whole_secs() };
        Some(Served { token, cache_status, at, then })
    }
}

fn want(held: Option<&CachedToken>) -> Want {
    Want { known_generation: held.map_or(0, |token| token.generation), ..Want::default() }
}
