//! The upstream requests and the KV writes that an isolate has under way: one of each for a token key.
//! They are instants, and never locks or futures: a claim lapses, because a request may be lost.

use std::cell::RefCell;

use crate::base::limits::{ISOLATE_TOKENS_MAX, KV_WRITE_SPACING};
use crate::base::sorted_map::SortedMap;
use crate::base::time::{Millis, UnixMillis};
use crate::upstream::token_key::TokenKey;

/// The claims of one isolate.
#[derive(Debug, Default)]
pub struct UnderWay {
    /// When the upstream request for a token started.
    fetches: RefCell<SortedMap<TokenKey, UnixMillis>>,
    /// When the last write of a token starts or started.
    writes: RefCell<SortedMap<TokenKey, UnixMillis>>,
}

impl UnderWay {
    /// Whether an upstream request may start now: none is under way that is younger than `lapse`.
    #[must_use]
    pub fn claim_fetch(&self, key: TokenKey, now: UnixMillis, lapse: Millis) -> bool {
        let mut fetches = self.fetches.borrow_mut();
        let claimed = fetches.get(&key).is_some_and(|at| now < at.plus(lapse));
        if !claimed {
            put(&mut fetches, key, now);
        }
        !claimed
    }

    /// The upstream request has ended.
    pub fn release_fetch(&self, key: &TokenKey) {
        self.fetches.borrow_mut().remove(key);
    }

    /// How long to wait before a write, so that writes are [`KV_WRITE_SPACING`] apart. `None` if
    /// another write waits already: it will write the newest token.
    #[must_use]
    pub fn claim_write(&self, key: TokenKey, now: UnixMillis) -> Option<Millis> {
        let mut writes = self.writes.borrow_mut();
        let last = writes.get(&key).copied();
        if last.is_some_and(|at| now < at) {
            return None;
        }
        let next = last.map_or(now, |at| now.max(at.plus(KV_WRITE_SPACING)));
        put(&mut writes, key, next);
        Some(now.until(next))
    }
}

/// Forgotten claims cost a request or a write more.
fn put(claims: &mut SortedMap<TokenKey, UnixMillis>, key: TokenKey, at: UnixMillis) {
    if claims.len() >= ISOLATE_TOKENS_MAX {
        claims.clear();
    }
    claims.insert(key, at);
}
