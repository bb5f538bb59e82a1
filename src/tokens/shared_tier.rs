//! Tokens in the shared tier: sealed before a write, opened after a read.

use crate::base::limits::KV_TTL_MIN_SECS;
use crate::base::ports::{Store, StoreError};
use crate::base::sealed::NONCE_LEN;
use crate::base::time::UnixMillis;
use crate::config::Grant;
use crate::log::Line;
use crate::tokens::record;
use crate::tokens::token::CachedToken;

/// The token of the record in `loaded`. If the read failed or the record does not open, the log
/// line has the reason.
pub fn open(
    grant: &Grant,
    loaded: Result<Option<Vec<u8>>, StoreError>,
    line: &mut Line,
) -> Option<CachedToken> {
    let sealed = match loaded {
        Ok(sealed) => sealed?,
        Err(error) => {
            line.kv_read_failed(error.name());
            return None;
        }
    };
    let opened = record::open_for(grant, &sealed);
    if let Err(error) = opened {
        line.kv_read_failed(error.name());
    }
    opened.ok()
}

/// Seals `token` and writes it into `tier`, unless its remaining lifetime is below KV's shortest
/// TTL.
///
/// # Errors
/// The tier's.
pub async fn store(
    tier: &impl Store,
    grant: &Grant,
    token: &CachedToken,
    now: UnixMillis,
    nonce: [u8; NONCE_LEN],
) -> Result<(), StoreError> {
    let ttl_secs = now.until(token.expires_at).whole_secs();
    if ttl_secs < KV_TTL_MIN_SECS {
        return Ok(());
    }
    let sealed = record::seal_for(grant, token, nonce);
    tier.store(&grant.token_key.kv_name(), &sealed, ttl_secs).await
}
