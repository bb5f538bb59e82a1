//! Client assertions that were used (RFC 7523 §3: `jti`).

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use std::cell::RefCell;

use crate::base::digest;
use crate::base::limits::{JWT_SKEW, USED_ASSERTIONS_MAX, USED_ASSERTIONS_OF_CLIENT_MAX};
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::jwt::JwtFault;

/// Which client assertions were used, anywhere in the network.
pub trait AssertionLedger {
    /// Records that `client_id` used the assertion `id`, which matters until `until`. Returns whether
    /// this use is the first.
    async fn use_once(
        &self,
        client_id: &str,
        id: &[u8; 32],
        until: UnixMillis,
    ) -> Result<bool, LedgerError>;
}

/// Why the ledger gave no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LedgerError {
    /// The binding does not exist: this broker knows only the uses in its own isolate.
    Unbound,
    /// No answer within [`crate::base::limits::COORDINATOR_TIMEOUT`].
    TimedOut,
    /// Anything else.
    Failed,
}

impl LedgerError {
    /// The failure's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::TimedOut => "timeout",
            Self::Failed => "failed",
        }
    }
}

/// The `jti`s of unexpired client assertions, of this isolate alone;
/// the port `AssertionLedger` knows of the others.
///
/// Only expired ones are forgotten. Where there is no room an assertion is refused: forgetting one
/// would let it be used again. Each client has a share, so that one alone shuts out nobody but itself.
#[derive(Debug, Default)]
pub struct UsedAssertions(RefCell<SortedMap<String, Used>>);

/// Until when each could be used again.
type Used = SortedMap<[u8; 32], UnixMillis>;

impl UsedAssertions {
    /// Notes the use of a verified assertion with `jti`, which expires at `expires_at`, and returns
    /// what it is known by, and until when it matters.
    ///
    /// # Errors
    /// `Replayed` where it was used before, `TooManyAssertions` where there is no room.
    pub fn use_once(
        &self,
        client_id: &str,
        jti: &str,
        expires_at: UnixMillis,
        now: UnixMillis,
    ) -> Result<([u8; 32], UnixMillis), JwtFault> {
        let mut clients = self.0.borrow_mut();
        let id = digest::of_fields(&[jti.as_bytes()]);
        let used = clients.get(client_id).and_then(|own| own.get(&id));
        if used.is_some_and(|until| now < *until) {
            return Err(JwtFault::Replayed);
        }
        if is_full(&clients, client_id) {
            forget_expired(&mut clients, now);
        }
        if is_full(&clients, client_id) {
            return Err(JwtFault::TooManyAssertions);
        }
        if !clients.contains_key(client_id) {
            clients.insert(client_id.to_owned(), Used::default());
        }
        let until = expires_at.plus(JWT_SKEW);
        if let Some(own) = clients.get_mut(client_id) {
            own.insert(id, until);
        }
        Ok((id, until))
    }
}

fn is_full(clients: &SortedMap<String, Used>, client_id: &str) -> bool {
    let all: usize = clients.values().map(SortedMap::len).sum();
    let own = clients.get(client_id).map_or(0, SortedMap::len);
    all >= USED_ASSERTIONS_MAX || own >= USED_ASSERTIONS_OF_CLIENT_MAX
}

fn forget_expired(clients: &mut SortedMap<String, Used>, now: UnixMillis) {
    clients.retain(|own| {
        own.retain(|until| now < *until);
        !own.is_empty()
    });
}
