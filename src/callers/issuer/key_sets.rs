//! The key sets that an isolate knows, and which request may fetch a newer one from an issuer.
//!
//! One request cannot await another one's fetch in a Worker. It looks here again instead, until the
//! other one has left its result.

use std::cell::RefCell;
use std::rc::Rc;

use super::search::{Search, Standing, retry_after_secs};
use super::stored::KeySetName;
use crate::base::limits::{
    ISSUER_ASK_SPACING, ISSUER_FAILURE_MEMORY, KEY_SET_CLAIM, KEY_SET_CLAIM_COLD, KEY_SET_FRESH,
    KEY_SET_GOOD, KEY_SETS_MAX,
};
use crate::base::lru::LruMap;
use crate::base::time::{Millis, UnixMillis};
use crate::jwt::jwks::KeySet;
use crate::jwt::{IssuerFault, IssuerOutage, JwtFault};

/// Up to [`KEY_SETS_MAX`] key sets.
#[derive(Debug)]
pub struct KeySets(RefCell<LruMap<Entry>>);

#[derive(Debug, Default)]
struct Entry {
    held: Option<HeldKeySet>,
    /// The key set before, whose keys the issuer may have withdrawn.
    previous: Option<Rc<KeySet>>,
    /// When a request claimed to fetch keys. The runtime may end that request with its caller, so a
    /// claim lapses.
    claimed_at: Option<UnixMillis>,
    /// When the issuer last got a request for newer keys. The request for its first ones is not
    /// counted.
    requested_at: Option<UnixMillis>,
    /// When it would have got one for a JWT whose claims do not fit.
    pretended_at: Option<UnixMillis>,
    /// Why the last fetch failed, and when.
    failure: Option<(IssuerFault, UnixMillis)>,
}

/// A key set, and the instant just before it was requested.
#[derive(Clone, Debug)]
pub(super) struct HeldKeySet {
    pub(super) keys: Rc<KeySet>,
    pub(super) fetched_at: UnixMillis,
}

/// What a request for a key does next.
#[derive(Debug)]
pub(super) enum NextStep {
    /// Try the keys of this set.
    Try(Rc<KeySet>),
    /// Fetch keys. No other request does so now.
    Obtain,
    /// Look again in a moment, because another request fetches keys.
    Wait,
    /// Refuse the JWT: [`KeySets::refusal`].
    Refuse,
}

impl Default for KeySets {
    fn default() -> Self {
        Self(RefCell::new(LruMap::new(KEY_SETS_MAX)))
    }
}

impl KeySets {
    /// Whether a JWT that comes now is answered by a request to the issuer: one for itself, or one that
    /// is under way. Otherwise the issuer was asked a moment ago, and has perhaps newer keys.
    pub(super) fn has_turn(&self, name: &KeySetName, now: UnixMillis) -> bool {
        self.with(name, |entry| {
            let asked = entry.requested_at.filter(|_| !entry.is_claimed(KEY_SET_CLAIM, now));
            !is_within(ISSUER_ASK_SPACING, asked, now)
                && !is_within(ISSUER_ASK_SPACING, entry.pretended_at, now)
        })
    }

    /// What to do next for a JWT. [`NextStep::Obtain`] claims the fetch, so the next request gets
    /// another answer.
    pub(super) fn next(&self, name: &KeySetName, search: &Search, now: UnixMillis) -> NextStep {
        self.with(name, |entry| match entry.held.clone().filter(|held| held.is_good(now)) {
            Some(held) => entry.next_warm(held, search, now),
            None => entry.next_cold(now),
        })
    }

    /// Why a JWT is refused that [`Self::next`] refuses, and that may have named the key `key_id`.
    pub(super) fn refusal(
        &self,
        name: &KeySetName,
        search: &Search,
        key_id: Option<&str>,
        now: UnixMillis,
    ) -> JwtFault {
        self.with(name, |entry| entry.refusal(search, key_id, now))
    }

    /// Notes that a request goes to the issuer now. It counts unless it is for the first keys.
    pub(super) fn note_request(&self, name: &KeySetName, knows_copy: bool, now: UnixMillis) {
        self.with(name, |entry| {
            if knows_copy || entry.held.is_some() {
                entry.requested_at = Some(now);
            }
        });
    }

    /// The keys that are held, good or not.
    pub(super) fn held(&self, name: &KeySetName) -> Option<Rc<KeySet>> {
        self.with(name, |entry| entry.held.as_ref().map(|held| Rc::clone(&held.keys)))
    }

    /// Keeps keys that come from the issuer, and ends the claim.
    pub(super) fn keep(&self, name: &KeySetName, keys: HeldKeySet) {
        self.with(name, |entry| entry.keep(keys));
    }

    /// Keeps keys that come from the store, and ends the claim, unless newer keys are here: a withdrawn
    /// key must not come back. Returns whether it kept them.
    pub(super) fn keep_copy(&self, name: &KeySetName, copy: &HeldKeySet) -> bool {
        self.with(name, |entry| {
            let newer = entry.held.as_ref().is_none_or(|held| held.fetched_at < copy.fetched_at);
            if newer {
                entry.keep(copy.clone());
            }
            newer
        })
    }

    /// Notes that the issuer gave no keys, and ends the claim.
    pub(super) fn note_failure(&self, name: &KeySetName, fault: IssuerFault, now: UnixMillis) {
        self.with(name, |entry| {
            entry.claimed_at = None;
            entry.failure = Some((fault, now));
        });
    }

    fn with<T>(&self, name: &KeySetName, change: impl FnOnce(&mut Entry) -> T) -> T {
        let (mut sets, mut spare) = (self.0.borrow_mut(), Entry::default());
        change(entry(&mut sets, name).unwrap_or(&mut spare))
    }
}

/// The entry under `name`, new if there is none. There always is one, as there is room for some.
fn entry<'s>(sets: &'s mut LruMap<Entry>, name: &KeySetName) -> Option<&'s mut Entry> {
    if sets.peek(name.as_bytes()).is_none() {
        sets.put(*name.as_bytes(), Entry::default());
    }
    sets.get(name.as_bytes())
}

impl Entry {
    fn keep(&mut self, keys: HeldKeySet) {
        self.previous = self.held.replace(keys).map(|held| held.keys);
        (self.claimed_at, self.failure) = (None, None);
    }

    fn is_claimed(&self, lapses: Millis, now: UnixMillis) -> bool {
        is_within(lapses, self.claimed_at, now)
    }

    /// Why a fetch failed not long ago.
    fn recent_failure(&self, now: UnixMillis) -> Option<IssuerFault> {
        self.failure
            .filter(|(_, at)| is_within(ISSUER_ASK_SPACING, Some(*at), now))
            .map(|(fault, _)| fault)
    }

    fn next_warm(&mut self, held: HeldKeySet, search: &Search, now: UnixMillis) -> NextStep {
        let tried = search.has_tried(&held.keys);
        let claimed = self.is_claimed(KEY_SET_CLAIM, now);
        let may_ask = search.standing == Standing::Fit && !search.has_asked;
        let asked = claimed || is_within(ISSUER_ASK_SPACING, self.requested_at, now);
        if may_ask && !asked && (tried || !held.is_fresh(now)) {
            self.claimed_at = Some(now);
            return NextStep::Obtain;
        }
        if !tried {
            return NextStep::Try(held.keys);
        }
        // Nobody waits for an issuer that failed a moment ago.
        let worth_waiting = may_ask && claimed && self.recent_failure(now).is_none();
        if worth_waiting { NextStep::Wait } else { NextStep::Refuse }
    }

    fn next_cold(&mut self, now: UnixMillis) -> NextStep {
        let failed = self.recent_failure(now).is_some();
        let remembered = self.failure.map(|(_, at)| at);
        if is_within(ISSUER_FAILURE_MEMORY, remembered, now) {
            return NextStep::Refuse;
        }
        // After a failure one request alone tries whether the issuer is back, and nobody waits for it.
        let lapses = if failed { KEY_SET_CLAIM } else { KEY_SET_CLAIM_COLD };
        match self.is_claimed(lapses, now) {
            true if failed => NextStep::Refuse,
            true => NextStep::Wait,
            false => {
                self.claimed_at = Some(now);
                NextStep::Obtain
            }
        }
    }

    fn refusal(&mut self, search: &Search, key_id: Option<&str>, now: UnixMillis) -> JwtFault {
        let failure = self.recent_failure(now);
        let Some((keys, fault)) = &search.tried else {
            return self.outage(failure.unwrap_or(IssuerFault::NotInTime), now);
        };
        let fresh = self.held.as_ref().is_some_and(|held| held.is_fresh(now));
        let before = self.previous.as_ref();
        let named = |id| keys.names(id) || before.is_some_and(|before| before.names(id));
        // A new key usually has a new name, so a fresh key set decides about the names that it knows.
        let settled = *fault == JwtFault::KeyAmbiguous || (fresh && key_id.is_some_and(named));
        if search.standing == Standing::Impossible || settled {
            self.pretend(search, now);
            return *fault;
        }
        match failure {
            Some(cause) => self.outage(cause, now),
            None if search.has_turn => {
                self.pretend(search, now);
                *fault
            }
            None => self.outage(IssuerFault::AskedLately, now),
        }
    }

    /// Lets a JWT for which the issuer is not asked look like one for which it is. Otherwise the next
    /// answer would tell whether the claims of this one fit.
    fn pretend(&mut self, search: &Search, now: UnixMillis) {
        if search.standing == Standing::Unfit && search.has_turn {
            self.pretended_at = Some(now);
        }
    }

    fn outage(&self, cause: IssuerFault, now: UnixMillis) -> JwtFault {
        let again_at = match self.held.as_ref().filter(|held| held.is_good(now)) {
            Some(_) => {
                let last = self.requested_at.max(self.pretended_at);
                last.map(|at| at.plus(ISSUER_ASK_SPACING))
            }
            None => self.failure.map(|(_, at)| at.plus(ISSUER_FAILURE_MEMORY)),
        };
        let retry_after_secs = retry_after_secs(again_at, now);
        JwtFault::KeysUnavailable(IssuerOutage { cause, retry_after_secs })
    }
}

/// Whether `at` is less than `span` ago.
fn is_within(span: Millis, at: Option<UnixMillis>, now: UnixMillis) -> bool {
    at.is_some_and(|at| now < at.plus(span))
}

impl HeldKeySet {
    pub(super) fn is_fresh(&self, now: UnixMillis) -> bool {
        is_within(KEY_SET_FRESH, Some(self.fetched_at), now)
    }

    pub(super) fn is_good(&self, now: UnixMillis) -> bool {
        is_within(KEY_SET_GOOD, Some(self.fetched_at), now)
    }
}
