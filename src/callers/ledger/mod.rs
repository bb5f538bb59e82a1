//! Client assertions that were used: each `jti` is good once (RFC 7523 §3).
//!
//! An isolate knows the uses in itself. The ledger of a client, which is one Durable Object for the
//! whole network, knows all of them.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

mod object;

use std::cell::RefCell;

use crate::base::digest;
use crate::base::limits::{JWT_SKEW, USED_ASSERTIONS_MAX, USED_ASSERTIONS_OF_CLIENT_MAX};
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::jwt::JwtFault;

pub use object::{LedgerFault, LedgerStorage, ObjectLedger, answer};

/// The client assertions that were used anywhere in the network.
pub trait AssertionLedger {
    /// Records that `client_id` uses the assertion `id`, and returns whether this use is the first.
    /// After `until` the use may be forgotten.
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
    /// The binding does not exist: each isolate knows its own uses only.
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

/// The client assertions that were used in this isolate.
///
/// Only expired ones are forgotten. If there is no room, a new assertion is refused: to forget a use
/// would allow it again. Each client has a share of the room, so a client that fills its share shuts
/// out only itself.
#[derive(Debug, Default)]
pub struct UsedAssertions(RefCell<SortedMap<String, Used>>);

/// The assertions of one client: the digest of each, and until when its use matters.
#[derive(Debug, Default)]
struct Used(SortedMap<[u8; 32], UnixMillis>);

impl UsedAssertions {
    /// Records the use of a verified assertion with this `jti`, which expires at `expires_at`.
    /// Returns the digest of the `jti`, and until when the use matters.
    ///
    /// # Errors
    /// `Replayed` if the assertion was used before, `TooManyAssertions` if there is no room.
    pub fn use_once(
        &self,
        client_id: &str,
        jti: &str,
        expires_at: UnixMillis,
        now: UnixMillis,
    ) -> Result<([u8; 32], UnixMillis), JwtFault> {
        let mut clients = self.0.borrow_mut();
        let id = digest::of_fields(&[jti.as_bytes()]);
        let used = clients.get(client_id).and_then(|own| own.0.get(&id));
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
            own.0.insert(id, until);
        }
        Ok((id, until))
    }
}

fn is_full(clients: &SortedMap<String, Used>, client_id: &str) -> bool {
    let all: usize = clients.values().map(|used| used.0.len()).sum();
    let own = clients.get(client_id).map_or(0, |used| used.0.len());
    all >= USED_ASSERTIONS_MAX || own >= USED_ASSERTIONS_OF_CLIENT_MAX
}

fn forget_expired(clients: &mut SortedMap<String, Used>, now: UnixMillis) {
    clients.retain(|own| {
        own.0.retain(|until| now < *until);
        !own.0.is_empty()
    });
}
