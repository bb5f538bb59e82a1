//! Tokens in the shared tier: sealed on their way in, opened on their way out.

use crate::base::limits::KV_TTL_MIN_SECS;
use crate::base::ports::{Loaded, TierError};
use crate::base::time::UnixMillis;
use crate::config::Grant;
use crate::log::Event;
use crate::tokens::ports::TokenTier;
use crate::tokens::record;
use crate::tokens::token::CachedToken;

/// The token of the record that the tier has, if it opens; why not goes into the log.
pub fn open(grant: &Grant, loaded: Loaded, event: &mut Event) -> Option<CachedToken> {
    let sealed = match loaded {
        Ok(sealed) => sealed?,
        Err(error) => {
            event.kv_read_failed(error.name());
            return None;
        }
    };
    let opened = record::open(&sealed, &grant.token_key, &grant.credential.sealing_key);
    if let Err(error) = opened {
        event.kv_read_failed(error.name());
    }
    opened.ok()
}

/// Seals `token` and puts it into `tier`, unless it is not worth it any more.
///
/// # Errors
/// The tier's.
pub async fn store(
    tier: &impl TokenTier,
    grant: &Grant,
    token: &CachedToken,
    now: UnixMillis,
    nonce: [u8; 24],
) -> Result<(), TierError> {
    let ttl_secs = now.until(token.expires_at).whole_secs();
    if ttl_secs < KV_TTL_MIN_SECS {
        return Ok(());
    }
    let sealed = record::seal(token, &grant.token_key, &grant.credential.sealing_key, nonce);
    tier.store(&grant.token_key, &sealed, ttl_secs).await
}
