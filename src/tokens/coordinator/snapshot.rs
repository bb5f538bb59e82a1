//! What a coordinator knows and saves: its newest token, and the facts beside it.

use minicbor::{Decode, Encode};

use crate::base::limits::TRANSIENT_MEMORY_MAX;
use crate::base::secret::TokenDigest;
use crate::base::time::UnixMillis;
use crate::tokens::token::{CachedToken, Freshness};
use crate::upstream::failure::Failure;

/// What outlives the object's memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The newest token.
    pub token: Option<CachedToken>,
    /// Everything else.
    pub facts: Facts,
}

/// The part of a [`Snapshot`] that is no secret.
#[derive(Clone, Debug, Decode, Default, Encode, PartialEq)]
pub struct Facts {
    /// Of the newest token, or higher.
    #[n(0)]
    pub generation: u64,
    /// The newest failure, while it is the newest thing known.
    #[n(1)]
    pub failure: Option<Failure>,
    /// When somebody last asked.
    #[n(2)]
    pub asked_at: Option<UnixMillis>,
    /// When the newest token was asked for, if that was for a better one than another: after that
    /// no better one is to be had for a while.
    #[n(3)]
    pub fetched_at: Option<UnixMillis>,
    /// When the token is renewed by alarm: its jitter is drawn once.
    #[n(4)]
    pub renew_at: Option<UnixMillis>,
    /// The last token that was rejected and that upstream has then answered for: not again.
    #[n(5)]
    pub rejected: Option<TokenDigest>,
    /// When upstream was last asked because a token was rejected.
    #[n(6)]
    pub forced_at: Option<UnixMillis>,
}

impl Snapshot {
    /// The token, if it may still be served.
    pub(super) fn held(&self, now: UnixMillis) -> Option<&CachedToken> {
        self.token.as_ref().filter(|token| token.freshness(now) != Freshness::Expired)
    }

    pub(super) fn is_due(&self, now: UnixMillis) -> bool {
        self.token.as_ref().is_none_or(|token| token.freshness(now) != Freshness::Fresh)
    }

    /// After this instant the snapshot is of no use. A failure outlives its window, so that the next
    /// one in a row is told from a first one.
    pub(super) fn last_use(&self) -> Option<UnixMillis> {
        let expiry = self.token.as_ref().map(|token| token.expires_at);
        let failure = self.facts.failure.as_ref();
        expiry.max(failure.map(|failure| failure.until.plus(TRANSIENT_MEMORY_MAX)))
    }

    /// When to renew next: before anybody would ask, but not while a failure lasts.
    pub(super) fn next_renewal(&self, now: UnixMillis) -> UnixMillis {
        let facts = &self.facts;
        let token = self.token.as_ref();
        let spaced =
            token.zip(facts.fetched_at).map(|(token, at)| at.plus(token.renewal_spacing()));
        let failure = facts.failure.as_ref().map(|failure| failure.until);
        let first = token.map(CachedToken::not_renewed_before);
        [facts.renew_at, first, spaced, failure].into_iter().flatten().max().unwrap_or(now)
    }
}
