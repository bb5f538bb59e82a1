//! Failure memory: how long the broker answers with a failure of upstream, and sends no request.

use minicbor::{Decode, Encode};

use crate::base::limits::{REFUSAL_MEMORY, TRANSIENT_MEMORY_MAX, TRANSIENT_MEMORY_MIN};
use crate::base::time::{Millis, UnixMillis};
use crate::upstream::error::{Outage, UpstreamError};

/// A remembered failure.
#[derive(Clone, Debug, Decode, Encode, PartialEq)]
pub struct Failure {
    /// Why upstream gave no token.
    #[n(0)]
    pub error: UpstreamError,
    /// Before this instant there is no upstream request.
    #[n(1)]
    pub until: UnixMillis,
    /// Failures in a row.
    #[n(2)]
    pub count: u32,
}

impl Failure {
    /// The failure `error`, in a row with `previous` if that is still remembered.
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

    /// Whether its time has passed, so that one upstream request may be sent.
    #[must_use]
    pub fn is_over(&self, now: UnixMillis) -> bool {
        now >= self.until
    }

    /// The error at `now`: `Retry-After` is the time that is left.
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

/// A failure as an isolate remembers it.
#[derive(Clone, Debug)]
pub struct RecalledFailure {
    /// What upstream said, and for how long.
    pub failure: Failure,
    /// When to ask the coordinator again: it may know that upstream has recovered.
    pub ask_again_at: UnixMillis,
}

/// Whether upstream refused. A refusal does not pass by itself.
#[must_use]
pub const fn is_refusal(error: &UpstreamError) -> bool {
    !matches!(error, UpstreamError::Unavailable { .. })
}

/// How long a failure is remembered.
///
/// - A throttle: as long as upstream says.
/// - A refusal: [`REFUSAL_MEMORY`].
/// - The first, second, third … transient failure in a row: 1, 2, 4 … 60 seconds, and not less than
///   upstream's own `Retry-After`. `random` picks an instant in the second half of this time, so that
///   tokens that failed together are not fetched together.
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
