//! Whether and when an upstream request is sent again.

use super::exchange::EndpointResponse;
use crate::base::http_date;
use crate::base::limits::{EPOCH_SECS_MIN, RETRY_AFTER_MAX_SECS, RETRY_PAUSE_MAX, RETRY_PAUSE_MIN};
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

/// The seconds after which upstream wants the next request. `Retry-After` counts first. Without it, the
/// reset of the rate limit counts where the status may mean that the limit is reached.
#[must_use]
pub fn told_secs(response: &EndpointResponse, now: UnixMillis) -> Option<u64> {
    let told = response.retry_after.as_deref().and_then(|value| retry_after_secs(value, now));
    let reset = response.rate_limit_reset.as_deref().filter(|_| is_rate_limit(response.status));
    told.or_else(|| rate_limit_secs(reset?, now))
}

/// Whether `status` may mean that a rate limit is reached. GitHub sends a 403 for its own.
#[must_use]
pub const fn is_rate_limit(status: u16) -> bool {
    matches!(status, 403 | 429)
}

/// The headers of [`reset_of_used_up`].
pub const RATE_LIMIT_HEADERS: [&str; 3] =
    ["x-ratelimit-remaining", "x-ratelimit-reset", "x-rate-limit-reset"];

/// The reset in the [`RATE_LIMIT_HEADERS`] of a response, if it counts: GitHub sends it also with a 403
/// that has another reason, and then the first of them is above zero.
#[must_use]
pub fn reset_of_used_up([remaining, reset, other]: [Option<String>; 3]) -> Option<String> {
    reset.or(other).filter(|_| remaining.is_none_or(|remaining| remaining == "0"))
}

/// The seconds in an `x-ratelimit-reset` value, within the bounds of [`retry_after_secs`]. Servers send
/// the time in Unix seconds (GitHub, Okta) or the seconds until then, and a number from
/// [`EPOCH_SECS_MIN`] on is a time. `None` for anything else.
#[must_use]
pub fn rate_limit_secs(value: &str, now: UnixMillis) -> Option<u64> {
    let value = value.trim();
    let whole = value.split_once('.').map_or(value, |(whole, _)| whole);
    let secs = whole.parse::<u64>().ok()?;
    let secs = match secs {
        EPOCH_SECS_MIN.. => now.until(UnixMillis(secs.saturating_mul(1000))).0.div_ceil(1000),
        secs => secs,
    };
    Some(secs.clamp(1, RETRY_AFTER_MAX_SECS))
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
        now.until(http_date::parse(value)?).0.div_ceil(1000)
    };
    Some(secs.clamp(1, RETRY_AFTER_MAX_SECS))
}
