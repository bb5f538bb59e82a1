//! Instants and durations as plain numbers, so that time is always an argument.
//!
//! All arithmetic saturates: a clock that jumps must never panic the isolate.

use minicbor::{Decode, Encode};

/// Milliseconds since the Unix epoch, as JavaScript's `Date.now()` counts them.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cbor(transparent)]
pub struct UnixMillis(#[n(0)] pub u64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Decode, Default, Encode, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cbor(transparent)]
pub struct Millis(#[n(0)] pub u64);

impl UnixMillis {
    /// Time left from `self` until `later`; zero when `later` has passed.
    #[must_use]
    pub const fn until(self, later: Self) -> Millis {
        Millis(later.0.saturating_sub(self.0))
    }

    /// The instant `span` after `self`.
    #[must_use]
    pub const fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The instant `span` before `self`.
    #[must_use]
    pub const fn minus(self, span: Millis) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Millis {
    /// `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Whole seconds, rounded down: a caller is never promised more than is left.
    #[must_use]
    pub const fn whole_secs(self) -> u64 {
        self.0 / 1000
    }
}
