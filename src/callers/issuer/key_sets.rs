//! The key sets that an isolate knows, and who may ask an issuer for newer ones. Values only: a
//! request that waits for another one's answer looks here again.

use std::cell::RefCell;
use std::rc::Rc;

use super::stored::KeySetName;
use crate::base::limits::{
    ISSUER_ASK_SPACING, ISSUER_FAILURE_MEMORY, KEY_SET_CLAIM, KEY_SET_CLAIM_COLD, KEY_SET_FRESH,
    KEY_SET_GOOD, KEY_SETS_MAX,
};
use crate::base::lru::RecentlyUsed;
use crate::base::time::UnixMillis;
use crate::jwt::JwtFault;
use crate::jwt::compact::Header;
use crate::jwt::jwks::{Found, KeySet};

/// Up to [`KEY_SETS_MAX`] key sets.
#[derive(Debug)]
pub struct KeySets(RefCell<RecentlyUsed<Entry>>);

#[derive(Debug, Default)]
struct Entry {
    held: Option<Held>,
    /// When a request went to get keys. It may be lost with its caller, so a claim lapses.
    claimed_at: Option<UnixMillis>,
    /// When the issuer was last asked for more than it had given; the first time is not meant.
    asked_at: Option<UnixMillis>,
    /// How that went wrong, and when.
    failure: Option<(JwtFault, UnixMillis)>,
}

/// Keys, and just before they were asked for.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) keys: Rc<KeySet>,
    pub(super) fetched_at: UnixMillis,
}

/// What a request for a key does next.
#[derive(Debug)]
pub(super) enum Step {
    /// Take it from these.
    Use(Rc<KeySet>),
    /// Get keys; nobody else does.
    Obtain,
    /// Look again in a moment: somebody else is getting keys.
    Wait,
    /// Give up.
    Refuse(JwtFault),
}

impl Default for KeySets {
    fn default() -> Self {
        Self(RefCell::new(RecentlyUsed::new(KEY_SETS_MAX)))
    }
}

impl KeySets {
    /// What to do for a JWT with `header`. [`Step::Obtain`] is marked before it is returned, so that
    /// the next request does something else.
    /// `may_ask`: whoever has just got keys makes do with them.
    pub(super) fn next(
        &self,
        name: &KeySetName,
        header: &Header,
        may_ask: bool,
        now: UnixMillis,
    ) -> Step {
        self.with(name, |entry| match entry.held.clone().filter(|held| held.is_good(now)) {
            Some(held) => entry.next_warm(&held, header, may_ask, now),
            None => entry.next_cold(now),
        })
    }

    /// Notes that the issuer is asked now for more than it had given.
    pub(super) fn note_ask(&self, name: &KeySetName, now: UnixMillis) {
        self.with(name, |entry| entry.asked_at = Some(now));
    }

    /// Keeps the issuer's keys, and ends the claim.
    pub(super) fn keep(&self, name: &KeySetName, keys: Held) {
        self.with(name, |entry| entry.keep(keys));
    }

    /// The same with a copy, unless newer keys are here: a key that was withdrawn must not come back.
    pub(super) fn keep_copy(&self, name: &KeySetName, copy: &Held) -> bool {
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
    fn keep(&mut self, keys: Held) {
        self.held = Some(keys);
        (self.claimed_at, self.failure) = (None, None);
    }

    fn next_warm(&mut self, held: &Held, header: &Header, may_ask: bool, now: UnixMillis) -> Step {
        if held.is_enough(header, now) {
            return Step::Use(Rc::clone(&held.keys));
        }
        let claimed = self.claimed_at.is_some_and(|at| now < at.plus(KEY_SET_CLAIM));
        let asked = self.asked_at.is_some_and(|at| now < at.plus(ISSUER_ASK_SPACING));
        if may_ask && !claimed && !asked {
            (self.claimed_at, self.asked_at) = (Some(now), Some(now));
            return Step::Obtain;
        }
        match self.failure {
            _ if held.knows(header) => Step::Use(Rc::clone(&held.keys)),
            _ if claimed => Step::Wait,
            Some((fault, _)) => Step::Refuse(fault),
            None => Step::Refuse(JwtFault::KeyUnknown),
        }
    }

    fn next_cold(&mut self, now: UnixMillis) -> Step {
        let lapses = match self.failure {
            Some((fault, at)) if now < at.plus(ISSUER_FAILURE_MEMORY) => {
                return Step::Refuse(fault);
            }
            // It is asked to see whether it is back: by one request.
            Some(_) => KEY_SET_CLAIM,
            None => KEY_SET_CLAIM_COLD,
        };
        if self.claimed_at.is_some_and(|at| now < at.plus(lapses)) {
            return Step::Wait;
        }
        self.claimed_at = Some(now);
        Step::Obtain
    }
}

impl Held {
    /// Whether the issuer need not be asked for a JWT with `header`.
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
