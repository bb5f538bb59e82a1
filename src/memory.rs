//! The memory of one isolate: the first tier. Values only, bounded, least recently used out first.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::keys::TokenKey;
use crate::limits::{ISOLATE_TOKENS_MAX, RENEWAL_CLAIM};
use crate::policy::freshness::is_servable;
use crate::ports::TokenMemory;
use crate::record::CachedToken;
use crate::time::UnixMillis;

/// Up to [`ISOLATE_TOKENS_MAX`] tokens.
#[derive(Debug, Default)]
pub struct IsolateMemory(RefCell<Entries>);

#[derive(Debug, Default)]
struct Entries {
    tokens: BTreeMap<TokenKey, Entry>,
    /// Counts uses; each entry's last use is in `by_use` as well, oldest first.
    uses: u64,
    by_use: BTreeMap<u64, TokenKey>,
}

#[derive(Debug)]
struct Entry {
    token: CachedToken,
    last_used: u64,
    /// When a background renewal was started.
    renewal_claimed_at: Option<UnixMillis>,
}

impl Entries {
    fn use_now(&mut self, key: &TokenKey) -> Option<&mut Entry> {
        let entry = self.tokens.get_mut(key)?;
        self.by_use.remove(&entry.last_used);
        self.uses = self.uses.saturating_add(1);
        self.by_use.insert(self.uses, *key);
        entry.last_used = self.uses;
        Some(entry)
    }

    fn insert(&mut self, key: TokenKey, token: CachedToken) {
        if self.tokens.len() >= ISOLATE_TOKENS_MAX
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.tokens.remove(&oldest);
        }
        self.uses = self.uses.saturating_add(1);
        self.by_use.insert(self.uses, key);
        self.tokens.insert(key, Entry { token, last_used: self.uses, renewal_claimed_at: None });
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
        // The same again, because upstream fails: the next renewal may wait as well.
        if token != known.token {
            (known.token, known.renewal_claimed_at) = (token, None);
        }
    }

    fn claim_renewal(&self, key: &TokenKey, now: UnixMillis) -> bool {
        let mut entries = self.0.borrow_mut();
        let Some(entry) = entries.tokens.get_mut(key) else { return false };
        let claimed = entry.renewal_claimed_at.is_some_and(|at| now < at.plus(RENEWAL_CLAIM));
        if !claimed {
            entry.renewal_claimed_at = Some(now);
        }
        !claimed
    }
}
