//! A reservation: one request works with an assertion, and no other may meanwhile.

use minicbor::{Decode, Encode};

use crate::base::digest;
use crate::base::limits::{ASSERTION_AT_ONCE, ASSERTION_LEASE};
use crate::base::time::UnixMillis;
use crate::jwt::JwtFault;

/// Which request reserves an assertion. A request that begins anew after a panic is the same owner.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq)]
#[cbor(transparent)]
pub struct Owner(#[n(0)] u64);

impl Owner {
    /// The owner with this nonce, which the platform draws once for each request. It is never a text
    /// that a caller chooses.
    #[must_use]
    pub fn of(nonce: &str) -> Self {
        let digest = digest::of_fields(&[nonce.as_bytes()]);
        Self(digest.first_chunk().copied().map_or(0, u64::from_be_bytes))
    }
}

/// A reservation. It ends by itself if its owner has vanished.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reservation {
    pub(super) owner: Owner,
    since: UnixMillis,
}

/// What a memory of assertions says to a request that wants one.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq)]
#[cbor(index_only)]
pub enum Verdict {
    /// The request has it.
    #[n(0)]
    Granted,
    /// It was used before.
    #[n(1)]
    Used,
    /// Another request has reserved it a moment ago: it came twice at once.
    #[n(2)]
    AtOnce,
    /// Another request has reserved it a while ago. That request is slow, or has vanished.
    #[n(3)]
    UnderWay,
}

impl Reservation {
    pub(super) const fn new(owner: Owner, now: UnixMillis) -> Self {
        Self { owner, since: now }
    }

    pub(super) fn is_over(&self, now: UnixMillis) -> bool {
        now >= self.since.plus(ASSERTION_LEASE)
    }

    /// What it says to `owner`.
    pub(super) fn verdict(&self, owner: Owner, now: UnixMillis) -> Verdict {
        if self.owner == owner || self.is_over(now) {
            Verdict::Granted
        } else if now < self.since.plus(ASSERTION_AT_ONCE) {
            Verdict::AtOnce
        } else {
            Verdict::UnderWay
        }
    }
}

impl Verdict {
    /// # Errors
    /// Why the assertion is refused.
    pub const fn into_result(self) -> Result<(), JwtFault> {
        match self {
            Self::Granted => Ok(()),
            Self::Used | Self::AtOnce => Err(JwtFault::Replayed),
            Self::UnderWay => Err(JwtFault::UnderWay),
        }
    }
}
