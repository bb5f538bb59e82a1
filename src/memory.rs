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
    /// Counts uses; the smallest is the longest ago.
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    token: CachedToken,
    last_used: u64,
    /// When a background renewal was started.
    renewal_claimed_at: Option<UnixMillis>,
}

impl Entries {
    fn next_use(&mut self) -> u64 {
        self.uses = self.uses.saturating_add(1);
        self.uses
    }

    /// Looks at every entry, which costs microseconds, and only when a new token finds no room.
    fn make_room(&mut self) {
        let oldest = self.tokens.iter().min_by_key(|(_, entry)| entry.last_used);
        if let Some(key) = oldest.map(|(key, _)| *key) {
            self.tokens.remove(&key);
        }
    }
}

impl TokenMemory for IsolateMemory {
    fn recall(&self, key: &TokenKey) -> Option<CachedToken> {
        let mut entries = self.0.borrow_mut();
        let now = entries.next_use();
        let entry = entries.tokens.get_mut(key)?;
        entry.last_used = now;
        Some(entry.token.clone())
    }

    fn remember(&self, key: TokenKey, token: CachedToken, now: UnixMillis) {
        let mut entries = self.0.borrow_mut();
        let last_used = entries.next_use();
        let mut renewal_claimed_at = None;
        match entries.tokens.get(&key) {
            // Answers may overtake each other.
            Some(known) if is_servable(&known.token, now) && !token.supersedes(&known.token) => {
                return;
            }
            // The same again, because upstream fails: the next renewal may wait as well.
            Some(known) if token == known.token => renewal_claimed_at = known.renewal_claimed_at,
            None if entries.tokens.len() >= ISOLATE_TOKENS_MAX => entries.make_room(),
            _ => {}
        }
        entries.tokens.insert(key, Entry { token, last_used, renewal_claimed_at });
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
