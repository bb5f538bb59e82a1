//! The memory of one isolate: the first tier. Values only, bounded, least recently used out first.

use std::cell::RefCell;

use crate::base::limits::{ISOLATE_TOKENS_MAX, RENEWAL_CLAIM, RENEWAL_SPACING};
use crate::base::lru::RecentlyUsed;
use crate::base::secret::AccessToken;
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::tokens::ports::{RecalledFailure, TokenMemory};
use crate::tokens::token::CachedToken;
use crate::upstream::token_key::TokenKey;

/// Up to [`ISOLATE_TOKENS_MAX`] tokens.
#[derive(Debug)]
pub struct IsolateMemory {
    tokens: RefCell<RecentlyUsed<Entry>>,
    failures: RefCell<SortedMap<TokenKey, RecalledFailure>>,
}

#[derive(Debug)]
struct Entry {
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
    const fn new(token: CachedToken) -> Self {
        Self { token, renewal_claimed_at: None, best_at: None, forced_at: None, rejected: None }
    }
}

impl Default for IsolateMemory {
    fn default() -> Self {
        let tokens = RefCell::new(RecentlyUsed::new(ISOLATE_TOKENS_MAX));
        Self { tokens, failures: RefCell::default() }
    }
}

impl TokenMemory for IsolateMemory {
    fn recall(&self, key: &TokenKey) -> Option<CachedToken> {
        self.tokens.borrow_mut().get(key.as_bytes()).map(|entry| entry.token.clone())
    }

    fn remember(&self, key: TokenKey, token: CachedToken, now: UnixMillis) {
        let mut tokens = self.tokens.borrow_mut();
        let Some(known) = tokens.get(key.as_bytes()) else {
            self.failures.borrow_mut().remove(&key);
            return tokens.put(*key.as_bytes(), Entry::new(token));
        };
        // Answers may overtake each other.
        if known.token.is_servable(now) && !token.supersedes(&known.token) {
            return;
        }
        if token != known.token {
            (known.token, known.best_at) = (token, None);
            self.failures.borrow_mut().remove(&key);
        }
    }

    fn note_best(&self, key: &TokenKey, now: UnixMillis) {
        if let Some(entry) = self.tokens.borrow_mut().peek(key.as_bytes()) {
            entry.best_at = Some(now);
        }
    }

    fn is_best(&self, key: &TokenKey, now: UnixMillis) -> bool {
        let mut tokens = self.tokens.borrow_mut();
        let best_at = tokens.peek(key.as_bytes()).and_then(|entry| entry.best_at);
        best_at.is_some_and(|at| now < at.plus(RENEWAL_SPACING))
    }

    fn failure(&self, key: &TokenKey) -> Option<RecalledFailure> {
        self.failures.borrow().get(key).cloned()
    }

    fn remember_failure(&self, key: TokenKey, failure: RecalledFailure) {
        let mut failures = self.failures.borrow_mut();
        if failures.len() >= ISOLATE_TOKENS_MAX {
            failures.clear();
        }
        failures.insert(key, failure);
    }

    fn claim_renewal(&self, key: &TokenKey, now: UnixMillis) -> bool {
        let mut tokens = self.tokens.borrow_mut();
        let Some(entry) = tokens.peek(key.as_bytes()) else { return false };
        let claimed = entry.renewal_claimed_at.is_some_and(|at| now < at.plus(RENEWAL_CLAIM));
        if !claimed {
            entry.renewal_claimed_at = Some(now);
        }
        !claimed
    }

    fn claim_forced(&self, key: &TokenKey, token: &CachedToken, now: UnixMillis) -> bool {
        let mut tokens = self.tokens.borrow_mut();
        let Some(entry) = tokens.peek(key.as_bytes()) else { return false };
        let spacing = token.forced_spacing();
        let just_now = entry.forced_at.is_some_and(|at| now < at.plus(spacing));
        let claimed = !just_now && entry.rejected.as_ref() != Some(&token.access_token);
        if claimed {
            entry.forced_at = Some(now);
        }
        claimed
    }

    fn note_forced(&self, key: &TokenKey, token: &CachedToken) {
        if let Some(entry) = self.tokens.borrow_mut().peek(key.as_bytes()) {
            entry.rejected = Some(token.access_token.clone());
        }
    }

    fn release_forced(&self, key: &TokenKey) {
        if let Some(entry) = self.tokens.borrow_mut().peek(key.as_bytes()) {
            entry.forced_at = None;
        }
    }
}
