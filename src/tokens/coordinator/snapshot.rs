//! What a coordinator knows and saves: its newest token, and facts about it.

use crate::base::cbor;
use crate::base::limits::{FAILURE_MEMORY_MAX, RENEWAL_SPACING};
use crate::base::secret::TokenDigest;
use crate::base::time::UnixMillis;
use crate::tokens::forced::{Forced, ForcedAt};
use crate::tokens::token::{CachedToken, Freshness};
use crate::upstream::failure::Failure;

/// Everything that outlives the object's memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The newest token.
    pub token: Option<CachedToken>,
    /// The rest.
    pub facts: Facts,
}

/// The part of a [`Snapshot`] that is not secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The generation of the newest token, or a higher one.
    pub generation: u64,
    /// The newest failure, until a token comes.
    pub failure: Option<Failure>,
    /// When an isolate last called.
    pub asked_at: Option<UnixMillis>,
    /// When the newest token was requested, if it was to be better than another one. Upstream has
    /// no better one for a while after that.
    pub fetched_at: Option<UnixMillis>,
    /// When the alarm renews the token. Its jitter is drawn once.
    pub renew_at: Option<UnixMillis>,
    /// The last rejected token for which upstream has answered, without claims. There is no second
    /// such request for it.
    pub rejected: Option<TokenDigest>,
    /// When a flight without claims last started because a token was rejected.
    pub forced_at: Option<UnixMillis>,
    /// When a flight with the claims of a challenge last started.
    pub challenged_at: Option<UnixMillis>,
}

cbor::record!(Facts {
    generation,
    failure,
    asked_at,
    fetched_at,
    renew_at,
    rejected,
    forced_at,
    challenged_at,
});

impl Facts {
    pub(super) const fn forced_at(&self) -> ForcedAt {
        ForcedAt { report: self.forced_at, challenge: self.challenged_at }
    }

    pub(super) const fn note_forced(&mut self, forced: Forced, at: Option<UnixMillis>) {
        match forced {
            Forced::Report => self.forced_at = at,
            Forced::Challenge => self.challenged_at = at,
        }
    }
}

impl Snapshot {
    /// The token, if it may still be served.
    pub(super) fn held(&self, now: UnixMillis) -> Option<&CachedToken> {
        self.token.as_ref().filter(|token| token.freshness(now) != Freshness::Expired)
    }

    pub(super) fn is_due(&self, now: UnixMillis) -> bool {
        self.token.as_ref().is_none_or(|token| token.freshness(now) != Freshness::Fresh)
    }

    /// After this instant the snapshot is of no use. A failure stays longer than its own time, so
    /// that the next one in a row counts on. A forced flight stays for as long as it delays the next.
    pub(super) fn last_use(&self) -> Option<UnixMillis> {
        let expiry = self.token.as_ref().map(|token| token.expires_at);
        let failure = self.facts.failure.as_ref();
        let forced = self.facts.forced_at.max(self.facts.challenged_at);
        let forced = forced.map(|at| at.plus(RENEWAL_SPACING));
        expiry.max(failure.map(|failure| failure.until.plus(FAILURE_MEMORY_MAX))).max(forced)
    }

    /// When to renew next: before an isolate calls for it, but not while a failure lasts.
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
