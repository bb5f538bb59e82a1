//! A claims challenge in a token request: an API has rejected the token in hand, so the broker renews
//! it with the claims, within the limits of `POST /revoke`.

use super::broker::{Broker, FollowUp, Served, want};
use super::cache_status::{Forward, Tier};
use super::coordinator::{Handout, Source, Want};
use super::ports::{Coordinated, Coordination, CoordinationError, TokenPorts};
use super::shared_tier;
use super::token::CachedToken;
use crate::base::limits::TRANSIENT_RETRY_AFTER_SECS;
use crate::base::ports::{Clock, Store};
use crate::base::time::Millis;
use crate::config::Grant;
use crate::error::BrokerError;
use crate::log::Line;
use crate::oauth::claims::Claims;
use crate::upstream::error::{Outage, UpstreamError};

/// Whether a failure that a request with claims met would meet all requests: a throttle, or any other
/// failure for which upstream names a time. Only the caller that brought the claims is told the rest,
/// because the claims may be the reason.
#[must_use]
pub const fn is_true_for_all(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::Unavailable { cause: Outage::Throttled, .. } => true,
        UpstreamError::Unavailable { retry_after_secs, .. }
        | UpstreamError::NotATokenResponse { retry_after_secs, .. } => {
            *retry_after_secs > TRANSIENT_RETRY_AFTER_SECS
        }
        UpstreamError::ScopeRefused(_) | UpstreamError::CredentialRefused(_) => false,
    }
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
        let held = self.memory.recall(&grant.token_key).filter(|token| self.is_servable(token));
        let want = Want { min_ttl, ..want(held.as_ref()) };
        let reason = if held.is_some() { Forward::Stale } else { Forward::Miss };
        let fault = match self.report(grant, want, Some(challenge), line).await? {
            Ok(Handout { token, .. }) if !self.is_servable(&token) => CoordinationError::Failed,
            Ok(Handout { token, source }) => {
                let handout = Handout { token: self.keep(grant, token), source };
                return Ok(self.handed_out(handout, Tier::Coordinator, reason, FollowUp::Nothing));
            }
            Err(fault) => fault,
        };
        note_fault(fault, line);
        let held = match held {
            Some(token) => Some(token),
            None => self.load(grant, line).await,
        };
        match self.force(grant, held.as_ref(), Some(challenge), line).await? {
            Some(token) => {
                let token = self.keep(grant, token);
                let handout = Handout { token, source: Source::Flight };
                Ok(self.handed_out(handout, Tier::Coordinator, reason, FollowUp::Store))
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

    /// Tells the coordinator that a token was rejected, and returns its answer, or why there is
    /// none. A failure that this isolate has met, or was told, a moment ago is the answer as well.
    pub(super) async fn report(
        &self,
        grant: &Grant,
        want: Want,
        claims: Option<&Claims>,
        line: &mut Line,
    ) -> Result<Result<Handout, CoordinationError>, UpstreamError> {
        let now = self.clock.now();
        if let Some(recalled) = self.memory.failure(&grant.token_key)
            && now < recalled.ask_again_at
        {
            return Err(recalled.failure.at(now));
        }
        match self.coordinator.acquire(grant, want, claims, &line.request_id).await {
            Ok(Coordinated { handed, trail, failing_for }) => {
                line.upstream = trail.unwrap_or_default();
                let remembered = failing_for > Millis(0);
                handed.map(Ok).inspect_err(|error| {
                    if remembered {
                        self.echo_failure(grant, error, failing_for);
                    }
                })
            }
            Err(fault) => Ok(Err(fault)),
        }
    }
}

/// Notes why the coordinator did not answer.
pub(super) fn note_fault(fault: CoordinationError, line: &mut Line) {
    if fault != CoordinationError::Unbound {
        line.coordinator_failed(fault.name());
    }
}
