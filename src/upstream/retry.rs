//! Whether and when an upstream request is sent again.

use std::time::UNIX_EPOCH;

use crate::base::limits::{RETRY_AFTER_MAX_SECS, RETRY_PAUSE_MAX, RETRY_PAUSE_MIN};
use crate::base::time::{Millis, UnixMillis};

/// What may help after a failed attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Remedy {
    /// Nothing now.
    Nothing,
    /// The same request once more, after [`pause`], with a new assertion.
    RetryOnce,
    /// The same request with the credential's next proof.
    NextProof,
    /// [`Self::RetryOnce`], and if that was done already, [`Self::NextProof`].
    RetryThenNextProof,
}

/// The pause before the one retry. `random` spreads requests that failed together.
#[must_use]
pub const fn pause(random: u32) -> Millis {
    let span = RETRY_PAUSE_MAX.0.saturating_sub(RETRY_PAUSE_MIN.0).saturating_add(1);
    Millis(RETRY_PAUSE_MIN.0.saturating_add((random as u64).saturating_mul(span) >> 32))
}

/// The seconds in a `Retry-After` value (RFC 9110 §10.2.3), which is a number or a date. `None` for
/// anything else.
///
/// The result is at least 1, so that no caller retries in a tight loop, and at most
/// [`RETRY_AFTER_MAX_SECS`].
#[must_use]
pub fn retry_after_secs(value: &str, now: UnixMillis) -> Option<u64> {
    let value = value.trim();
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let secs = if digits {
        // More digits than fit are more than the cap.
        value.parse().unwrap_or(u64::MAX)
    } else {
        let date = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
        let date = UnixMillis(u64::try_from(date.as_millis()).ok()?);
        now.until(date).0.div_ceil(1000)
    };
    Some(secs.clamp(1, RETRY_AFTER_MAX_SECS))
}
