//! An isolate without a coordinator, which is not bound or out of reach. It fetches tokens itself: one
//! upstream request at a time for each token, and it writes KV, where the other isolates find them.

use super::broker::{Broker, FollowUp};
use super::coordinator::{Handout, Source, Want};
use super::fetch::fetch;
use super::ports::{CoordinationError, TokenPorts};
use super::shared_tier;
use super::token::CachedToken;
use crate::base::limits::{FETCH_CLAIM, FETCH_CLAIM_COLD, FETCH_WAIT, FETCH_WAITS_MAX};
use crate::base::ports::{Clock, Entropy, Store, StoreError};
use crate::base::time::Millis;
use crate::config::Grant;
use crate::log::Line;
use crate::tokens::cache_status::Tier;
use crate::upstream::Upstream;
use crate::upstream::error::UpstreamError;

type Acquired = (Handout, Tier, FollowUp);

/// What a request does next.
enum Step {
    /// It takes this, or fails with it.
    End(Result<Acquired, UpstreamError>),
    /// It sends the upstream request.
    Fetch,
    /// It waits for the one of another request.
    Wait,
}

impl<P: TokenPorts> Broker<P> {
    /// From this isolate, else from upstream. `fault` is why the coordinator gave nothing.
    ///
    /// A request cannot wait for the I/O of another one. It looks into isolate memory now and then.
    pub(super) async fn acquire_alone(
        &self,
        grant: &Grant,
        want: Want,
        fault: CoordinationError,
        line: &mut Line,
    ) -> Result<Acquired, UpstreamError> {
        let postponable = want.renewed && fault != CoordinationError::Unbound;
        if postponable && let Some(token) = self.postponed(grant, want, line).await {
            return Ok(in_hand(token));
        }
        for waits in 0..FETCH_WAITS_MAX {
            match self.next_step(grant, want, waits > 0) {
                Step::End(acquired) => return acquired,
                Step::Fetch => break,
                Step::Wait => self.clock.sleep(FETCH_WAIT).await,
            }
        }
        self.fetch_alone(grant, want, line).await
    }

    /// The token to serve on, if it is not for this isolate to renew it now. Another one may have
    /// renewed it already, which KV shows.
    async fn postponed(&self, grant: &Grant, want: Want, line: &mut Line) -> Option<CachedToken> {
        if self.kv.is_bound() {
            let loaded = self.kv.load(&grant.token_key.kv_name()).await;
            if let Some(token) = shared_tier::open(grant, loaded, line) {
                self.keep(grant, token);
            }
        }
        let newest = self.memory.recall(&grant.token_key)?;
        let now = self.clock.now();
        let waits =
            newest.generation > want.known_generation || now < newest.renew_alone_at(self.jitter);
        (newest.is_servable(now) && waits).then_some(newest)
    }

    fn next_step(&self, grant: &Grant, want: Want, has_waited: bool) -> Step {
        let (key, now) = (grant.token_key, self.clock.now());
        let held = self.memory.recall(&key).filter(|token| token.is_servable(now));
        // Another request may have got the token while this one waited.
        let newer = held.clone().filter(|token| token.generation > want.known_generation);
        if let Some(token) = newer {
            return Step::End(Ok(if has_waited { collapsed(token) } else { in_hand(token) }));
        }
        // The isolate still knows an earlier failure.
        if let Some(recalled) = self.memory.failure(&key)
            && !recalled.failure.is_over(now)
        {
            return Step::End(Err(recalled.failure.at(now)));
        }
        let lapse = held
            .as_ref()
            .map_or(FETCH_CLAIM_COLD, |token| FETCH_CLAIM.min(token.renewal_spacing()));
        if self.memory.under_way.claim_fetch(key, now, lapse) {
            return Step::Fetch;
        }
        held.map_or(Step::Wait, |token| Step::End(Ok(in_hand(token))))
    }

    async fn fetch_alone(
        &self,
        grant: &Grant,
        want: Want,
        line: &mut Line,
    ) -> Result<Acquired, UpstreamError> {
        let Self { servers, clock, entropy, .. } = self;
        let upstream = Upstream { servers, clock, entropy, claims: None };
        let began = clock.now();
        let fetched = fetch(upstream, grant, &line.request_id, &mut line.upstream).await;
        self.memory.under_way.release_fetch(&grant.token_key);
        let token = fetched.map_err(|error| self.remember_failure(grant, error, began))?;
        // As a coordinator counts: this token is newer than any that the isolate knew.
        let generation = want.known_generation.saturating_add(1).max(token.requested_at.0);
        let handout = Handout { token: token.with_generation(generation), source: Source::Flight };
        Ok((handout, Tier::Coordinator, FollowUp::Store))
    }

    /// Writes the token that `newest` returns into KV, until it expires. It waits if this isolate
    /// has just written one, and writes nothing if such a write waits already.
    pub(super) async fn write_spaced(
        &self,
        grant: &Grant,
        newest: impl FnOnce() -> Option<CachedToken>,
    ) -> Result<(), StoreError> {
        let wait = self.memory.under_way.claim_write(grant.token_key, self.clock.now());
        let Some(wait) = wait else { return Ok(()) };
        if wait > Millis(0) {
            self.clock.sleep(wait).await;
        }
        let Some(token) = newest() else { return Ok(()) };
        let (now, nonce) = (self.clock.now(), self.entropy.bytes());
        shared_tier::store(&self.kv, grant, &token, now, nonce).await
    }
}

const fn in_hand(token: CachedToken) -> Acquired {
    (Handout { token, source: Source::Held }, Tier::Isolate, FollowUp::Nothing)
}

const fn collapsed(token: CachedToken) -> Acquired {
    (Handout { token, source: Source::Collapsed }, Tier::Coordinator, FollowUp::Nothing)
}
