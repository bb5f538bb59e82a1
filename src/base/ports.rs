//! What every room needs from the platform. A port says what its failure means; its adapter only
//! translates.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::base::time::{Millis, UnixMillis};

/// The ports that every room uses, in one type, so that a room has one type parameter.
pub trait Ports: 'static {
    /// The time.
    type Clock: Clock;
    /// Randomness.
    type Entropy: Entropy;
    /// A namespace that isolates share.
    type Store: Store;
}

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

/// A namespace that isolates share: Workers KV. An optimisation, never an authority: its values are
/// sealed or authenticated, and callers treat a [`StoreError`] as a miss wherever they can.
pub trait Store {
    /// Whether the binding exists.
    fn is_bound(&self) -> bool;
    /// The value under `name`; `Ok(None)` is a miss, not an error. No more than
    /// [`crate::base::keyspace::value_max_bytes`] is read.
    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Keeps `value` for `ttl_secs`, at least [`crate::base::limits::KV_TTL_MIN_SECS`].
    async fn store(&self, name: &str, value: &[u8], ttl_secs: u64) -> Result<(), StoreError>;
}

/// Why a store did not do what it was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StoreError {
    /// The binding does not exist.
    Unbound,
    /// More operations than the store takes (KV: one write a second for a key).
    Throttled,
    /// No answer within [`crate::base::limits::KV_TIMEOUT`].
    TimedOut,
    /// The value is longer than [`crate::base::keyspace::value_max_bytes`]: the broker did not write it.
    TooLarge,
    /// Anything else.
    Failed,
}

impl StoreError {
    /// The failure's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::Throttled => "throttled",
            Self::TimedOut => "timeout",
            Self::TooLarge => "too_large",
            Self::Failed => "failed",
        }
    }
}

/// The Durable Objects of one class, each found by its name. One object does one thing at a time
/// for the whole network.
pub trait Objects {
    /// Whether the binding exists.
    fn is_bound(&self) -> bool;
    /// Sends `message` to the object called `name`, and returns its answer.
    async fn call(&self, name: &str, message: &[u8]) -> Result<Vec<u8>, CallFailed>;
}

/// An object gave no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CallFailed;

/// The storage of a Durable Object failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StorageFault;
