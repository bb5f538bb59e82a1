//! Workers KV, and how long what others may have written can be.

use crate::base::time::Millis;

/// KV refuses an `expirationTtl` below this (KV docs, "Expiring keys").
pub const KV_TTL_MIN_SECS: u64 = 60;
/// `cacheTtl` of a KV read: KV's minimum, so that isolates see a renewed token soon.
pub const KV_CACHE_TTL_SECS: u64 = 30;
/// A KV operation that takes longer counts as failed. Reads across an ocean take some hundred
/// milliseconds. The authorization server itself usually answers within a second.
pub const KV_TIMEOUT: Millis = Millis::from_secs(2);
