//! The memory of one isolate: the first tier. Values only, bounded, least recently used out first.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::keys::TokenKey;
use crate::limits::{ISOLATE_TOKENS_MAX, RENEWAL_CLAIM, RENEWAL_SPACING};
use crate::policy::freshness::{forced_spacing, is_servable};
use crate::ports::{RecalledFailure, TokenMemory};
use crate::record::CachedToken;
use crate::secret::AccessToken;
use crate::time::UnixMillis;

/// Up to [`ISOLATE_TOKENS_MAX`] tokens.
#[derive(Debug, Default)]
pub struct IsolateMemory(RefCell<Entries>);

#[derive(Debug, Default)]
struct Entries {
    places: BTreeMap<TokenKey, usize>,
    slots: Vec<Entry>,
    /// When each slot was last used. Close together: the oldest is looked for among all of them.
    last_used: Vec<u64>,
    /// Counts uses; the smallest is the longest ago.
    uses: u64,
    failures: BTreeMap<TokenKey, RecalledFailure>,
}

#[derive(Debug)]
struct Entry {
    key: TokenKey,
    token: CachedToken,
    /// When a background renewal was started. A new token does not end that: one that is due from
    /// the start must not be renewed by every request.
    renewal_claimed_at: Option<UnixMillis>,
    /// When upstream had no better one.
    best_at: Option<UnixMillis>,
    /// When upstream was last asked because a token was rejected.
    forced_at: Option<UnixMillis>,
    /// The last rejected token that upstream has answered for.
    rejected: Option<AccessToken>,
}

impl Entry {
    const fn new(key: TokenKey, token: CachedToken) -> Self {
        Self {
            key,
            token,
            renewal_claimed_at: None,
            best_at: None,
            forced_at: None,
            rejected: None,
        }
    }
}

impl Entries {
    fn get(&mut self, key: &TokenKey) -> Option<&mut Entry> {
        self.slots.get_mut(*self.places.get(key)?)
    }

    fn use_now(&mut self, key: &TokenKey) -> Option<&mut Entry> {
        self.uses = self.uses.saturating_add(1);
        let place = *self.places.get(key)?;
        *self.last_used.get_mut(place)? = self.uses;
        self.slots.get_mut(place)
    }

    /// Adds what is not there yet, in the place of the least recently used if there is no room.
    fn insert(&mut self, key: TokenKey, token: CachedToken) {
        self.failures.remove(&key);
        let new = Entry::new(key, token);
        if self.slots.len() < ISOLATE_TOKENS_MAX {
            self.places.insert(key, self.slots.len());
            self.slots.push(new);
            self.last_used.push(self.uses);
            return;
        }
        let oldest = self.last_used.iter_mut().enumerate().min_by_key(|(_, used)| **used);
        if let Some((place, last_used)) = oldest
            && let Some(entry) = self.slots.get_mut(place)
        {
            self.places.remove(&entry.key);
            self.places.insert(key, place);
            (*last_used, *entry) = (self.uses, new);
        }
    }
}

impl TokenMemory for IsolateMemory {
    fn recall(&self, key: &TokenKey) -> Option<CachedToken> {
        self.0.borrow_mut().use_now(key).map(|entry| entry.token.clone())
    }

    fn remember(&self, key: TokenKey, token: CachedToken, now: UnixMillis) {
        let mut entries = self.0.borrow_mut();
        let Some(known) = entries.use_now(&key) else {
            return entries.insert(key, token);
        };
        // Answers may overtake each other.
        if is_servable(&known.token, now) && !token.supersedes(&known.token) {
            return;
        }
        if token != known.token {
            (known.token, known.best_at) = (token, None);
            entries.failures.remove(&key);
        }
    }

    fn note_best(&self, key: &TokenKey, now: UnixMillis) {
        if let Some(entry) = self.0.borrow_mut().get(key) {
            entry.best_at = Some(now);
        }
    }

    fn is_best(&self, key: &TokenKey, now: UnixMillis) -> bool {
        let mut entries = self.0.borrow_mut();
        let best_at = entries.get(key).and_then(|entry| entry.best_at);
        best_at.is_some_and(|at| now < at.plus(RENEWAL_SPACING))
    }

    fn failure(&self, key: &TokenKey) -> Option<RecalledFailure> {
        self.0.borrow().failures.get(key).cloned()
    }

    fn remember_failure(&self, key: TokenKey, failure: RecalledFailure) {
        let failures = &mut self.0.borrow_mut().failures;
        if failures.len() >= ISOLATE_TOKENS_MAX {
            failures.clear();
        }
        failures.insert(key, failure);
    }

    fn claim_renewal(&self, key: &TokenKey, now: UnixMillis) -> bool {
        let mut entries = self.0.borrow_mut();
        let Some(entry) = entries.get(key) else { return false };
        let claimed = entry.renewal_claimed_at.is_some_and(|at| now < at.plus(RENEWAL_CLAIM));
        if !claimed {
            entry.renewal_claimed_at = Some(now);
        }
        !claimed
    }

    fn claim_forced(&self, key: &TokenKey, token: &CachedToken, now: UnixMillis) -> bool {
        let mut entries = self.0.borrow_mut();
        let Some(entry) = entries.get(key) else { return false };
        let spacing = forced_spacing(token);
        let just_now = entry.forced_at.is_some_and(|at| now < at.plus(spacing));
        let claimed = !just_now && entry.rejected.as_ref() != Some(&token.access_token);
        if claimed {
            entry.forced_at = Some(now);
        }
        claimed
    }

    fn note_forced(&self, key: &TokenKey, token: &CachedToken) {
        if let Some(entry) = self.0.borrow_mut().get(key) {
            entry.rejected = Some(token.access_token.clone());
        }
    }

    fn release_forced(&self, key: &TokenKey) {
        if let Some(entry) = self.0.borrow_mut().get(key) {
            entry.forced_at = None;
        }
    }
}
