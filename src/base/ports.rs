//! What every room needs from outside. Each port says what its failure means; adapters only translate.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::base::time::{Millis, UnixMillis};

/// The time.
pub trait Clock {
    /// Now.
    fn now(&self) -> UnixMillis;
    /// Comes back after `span`.
    async fn sleep(&self, span: Millis);
}

/// Randomness fit for cryptography.
pub trait Entropy {
    /// `N` random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N];
}

/// What a shared tier says it has: a sealed record, or none; a miss is not an error.
pub type Loaded = Result<Option<Vec<u8>>, TierError>;

/// Why a tier did not do what it was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TierError {
    /// The binding does not exist.
    Unbound,
    /// More operations than the tier takes (KV: one write a second for a key).
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
