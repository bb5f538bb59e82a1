//! For how long a failure of the authorization server is remembered instead of asked for again.

use minicbor::{Decode, Encode};

use crate::base::limits::{REFUSAL_MEMORY, TRANSIENT_MEMORY_MAX, TRANSIENT_MEMORY_MIN};
use crate::base::time::{Millis, UnixMillis};
use crate::upstream::error::{Outage, UpstreamError};

/// A failure that is remembered.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Failure {
    /// What upstream said.
    #[n(0)]
    pub error: UpstreamError,
    /// Until then it is not asked again.
    #[n(1)]
    pub until: UnixMillis,
    /// Failures in a row.
    #[n(2)]
    pub count: u32,
}

impl Failure {
    /// The failure `error`, after `previous` if that has not been forgotten.
    #[must_use]
    pub fn new(
        error: UpstreamError,
        previous: Option<&Self>,
        now: UnixMillis,
        random: u32,
    ) -> Self {
        let count = previous.map_or(0, |failure| failure.count).saturating_add(1);
        let until = now.plus(window(&error, count, random));
        Self { error, until, count }
    }

    /// Whether it is over, and one more request is worth it.
    #[must_use]
    pub fn is_over(&self, now: UnixMillis) -> bool {
        now >= self.until
    }

    /// What upstream said, with the time that is left of it.
    #[must_use]
    pub fn at(&self, now: UnixMillis) -> UpstreamError {
        match self.error.clone() {
            UpstreamError::Unavailable { cause, response, .. } => {
                let retry_after_secs = now.until(self.until).0.div_ceil(1000).max(1);
                UpstreamError::Unavailable { cause, retry_after_secs, response }
            }
            refusal => refusal,
        }
    }
}

/// Whether upstream has answered, and does not want to; it does not pass by itself.
#[must_use]
pub const fn is_refusal(error: &UpstreamError) -> bool {
    !matches!(error, UpstreamError::Unavailable { .. })
}

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
