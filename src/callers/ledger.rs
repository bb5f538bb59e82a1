//! Client assertions that were used (RFC 7523 §3: `jti`).

use std::cell::RefCell;

use crate::base::digest;
use crate::base::limits::{JWT_SKEW, USED_ASSERTIONS_MAX, USED_ASSERTIONS_OF_CLIENT_MAX};
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::jwt::JwtFault;

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
