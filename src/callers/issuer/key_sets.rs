//! The key sets that an isolate knows, and which request may fetch a newer one from an issuer.
//!
//! One request cannot await another one's fetch in a Worker. It looks here again instead, until the
//! other one has left its result.

use std::cell::RefCell;
use std::rc::Rc;

use super::stored::KeySetName;
use crate::base::limits::{
    ISSUER_ASK_SPACING, ISSUER_FAILURE_MEMORY, KEY_SET_CLAIM, KEY_SET_CLAIM_COLD, KEY_SET_FRESH,
    KEY_SET_GOOD, KEY_SETS_MAX,
};
use crate::base::lru::LruMap;
use crate::base::time::UnixMillis;
use crate::jwt::JwtFault;
use crate::jwt::compact::Header;
use crate::jwt::jwks::{Found, KeySet};

/// Up to [`KEY_SETS_MAX`] key sets.
#[derive(Debug)]
pub struct KeySets(RefCell<LruMap<Entry>>);

#[derive(Debug, Default)]
struct Entry {
    held: Option<HeldKeySet>,
    /// When a request claimed to fetch keys. The runtime may end that request with its caller, so a
    /// claim lapses.
    claimed_at: Option<UnixMillis>,
    /// When the issuer last got a request for newer keys. The request for its first ones is not
    /// counted.
    requested_at: Option<UnixMillis>,
    /// Why the last fetch failed, and when.
    failure: Option<(JwtFault, UnixMillis)>,
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
    /// Take the key from this set.
    Use(Rc<KeySet>),
    /// Fetch keys. No other request does so now.
    Obtain,
    /// Look again in a moment, because another request fetches keys.
    Wait,
    /// Refuse the JWT.
    Refuse(JwtFault),
}

impl Default for KeySets {
    fn default() -> Self {
        Self(RefCell::new(LruMap::new(KEY_SETS_MAX)))
    }
}

impl KeySets {
    /// What to do for a JWT with `header`. [`NextStep::Obtain`] claims the fetch, so the next request
    /// gets another answer. A request that has just fetched keys has no `may_request`.
    pub(super) fn next(
        &self,
        name: &KeySetName,
        header: &Header,
        may_request: bool,
        now: UnixMillis,
    ) -> NextStep {
        self.with(name, |entry| match entry.held.clone().filter(|held| held.is_good(now)) {
            Some(held) => entry.next_warm(&held, header, may_request, now),
            None => entry.next_cold(now),
        })
    }

    /// Notes that a request for newer keys goes to the issuer now.
    pub(super) fn note_request(&self, name: &KeySetName, now: UnixMillis) {
        self.with(name, |entry| entry.requested_at = Some(now));
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
    pub(super) fn note_failure(&self, name: &KeySetName, fault: JwtFault, now: UnixMillis) {
        self.with(name, |entry| {
            entry.claimed_at = None;
            entry.failure = Some((fault, now));
        });
    }

    fn with<T>(&self, name: &KeySetName, change: impl FnOnce(&mut Entry) -> T) -> T {
        let mut sets = self.0.borrow_mut();
        if let Some(entry) = sets.get(name.as_bytes()) {
            return change(entry);
        }
        let mut entry = Entry::default();
        let result = change(&mut entry);
        sets.put(*name.as_bytes(), entry);
        result
    }
}

impl Entry {
    fn keep(&mut self, keys: HeldKeySet) {
        self.held = Some(keys);
        (self.claimed_at, self.failure) = (None, None);
    }

    fn next_warm(
        &mut self,
        held: &HeldKeySet,
        header: &Header,
        may_request: bool,
        now: UnixMillis,
    ) -> NextStep {
        if held.is_enough(header, now) {
            return NextStep::Use(Rc::clone(&held.keys));
        }
        let claimed = self.claimed_at.is_some_and(|at| now < at.plus(KEY_SET_CLAIM));
        let requested = self.requested_at.is_some_and(|at| now < at.plus(ISSUER_ASK_SPACING));
        if may_request && !claimed && !requested {
            (self.claimed_at, self.requested_at) = (Some(now), Some(now));
            return NextStep::Obtain;
        }
        match self.failure {
            _ if held.knows(header) => NextStep::Use(Rc::clone(&held.keys)),
            _ if claimed => NextStep::Wait,
            Some((fault, _)) => NextStep::Refuse(fault),
            None => NextStep::Refuse(JwtFault::KeyUnknown),
        }
    }

    fn next_cold(&mut self, now: UnixMillis) -> NextStep {
        let lapses = match self.failure {
            Some((fault, at)) if now < at.plus(ISSUER_FAILURE_MEMORY) => {
                return NextStep::Refuse(fault);
            }
            // One request alone tries whether the issuer is back.
            Some(_) => KEY_SET_CLAIM,
            None => KEY_SET_CLAIM_COLD,
        };
        if self.claimed_at.is_some_and(|at| now < at.plus(lapses)) {
            return NextStep::Wait;
        }
        self.claimed_at = Some(now);
        NextStep::Obtain
    }
}

impl HeldKeySet {
    /// Whether a JWT with `header` takes no request to the issuer.
    pub(super) fn is_enough(&self, header: &Header, now: UnixMillis) -> bool {
        self.is_fresh(now) && self.knows(header)
    }

    pub(super) fn is_fresh(&self, now: UnixMillis) -> bool {
        now < self.fetched_at.plus(KEY_SET_FRESH)
    }

    fn is_good(&self, now: UnixMillis) -> bool {
        now < self.fetched_at.plus(KEY_SET_GOOD)
    }

    fn knows(&self, header: &Header) -> bool {
        !matches!(self.keys.find(header), Found::Unknown)
    }
}
