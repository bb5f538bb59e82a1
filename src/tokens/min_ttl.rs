//! How much time a token must have left for a caller.

use crate::base::limits::{KEPT_FLOOR, KEPT_FLOOR_LIFETIME_DIVISOR};
use crate::base::time::{Millis, UnixMillis};
use crate::tokens::token::CachedToken;

/// How much time a token must have left for a caller, if upstream gives such a token.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MinTtl {
    /// The parameter `min_ttl`.
    pub asked: Millis,
    /// The caller keeps a token until shortly before its end and cannot ask for a minimum, as MSAL and
    /// the Azure SDKs do. With less left than [`KEPT_FLOOR`] it would come back with every call.
    pub keeps: bool,
}

impl MinTtl {
    /// The parameter alone.
    #[must_use]
    pub const fn asked(asked: Millis) -> Self {
        Self { asked, keeps: false }
    }

    /// Whether `token` has enough time left at `now`.
    #[must_use]
    pub fn is_met_by(self, token: &CachedToken, now: UnixMillis) -> bool {
        let floor = KEPT_FLOOR.min(Millis(token.lifetime().0 / KEPT_FLOOR_LIFETIME_DIVISOR));
        let kept = if self.keeps { floor } else { Millis(0) };
        now.until(token.expires_at) >= self.asked.max(kept)
    }

    /// What both callers need.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { asked: self.asked.max(other.asked), keeps: self.keeps || other.keeps }
    }

    /// The same, bounded by `max`.
    #[must_use]
    pub fn at_most(self, max: Millis) -> Self {
        Self { asked: self.asked.min(max), ..self }
    }
}
