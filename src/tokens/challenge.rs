//! A claims challenge in a token request: an API has rejected the token in hand, so the broker renews
//! it with the claims, within the limits of `POST /revoke`.

use super::broker::{Broker, FollowUp, Served, note_fault, want};
use super::cache_status::{Forward, Tier};
use super::coordinator::{Handout, Source, Want};
use super::min_ttl::MinTtl;
use super::ports::{CoordinationError, TokenPorts};
use super::shared_tier;
use super::token::CachedToken;
use crate::base::ports::Store;
use crate::config::Grant;
use crate::error::BrokerError;
use crate::log::Line;
use crate::oauth::claims::Claims;

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
        min_ttl: MinTtl,
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

    /// The token that KV has, if it may be served. Memory keeps it.
    async fn load(&self, grant: &Grant, line: &mut Line) -> Option<CachedToken> {
        let loaded = self.kv.load(&grant.token_key.kv_name()).await;
        let token = shared_tier::open(grant, loaded, line)?;
        Some(self.keep(grant, token)).filter(|token| self.is_servable(token))
    }
}
