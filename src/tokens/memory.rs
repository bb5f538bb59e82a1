//! The memory of one isolate: the first tier. It holds values only. A new value replaces the least
//! recently used one.

use std::cell::RefCell;

use crate::base::limits::{FAILURE_REUSE, ISOLATE_TOKENS_MAX, RENEWAL_CLAIM};
use crate::base::lru::LruMap;
use crate::base::secret::AccessToken;
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::tokens::forced::{Forced, ForcedAt};
use crate::tokens::search::NoTokens;
use crate::tokens::token::CachedToken;
use crate::tokens::under_way::UnderWay;
use crate::upstream::failure::RecalledFailure;
use crate::upstream::token_key::TokenKey;

/// Up to [`ISOLATE_TOKENS_MAX`] tokens.
#[derive(Debug)]
pub struct IsolateMemory {
    tokens: RefCell<LruMap<Entry>>,
    failures: RefCell<SortedMap<TokenKey, RecalledFailure>>,
    /// What of it is under way.
    pub under_way: UnderWay,
    /// When this isolate last sent upstream requests because a token was rejected.
    forced_at: RefCell<SortedMap<TokenKey, ForcedAt>>,
    /// Texts that were no token of a client.
    pub(super) no_tokens: NoTokens,
}

#[derive(Debug)]
struct Entry {
    token: CachedToken,
    /// When a renewal behind a response started. A new token does not reset it: otherwise every
    /// request would renew a token that was old when it came.
    renewal_claimed_at: Option<UnixMillis>,
    /// When upstream last gave the best token that it has.
    no_better_at: Option<UnixMillis>,
    /// The last rejected token for which upstream has answered, without claims.
    rejected: Option<AccessToken>,
    /// When a report of the token last changed nothing, and whether it had claims.
    in_vain: Option<(UnixMillis, bool)>,
}

impl Entry {
    const fn new(token: CachedToken) -> Self {
        Self { token, renewal_claimed_at: None, no_better_at: None, rejected: None, in_vain: None }
    }
}

impl Default for IsolateMemory {
    fn default() -> Self {
        let tokens = RefCell::new(LruMap::new(ISOLATE_TOKENS_MAX));
        Self {
            tokens,
            failures: RefCell::default(),
            under_way: UnderWay::default(),
            forced_at: RefCell::default(),
            no_tokens: NoTokens::default(),
        }
    }
}

impl IsolateMemory {
    /// The token under `key`, if it is still here.
    #[must_use]
    pub fn recall(&self, key: &TokenKey) -> Option<CachedToken> {
        self.tokens.borrow_mut().get(key.as_bytes()).map(|entry| entry.token.clone())
    }

    /// Keeps `token` while there is room for it. It does not replace a token that may still be
    /// served and that it does not supersede.
    pub fn remember(&self, key: TokenKey, token: CachedToken, now: UnixMillis) {
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
            (known.token, known.no_better_at, known.in_vain) = (token, None, None);
            self.failures.borrow_mut().remove(&key);
        }
    }

    /// Notes that upstream has no better token than the one here.
    pub fn note_no_better_token(&self, key: &TokenKey, now: UnixMillis) {
        if let Some(entry) = self.tokens.borrow_mut().peek(key.as_bytes()) {
            entry.no_better_at = Some(now);
        }
    }

    /// Whether that was noted within the token's spacing of renewals.
    #[must_use]
    pub fn no_better_token_lately(&self, key: &TokenKey, now: UnixMillis) -> bool {
        let mut tokens = self.tokens.borrow_mut();
        let Some(entry) = tokens.peek(key.as_bytes()) else { return false };
        let spacing = entry.token.renewal_spacing();
        entry.no_better_at.is_some_and(|at| now < at.plus(spacing))
    }

    /// The newest failure of upstream, unless a token came after it.
    #[must_use]
    pub fn failure(&self, key: &TokenKey) -> Option<RecalledFailure> {
        self.failures.borrow().get(key).cloned()
    }

    /// Keeps `failure` until a token comes.
    pub fn remember_failure(&self, key: TokenKey, failure: RecalledFailure) {
        let mut failures = self.failures.borrow_mut();
        if failures.len() >= ISOLATE_TOKENS_MAX {
            failures.clear();
        }
        failures.insert(key, failure);
    }

    /// Whether a renewal behind a response may start now: one at a time for a token key. A claim
    /// lapses after [`RENEWAL_CLAIM`], because a renewal may be lost with its request. A token of a minute
    /// would end before that, so its claim lapses with the spacing of its renewals.
    #[must_use]
    pub fn claim_renewal(&self, key: &TokenKey, now: UnixMillis) -> bool {
        let mut tokens = self.tokens.borrow_mut();
        let Some(entry) = tokens.peek(key.as_bytes()) else { return false };
        let lapse = RENEWAL_CLAIM.min(entry.token.renewal_spacing());
        let claimed = entry.renewal_claimed_at.is_some_and(|at| now < at.plus(lapse));
        if !claimed {
            entry.renewal_claimed_at = Some(now);
        }
        !claimed
    }

    /// Claims an upstream request in place of the rejected `token`, if there is one in hand
    /// ([`ForcedAt::next`]).
    #[must_use]
    pub fn claim_replacement(
        &self,
        key: &TokenKey,
        token: Option<&CachedToken>,
        is_challenge: bool,
        now: UnixMillis,
    ) -> Option<Forced> {
        let mut forced_at = self.forced_at.borrow_mut();
        let mut at = forced_at.get(key).copied().unwrap_or_default();
        let is_answered = token.is_some_and(|token| self.is_answered(key, token));
        let forced = at.next(token, is_challenge, is_answered, now)?;
        if forced_at.len() >= ISOLATE_TOKENS_MAX {
            forced_at.retain(|at| !at.is_over(now));
        }
        if forced_at.len() >= ISOLATE_TOKENS_MAX {
            return None;
        }
        *at.of(forced) = Some(now);
        forced_at.insert(*key, at);
        Some(forced)
    }

    /// Whether upstream has answered a report of `token`.
    fn is_answered(&self, key: &TokenKey, token: &CachedToken) -> bool {
        let mut tokens = self.tokens.borrow_mut();
        let rejected = tokens.peek(key.as_bytes()).and_then(|entry| entry.rejected.as_ref());
        rejected == Some(&token.access_token)
    }

    /// Notes that upstream has answered a report of `token`.
    pub fn note_replacement(&self, key: &TokenKey, token: &CachedToken) {
        if let Some(entry) = self.tokens.borrow_mut().peek(key.as_bytes()) {
            entry.rejected = Some(token.access_token.clone());
        }
    }

    /// Notes that a report of the token here has changed nothing.
    pub fn note_report_in_vain(&self, key: &TokenKey, has_claims: bool, now: UnixMillis) {
        if let Some(entry) = self.tokens.borrow_mut().peek(key.as_bytes()) {
            entry.in_vain = Some((now, has_claims));
        }
    }

    /// Whether that was noted a moment ago for a report of this kind.
    #[must_use]
    pub fn report_was_in_vain(&self, key: &TokenKey, has_claims: bool, now: UnixMillis) -> bool {
        let mut tokens = self.tokens.borrow_mut();
        let noted = tokens.peek(key.as_bytes()).and_then(|entry| entry.in_vain);
        noted.is_some_and(|(at, claims)| claims == has_claims && now < at.plus(FAILURE_REUSE))
    }

    /// Takes the claim back: upstream fails, and the failure memory decides when to try again.
    pub fn release_replacement(&self, key: &TokenKey, forced: Forced) {
        if let Some(at) = self.forced_at.borrow_mut().get_mut(key) {
            *at.of(forced) = None;
        }
    }
}
