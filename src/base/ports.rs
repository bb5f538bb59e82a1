//! The ports that every room uses. A port says what its failure means.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::base::time::{Millis, UnixMillis};

/// The time.
pub trait Clock {
    /// Now.
    fn now(&self) -> UnixMillis;
    /// Resolves after `span`.
    async fn sleep(&self, span: Millis);
}

/// Randomness fit for cryptography.
pub trait Entropy {
    /// `N` random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N];
}

/// The result of a read from a shared tier: a sealed record, or `None` for a miss, which is no error.
pub type Loaded = Result<Option<Vec<u8>>, TierError>;

/// Why a tier failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TierError {
    /// The binding does not exist.
    Unbound,
    /// Too many operations (KV: one write in a second for each key).
    Throttled,
    /// No answer within [`crate::base::limits::KV_TIMEOUT`].
    TimedOut,
    /// Anything else.
    Failed,
}

impl TierError {
    /// The failure's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::Throttled => "throttled",
            Self::TimedOut => "timeout",
            Self::Failed => "failed",
        }
    }
}
