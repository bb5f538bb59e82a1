//! Fetches one token from the authorization server.

use super::token::{CachedToken, Freshness};
use crate::base::ports::Clock;
use crate::base::request_id::RequestId;
use crate::config::Grant;
use crate::upstream::Upstream;
use crate::upstream::error::UpstreamError;
use crate::upstream::ports::UpstreamPorts;
use crate::upstream::trail::UpstreamTrail;

/// The token of `grant`, straight from the authorization server.
///
/// # Errors
/// The authorization server's; or [`UpstreamError::EXPIRED_ON_ARRIVAL`] if the token is at its
/// serve floor already.
pub async fn fetch<P: UpstreamPorts>(
    upstream: Upstream<'_, P>,
    grant: &Grant,
    request_id: &RequestId,
    trail: &mut UpstreamTrail,
) -> Result<CachedToken, UpstreamError> {
    let Grant { credential, scope, capability, .. } = grant;
    let fetched = upstream.token(credential, scope, *capability, request_id, trail).await?;
    let token = CachedToken::new(fetched.issued, fetched.requested_at).requested_for(scope);
    if token.freshness(upstream.clock.now()) == Freshness::Expired {
        return Err(UpstreamError::EXPIRED_ON_ARRIVAL);
    }
    Ok(token)
}
