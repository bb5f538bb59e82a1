//! The one orchestration: isolate memory, KV, authorization server, in that order.

use crate::cache_status::{CacheStatus, Tier};
use crate::config::Grant;
use crate::error::{BrokerError, Outage, UpstreamError};
use crate::event::Event;
use crate::limits::{KV_TTL_MIN_SECS, TRANSIENT_RETRY_AFTER_SECS};
use crate::policy::freshness::{Freshness, assess};
use crate::ports::{Clock, Entropy, TokenEndpoint, TokenMemory, TokenTier};
use crate::record::{self, CachedToken};
use crate::time::UnixMillis;
use crate::upstream::Upstream;

/// The broker over its ports.
#[derive(Debug)]
pub struct Broker<M, K, E, C, R> {
    /// The first tier.
    pub memory: M,
    /// The second tier.
    pub kv: K,
    /// The authorization server.
    pub endpoint: E,
    /// The time.
    pub clock: C,
    /// Nonces and jitter.
    pub entropy: R,
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
}

impl<M, K, E, C, R> Broker<M, K, E, C, R>
where
    M: TokenMemory,
    K: TokenTier,
    E: TokenEndpoint,
    C: Clock,
    R: Entropy,
{
    /// The token from isolate memory. Plain synchronous code: most requests end here.
    pub fn recall(&self, grant: &Grant) -> Option<Served> {
        let token = self.memory.recall(&grant.token_key)?;
        self.hit(token, Tier::Isolate)
    }

    /// The token from KV, else from the authorization server.
    ///
    /// A token that came from upstream is not in KV yet: the caller passes it to
    /// [`Broker::write_behind`] once the response is on its way.
    ///
    /// # Errors
    /// Only the authorization server's; a tier that fails is a miss.
    pub async fn obtain(&self, grant: &Grant, event: &mut Event) -> Result<Served, BrokerError> {
        if let Some(token) = self.load(grant, event).await
            && let Some(served) = self.hit(token, Tier::Kv)
        {
            self.memory.remember(grant.token_key, served.token.clone());
            return Ok(served);
        }
        // Another request may have been faster meanwhile.
        if let Some(served) = self.recall(grant) {
            return Ok(served);
        }
        let upstream =
            Upstream { endpoint: &self.endpoint, clock: &self.clock, entropy: &self.entropy };
        let trail = &mut event.upstream;
        let asked = upstream.token(&grant.credential, &grant.scope, &event.request_id, trail).await;
        let token = match asked {
            Ok(token) => token,
            // Nobody is told of a failure while a good token is at hand: another request of this
            // isolate may have got one meanwhile.
            Err(error) => return self.recall(grant).ok_or(BrokerError::Upstream(error)),
        };
        let at = self.clock.now();
        if assess(&token, at) == Freshness::Expired {
            return Err(UpstreamError::Unavailable {
                cause: Outage::ExpiredOnArrival,
                retry_after_secs: TRANSIENT_RETRY_AFTER_SECS,
                response: None,
            }
            .into());
        }
        self.memory.remember(grant.token_key, token.clone());
        Ok(Served { token, cache_status: CacheStatus::Miss, at })
    }

    /// Puts a token that came from upstream into KV, for as long as it is good. Below KV's
    /// shortest TTL it is not worth it.
    pub async fn write_behind(&self, grant: &Grant, token: &CachedToken, event: &mut Event) {
        let ttl_secs = self.clock.now().until(token.expires_at).whole_secs();
        if ttl_secs < KV_TTL_MIN_SECS {
            return;
        }
        let key = &grant.token_key;
        let sealed = record::seal(token, key, &grant.credential.sealing_key, self.entropy.bytes());
        if let Err(error) = self.kv.store(key, &sealed, ttl_secs).await {
            event.kv_write_failed(error.name());
        }
    }

    async fn load(&self, grant: &Grant, event: &mut Event) -> Option<CachedToken> {
        let key = &grant.token_key;
        let sealed = match self.kv.load(key).await {
            Ok(sealed) => sealed?,
            Err(error) => {
                event.kv_read_failed(error.name());
                return None;
            }
        };
        let opened = record::open(&sealed, key, &grant.credential.sealing_key);
        if let Err(error) = opened {
            event.kv_read_failed(error.name());
        }
        opened.ok()
    }

    fn hit(&self, token: CachedToken, tier: Tier) -> Option<Served> {
        let at = self.clock.now();
        let ttl_secs = at.until(token.expires_at).whole_secs();
        let servable = assess(&token, at) != Freshness::Expired;
        servable.then_some(Served { token, cache_status: CacheStatus::Hit { tier, ttl_secs }, at })
    }
}
