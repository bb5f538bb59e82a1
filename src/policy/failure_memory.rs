//! For how long a failure of the authorization server is remembered instead of asked for again.

use crate::error::{Outage, UpstreamError};
use crate::limits::{REFUSAL_MEMORY, TRANSIENT_MEMORY_MAX, TRANSIENT_MEMORY_MIN};
use crate::time::Millis;

/// The time until one more request is worth it.
///
/// A throttle lasts as long as upstream says, a refusal a minute. Passing faults are asked for
/// again after 1, 2, 4 … 60 seconds, `failures` being how many came in a row, but not before
/// upstream's own `Retry-After`; `random` spreads the token keys that failed together over the
/// second half of the time.
#[must_use]
pub fn window(error: &UpstreamError, failures: u32, random: u32) -> Millis {
    match error {
        UpstreamError::Unavailable { cause: Outage::Throttled, retry_after_secs, .. } => {
            Millis::from_secs(*retry_after_secs)
        }
        UpstreamError::Unavailable { retry_after_secs, .. } => {
            let doublings = failures.saturating_sub(1).min(16);
            let span = TRANSIENT_MEMORY_MIN.0.saturating_mul(1 << doublings);
            let half = span.min(TRANSIENT_MEMORY_MAX.0) / 2;
            let jittered = half.saturating_add(half.saturating_mul(random.into()) >> 32);
            Millis(jittered).max(Millis::from_secs(*retry_after_secs))
        }
        UpstreamError::ScopeRefused(_)
        | UpstreamError::CredentialRefused(_)
        | UpstreamError::NotATokenResponse(_) => REFUSAL_MEMORY,
    }
}
