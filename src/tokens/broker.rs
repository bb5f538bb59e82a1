//! The order of the tiers: isolate memory, KV, the coordinator, else the authorization server.

use crate::base::ports::{Clock, Store, StoreError};
use crate::base::time::UnixMillis;
use crate::config::Grant;
use crate::error::BrokerError;
use crate::log::Line;
use crate::tokens::cache_status::{CacheStatus, Forward, Tier};
use crate::tokens::coordinator::{Handout, Source, Want};
use crate::tokens::memory::IsolateMemory;
use crate::tokens::min_ttl::MinTtl;
use crate::tokens::ports::{Coordinated, Coordination, CoordinationError, TokenPorts};
use crate::tokens::shared_tier;
use crate::tokens::token::CachedToken;
use crate::tokens::token::Freshness;
use crate::upstream::error::UpstreamError;
use crate::upstream::failure::RecalledFailure;
use crate::upstream::secrets::Why;
use crate::upstream::servers::Servers;

/// The broker over its ports.
pub struct Broker<P: TokenPorts> {
    /// The first tier.
    pub memory: IsolateMemory,
    /// The second tier.
    pub kv: P::Store,
    /// The third tier.
    pub coordinator: P::Coordination,
    /// The way to authorization servers.
    pub servers: Servers<P>,
    /// The time.
    pub clock: P::Clock,
    /// Nonces and jitter.
    pub entropy: P::Entropy,
    /// Drawn once for an isolate, so that not all isolates call the coordinator at the same moment.
    pub jitter: u32,
}

/// A token on its way to a caller.
#[derive(Clone, Debug)]
pub struct Served {
    /// The token, above its serve floor.
    pub token: CachedToken,
    /// Where it came from.
    pub cache_status: CacheStatus,
    /// When this was decided. The remaining lifetime counts from here.
    pub at: UnixMillis,
    /// The work behind the response.
    pub follow_up: FollowUp,
}

/// The work behind a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FollowUp {
    /// Nothing.
    Nothing,
    /// [`Broker::renew`]: the token is due, and no other request of this isolate renews it.
    Renew,
    /// [`Broker::touch`]: this isolate begins to use a token from KV.
    Touch,
    /// [`Broker::write_behind`]: this isolate has fetched the token in place of a coordinator.
    Store,
}

impl<P: TokenPorts> Broker<P> {
    /// The token from isolate memory. Plain synchronous code: most requests end here.
    pub fn recall(&self, grant: &Grant, min_ttl: MinTtl) -> Option<Served> {
        let token = self.memory.recall(&grant.token_key)?;
        self.hit(grant, token, Tier::Isolate, min_ttl)
    }

    /// The token from isolate memory, else as [`Self::obtain`].
    ///
    /// # Errors
    /// As [`Self::obtain`].
    pub async fn recall_or_obtain(
        &self,
        grant: &Grant,
        min_ttl: MinTtl,
        line: &mut Line,
    ) -> Result<Served, BrokerError> {
        match self.recall(grant, min_ttl) {
            Some(served) => Ok(served),
            None => self.obtain(grant, min_ttl, line).await,
        }
    }

    /// The token from KV, else from the coordinator, else from the authorization server.
    ///
    /// # Errors
    /// As [`Self::fetch_token`].
    pub async fn obtain(
        &self,
        grant: &Grant,
        min_ttl: MinTtl,
        line: &mut Line,
    ) -> Result<Served, BrokerError> {
        let loaded = self.kv.load(&grant.token_key.kv_name()).await;
        match self.unseal(grant, min_ttl, loaded, line) {
            Some(served) => Ok(served),
            None => self.fetch_token(grant, min_ttl, line).await,
        }
    }

    /// The token from a read of KV. Synchronous, because JavaScript waits for KV at less cost.
    pub fn unseal(
        &self,
        grant: &Grant,
        min_ttl: MinTtl,
        loaded: Result<Option<Vec<u8>>, StoreError>,
        line: &mut Line,
    ) -> Option<Served> {
        let opened = shared_tier::open(grant, loaded, line);
        let tier = if opened.is_some() { Tier::Kv } else { Tier::Isolate };
        // Also without a record in KV: another request may have got a token meanwhile.
        let newest = opened.map(|token| self.keep(grant, token));
        let newest = newest.or_else(|| self.memory.recall(&grant.token_key))?;
        self.hit(grant, newest, tier, min_ttl)
    }

    /// The token from the coordinator, else from the authorization server.
    ///
    /// # Errors
    /// The authorization server's, if no tier has a token. A tier that fails is a miss.
    pub async fn fetch_token(
        &self,
        grant: &Grant,
        min_ttl: MinTtl,
        line: &mut Line,
    ) -> Result<Served, BrokerError> {
        let held = self.memory.recall(&grant.token_key);
        let want = Want { min_ttl, ..want(held.as_ref()) };
        let reason = if held.is_some() { Forward::Stale } else { Forward::Miss };
        match self.acquire(grant, want, line).await {
            Ok((Handout { token, source }, tier, follow_up)) => {
                let token = self.keep(grant, token);
                let now = self.clock.now();
                // As in a coordinator: after a better token, no other one is fetched for a while.
                let better = held.is_some() && matches!(source, Source::Flight | Source::Collapsed);
                if tier == Tier::Coordinator && (better || !min_ttl.is_met_by(&token, now)) {
                    self.memory.note_no_better_token(&grant.token_key, now);
                }
                Ok(self.handed_out(Handout { token, source }, tier, reason, follow_up))
            }
            // An older token is better than none. Another request may also have got one meanwhile.
            Err(error) => self
                .memory
                .recall(&grant.token_key)
                .and_then(|token| self.stale_if_error(token))
                .ok_or(BrokerError::Upstream(error)),
        }
    }

    /// From the coordinator, else from upstream. A remembered failure causes no request upstream. After a
    /// refusal, also a remembered one, the secrets are read again: one may have been corrected.
    pub(super) async fn acquire(
        &self,
        grant: &Grant,
        want: Want,
        line: &mut Line,
    ) -> Result<(Handout, Tier, FollowUp), UpstreamError> {
        let acquired = self.acquire_anywhere(grant, want, line).await;
        if matches!(acquired, Err(UpstreamError::CredentialRefused(_))) {
            self.doubt_secrets(line).await;
        }
        acquired
    }

    async fn doubt_secrets(&self, line: &mut Line) {
        let secrets = &self.servers.secrets;
        secrets.have_changed(&self.clock, Why::Refusal, &mut line.upstream).await;
    }

    async fn acquire_anywhere(
        &self,
        grant: &Grant,
        want: Want,
        line: &mut Line,
    ) -> Result<(Handout, Tier, FollowUp), UpstreamError> {
        let changes = self.servers.secrets.changes();
        let (key, now) = (&grant.token_key, self.clock.now());
        if let Some(RecalledFailure { failure, ask_again_at }) = self.memory.failure(key)
            && now < ask_again_at
        {
            return Err(failure.at(now));
        }
        let fault = match self.coordinator.acquire(grant, want, None, &line.request_id).await {
            Ok(Coordinated { handed, trail, failing_for }) => {
                line.upstream = trail.unwrap_or_default();
                match handed {
                    // It was good by the coordinator's clock. Here this isolate's clock counts.
                    Ok(handout) if !self.is_servable(&handout.token) => CoordinationError::Failed,
                    Ok(handout) => return Ok((handout, Tier::Coordinator, FollowUp::Nothing)),
                    Err(error) => {
                        self.echo_failure(grant, &error, failing_for);
                        return Err(error);
                    }
                }
            }
            Err(fault) => fault,
        };
        note_fault(fault, line);
        if fault == CoordinationError::Failed {
            // The object's isolate may have a secret that this one has not read yet.
            self.doubt_secrets(line).await;
        }
        if self.servers.secrets.changes() != changes {
            return Err(UpstreamError::SECRET_CHANGED);
        }
        self.acquire_alone(grant, want, fault, line).await
    }

    /// Keeps `token`, and returns the newest in memory: no older generation follows a newer one.
    pub(super) fn keep(&self, grant: &Grant, token: CachedToken) -> CachedToken {
        self.memory.remember(grant.token_key, token.clone(), self.clock.now());
        let newest = self.memory.recall(&grant.token_key);
        newest.filter(|newest| self.is_servable(newest)).unwrap_or(token)
    }

    fn claim(&self, grant: &Grant, now: UnixMillis) -> bool {
        self.memory.claim_renewal(&grant.token_key, now)
    }

    pub(super) fn is_servable(&self, token: &CachedToken) -> bool {
        token.is_servable(self.clock.now())
    }

    pub(super) fn handed_out(
        &self,
        handout: Handout,
        tier: Tier,
        reason: Forward,
        follow_up: FollowUp,
    ) -> Served {
        let at = self.clock.now();
        let Handout { token, source } = handout;
        let ttl_secs = at.until(token.expires_at).whole_secs();
        let cache_status = match source {
            Source::Held => CacheStatus::Hit { tier, ttl_secs },
            Source::HeldWhileFailing => CacheStatus::StaleIfError { ttl_secs },
            Source::Flight => CacheStatus::Forwarded { reason, collapsed: false },
            Source::Collapsed => CacheStatus::Forwarded { reason, collapsed: true },
        };
        Served { token, cache_status, at, follow_up }
    }

    fn stale_if_error(&self, token: CachedToken) -> Option<Served> {
        let at = self.clock.now();
        let ttl_secs = at.until(token.expires_at).whole_secs();
        let cache_status = CacheStatus::StaleIfError { ttl_secs };
        token.is_servable(at).then_some(Served {
            token,
            cache_status,
            at,
            follow_up: FollowUp::Nothing,
        })
    }

    fn hit(
        &self,
        grant: &Grant,
        token: CachedToken,
        tier: Tier,
        min_ttl: MinTtl,
    ) -> Option<Served> {
        let at = self.clock.now();
        let left = at.until(token.expires_at);
        let due = at >= token.renew_early_at(self.jitter);
        let follow_up = match token.freshness(at) {
            Freshness::Expired => return None,
            _ if !min_ttl.is_met_by(&token, at)
                && !self.memory.no_better_token_lately(&grant.token_key, at) =>
            {
                return None;
            }
            _ if due && self.claim(grant, at) => FollowUp::Renew,
            Freshness::Fresh
                if tier == Tier::Kv && self.coordinator.is_bound() && self.claim(grant, at) =>
            {
                FollowUp::Touch
            }
            Freshness::Stale | Freshness::Fresh => FollowUp::Nothing,
        };
        let cache_status = CacheStatus::Hit { tier, ttl_secs: left.whole_secs() };
        Some(Served { token, cache_status, at, follow_up })
    }
}

pub(super) fn want(held: Option<&CachedToken>) -> Want {
    Want { known_generation: held.map_or(0, |token| token.generation), ..Want::default() }
}

/// Notes why the coordinator did not answer.
pub(super) fn note_fault(fault: CoordinationError, line: &mut Line) {
    if fault != CoordinationError::Unbound {
        line.coordinator_failed(fault.name());
    }
}
