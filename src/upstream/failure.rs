//! Failure memory: how long the broker answers with a failure of upstream, and sends no request.

use crate::base::cbor;
use crate::base::limits::{
    FAILURE_MEMORY_MAX, REFUSAL_MEMORY_MIN, TRANSIENT_MEMORY_MIN, TRANSIENT_RETRY_AFTER_SECS,
};
use crate::base::time::{Millis, UnixMillis};
use crate::upstream::error::{Outage, UpstreamError};

/// A remembered failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Why upstream gave no token.
    pub error: UpstreamError,
    /// Before this instant there is no upstream request.
    pub until: UnixMillis,
    /// Rounds of failures in a row.
    pub count: u32,
}

cbor::record!(Failure { error, until, count });

impl Failure {
    /// The failure of an attempt that began at `began`, in a row with `previous` if that was still
    /// remembered then.
    ///
    /// If `previous` was not over when the attempt began, the two attempts were under way together. They
    /// are one round, and the failure that lasts longer counts. A coordinator's flights are never
    /// under way together, so for them `began` is `now`.
    #[must_use]
    pub fn new(
        mut error: UpstreamError,
        previous: Option<&Self>,
        began: UnixMillis,
        now: UnixMillis,
        random: u32,
    ) -> Self {
        let previous = previous.filter(|failure| began < failure.until.plus(FAILURE_MEMORY_MAX));
        let same_round = previous.is_some_and(|failure| !failure.is_over(began));
        let next = |count: u32| if same_round { count.max(1) } else { count.saturating_add(1) };
        let count = next(previous.map_or(0, |failure| failure.count));
        if let UpstreamError::NotATokenResponse { in_a_row, .. } = &mut error {
            *in_a_row = next(previous.map_or(0, |failure| failure.error.not_understood_in_a_row()));
        }
        let until = now.plus(window(&error, count, random));
        match previous {
            Some(previous) if same_round && until <= previous.until => previous.clone(),
            _ => Self { error, until, count },
        }
    }

    /// Whether its time has passed, so that one upstream request may be sent.
    #[must_use]
    pub fn is_over(&self, now: UnixMillis) -> bool {
        now >= self.until
    }

    /// The error at `now`: `Retry-After` is the time that is left.
    #[must_use]
    pub fn at(&self, now: UnixMillis) -> UpstreamError {
        let mut error = self.error.clone();
        if let UpstreamError::Unavailable { retry_after_secs, .. }
        | UpstreamError::NotATokenResponse { retry_after_secs, .. } = &mut error
        {
            *retry_after_secs = now.until(self.until).0.div_ceil(1000).max(1);
        }
        error
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

/// Whether upstream refused: the credential, the scope, or what an API demands.
#[must_use]
pub const fn is_refusal(error: &UpstreamError) -> bool {
    matches!(error, UpstreamError::ScopeRefused(_) | UpstreamError::CredentialRefused(_))
}

/// Whether a failure that a request with claims met would meet all requests: a throttle, or any other
/// failure for which upstream names a time. Only the caller that brought the claims is told the rest,
/// because the claims may be the reason.
#[must_use]
pub const fn is_true_for_all(error: &UpstreamError) -> bool {
    match error {
        UpstreamError::Unavailable { cause: Outage::Throttled, .. } => true,
        UpstreamError::Unavailable { retry_after_secs, .. }
        | UpstreamError::NotATokenResponse { retry_after_secs, .. } => {
            *retry_after_secs > TRANSIENT_RETRY_AFTER_SECS
        }
        UpstreamError::ScopeRefused(_) | UpstreamError::CredentialRefused(_) => false,
    }
}

/// How long a failure is remembered.
///
/// - A throttle: as long as upstream says.
/// - A changed secret: not at all. The next request has the new one.
/// - The first, second, third … refusal in a row: 2, 4, 8 … 60 seconds.
/// - The first, second, third … other failure in a row: 1, 2, 4 … 60 seconds, and not less than
///   upstream's own `Retry-After`. `random` picks an instant in the second half of this time, so that
///   tokens that failed together are not fetched together.
#[must_use]
pub fn window(error: &UpstreamError, failures: u32, random: u32) -> Millis {
    let doubled = |first: Millis| {
        let doublings = failures.saturating_sub(1).min(16);
        first.0.saturating_mul(1 << doublings).min(FAILURE_MEMORY_MAX.0)
    };
    match error {
        UpstreamError::Unavailable { cause: Outage::SecretChanged, .. } => Millis(0),
        UpstreamError::Unavailable { cause: Outage::Throttled, retry_after_secs, .. } => {
            Millis::from_secs(*retry_after_secs)
        }
        UpstreamError::Unavailable { retry_after_secs, .. }
        | UpstreamError::NotATokenResponse { retry_after_secs, .. } => {
            let half = doubled(TRANSIENT_MEMORY_MIN) / 2;
            let jittered = half.saturating_add(half.saturating_mul(random.into()) >> 32);
            Millis(jittered).max(Millis::from_secs(*retry_after_secs))
        }
        UpstreamError::ScopeRefused(_) | UpstreamError::CredentialRefused(_) => {
            Millis(doubled(REFUSAL_MEMORY_MIN))
        }
    }
}
