//! Secrets in Secrets Store.

use super::{FAILURE_MEMORY_MAX, REFUSAL_MEMORY_MIN};
use crate::base::time::Millis;

/// Before an upstream request the secrets are read again if that was this long ago. So a changed secret is
/// in use within a minute.
pub const SECRETS_READ_EVERY: Millis = Millis::from_secs(60);
/// Shortest time between two readings after a refusal. The secret may just have changed, so the first one
/// comes at once.
pub const SECRETS_READ_AFTER_REFUSAL: Millis = Millis::from_secs(5);
const _: () = assert!(
    REFUSAL_MEMORY_MIN.0 < SECRETS_READ_AFTER_REFUSAL.0
        && SECRETS_READ_AFTER_REFUSAL.0 < SECRETS_READ_EVERY.0
        && SECRETS_READ_EVERY.0 <= FAILURE_MEMORY_MAX.0,
    "a refusal must be a reason to read early, and not with each attempt"
);
/// Longest time for one reading of all secrets. The store is near, and answers in milliseconds.
pub const SECRETS_TIMEOUT: Millis = Millis::from_secs(3);
/// After a first reading without success, callers get an error for this long, and the store has rest.
pub const SECRETS_RETRY: Millis = Millis::from_secs(1);
/// How often a request looks whether another one has read the secrets.
pub const SECRETS_WAIT: Millis = Millis(50);
/// How many times it looks: a little longer than a reading may take.
pub const SECRETS_WAITS_MAX: u64 = 64;
const _: () = assert!(
    SECRETS_WAIT.0 * SECRETS_WAITS_MAX > SECRETS_TIMEOUT.0,
    "a request that waits must outwait the one that reads"
);
/// Readings before the first request of an isolate. A secret that names others does not exist, but a
/// field with a fault can hide the next one.
pub const SECRETS_ROUNDS_MAX: usize = 3;
/// `Retry-After` for callers while the secrets cannot be read.
pub const SECRETS_RETRY_AFTER_SECS: u64 = 1;
const _: () = assert!(
    SECRETS_RETRY_AFTER_SECS * 1000 >= SECRETS_RETRY.0,
    "a caller that comes again must cause a reading"
);
