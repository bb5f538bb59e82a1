//! A reservation: one request works with an assertion, and no other may meanwhile.

use crate::base::digest;
use crate::base::limits::{ASSERTION_AT_ONCE, ASSERTION_LEASE};
use crate::base::time::UnixMillis;
use crate::jwt::JwtFault;

/// Which request reserves an assertion. A request that begins anew after a panic is the same owner.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Owner(pub(super) [u8; 8]);

impl Owner {
    /// The owner with this nonce, which the platform draws once for each request. It is never a text
    /// that a caller chooses.
    #[must_use]
    pub fn of(nonce: &str) -> Self {
        let digest = digest::of_fields(&[nonce.as_bytes()]);
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// A reservation. It ends by itself if its owner has vanished.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reservation {
    pub(super) owner: Owner,
    since: UnixMillis,
}

/// What a memory of assertions says to a request that wants one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Verdict {
    /// The request has it.
    Granted = 0,
    /// It was used before.
    Used = 1,
    /// Another request has reserved it a moment ago: it came twice at once.
    AtOnce = 2,
    /// Another request has reserved it a while ago. That request is slow, or has vanished.
    UnderWay = 3,
    /// The memory has no room.
    Full = 4,
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
            Self::Full => Err(JwtFault::TooManyAssertions),
        }
    }

    /// The verdict with this number, in the answer of a ledger.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        let all = [Self::Granted, Self::Used, Self::AtOnce, Self::UnderWay];
        all.into_iter().find(|verdict| *verdict as u8 == number)
    }
}
