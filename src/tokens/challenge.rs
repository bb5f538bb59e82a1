//! A claims challenge in a token request: an API has rejected the token in hand, so the broker renews
//! it with the claims, within the limits of `POST /revoke`.

use super::broker::{Broker, FollowUp, Served, want};
use super::cache_status::{Forward, Tier};
use super::coordinator::{Handout, Source, Want};
use super::ports::{Coordinated, Coordination, CoordinationError, TokenPorts};
use super::shared_tier;
use super::token::CachedToken;
use crate::base::ports::{Clock, Store};
use crate::base::time::Millis;
use crate::config::Grant;
use crate::error::BrokerError;
use crate::log::Line;
use crate::oauth::claims::Claims;
use crate::upstream::error::{Outage, UpstreamError};

/// Whether a failure that a request with claims met would meet all requests. The others are left to
/// nobody: the claims may be the reason, and one caller chose them.
#[must_use]
pub const fn is_true_for_all(error: &UpstreamError) -> bool {
    matches!(error, UpstreamError::Unavailable { cause: Outage::Throttled, .. })
}

impl<P: TokenPorts> Broker<P> {
    /// A token that is renewed with `challenge`. Where the limits do not allow it, the newest token
    /// in hand, else one that is fetched without the claims.
    ///
    /// # Errors
    /// The authorization server's. The caller does not get the token that was rejected.
    pub async fn renewed(
        &self,
        grant: &Grant,
        challenge: &Claims,
        min_ttl: Millis,
        line: &mut Line,
    ) -> Result<Served, BrokerError> {
        self.not_failing_lately(grant)?;
        let held = self.memory.recall(&grant.token_key).filter(|token| self.is_servable(token));
        let want = Want { min_ttl, ..want(held.as_ref()) };
        let reason = if held.is_some() { Forward::Stale } else { Forward::Miss };
        let answer = self.coordinator.acquire(grant, want, Some(challenge), &line.request_id).await;
        let fault = match answer {
            Ok(Coordinated { handed, trail, failing_for }) => {
                line.upstream = trail.unwrap_or_default();
                match handed {
                    Ok(Handout { token, .. }) if !self.is_servable(&token) => {
                        CoordinationError::Failed
                    }
                    Ok(Handout { token, source }) => {
                        let handout = Handout { token: self.keep(grant, token), source };
                        let nothing = FollowUp::Nothing;
                        return Ok(self.handed_out(handout, Tier::Coordinator, reason, nothing));
                    }
                    Err(error) => {
                        self.echo_lasting_failure(grant, &error, failing_for);
                        return Err(error.into());
                    }
                }
            }
            Err(fault) => fault,
        };
        let follow_up = note_fault(fault, line);
        let held = match held {
            Some(token) => Some(token),
            None => self.load(grant, line).await,
        };
        match self.force(grant, held.as_ref(), Some(challenge), line).await? {
            Some(token) => {
                let token = self.keep(grant, token);
                let handout = Handout { token, source: Source::Flight };
                Ok(self.handed_out(handout, Tier::Coordinator, reason, follow_up))
            }
            None => self.recall_or_obtain(grant, min_ttl, line).await,
        }
    }

    /// The token from isolate memory, else as [`Self::obtain`].
    ///
    /// # Errors
    /// As [`Self::obtain`].
    pub async fn recall_or_obtain(
        &self,
        grant: &Grant,
        min_ttl: Millis,
        line: &mut Line,
    ) -> Result<Served, BrokerError> {
        match self.recall(grant, min_ttl) {
            Some(served) => Ok(served),
            None => self.obtain(grant, min_ttl, line).await,
        }
    }

    /// The token that KV has, if it may be served. Memory keeps it.
    async fn load(&self, grant: &Grant, line: &mut Line) -> Option<CachedToken> {
        let loaded = self.kv.load(&grant.token_key.kv_name()).await;
        let token = shared_tier::open(grant, loaded, line)?;
        Some(self.keep(grant, token)).filter(|token| self.is_servable(token))
    }

    /// Fails with a failure that this isolate has met, or was told, a moment ago.
    pub(super) fn not_failing_lately(&self, grant: &Grant) -> Result<(), UpstreamError> {
        let now = self.clock.now();
        match self.memory.failure(&grant.token_key) {
            Some(recalled) if now < recalled.ask_again_at => Err(recalled.failure.at(now)),
            _ => Ok(()),
        }
    }

    /// Remembers a failure that the coordinator has passed on, if the coordinator remembers it too.
    pub(super) fn echo_lasting_failure(
        &self,
        grant: &Grant,
        error: &UpstreamError,
        failing_for: Millis,
    ) {
        if failing_for > Millis(0) {
            self.echo_failure(grant, error, failing_for);
        }
    }
}

/// Notes why the coordinator did not answer. If there is one, only the coordinator writes KV.
pub(super) fn note_fault(fault: CoordinationError, line: &mut Line) -> FollowUp {
    if fault == CoordinationError::Unbound {
        return FollowUp::Store;
    }
    line.coordinator_failed(fault.name());
    FollowUp::Nothing
}
