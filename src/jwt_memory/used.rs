//! Client assertions that were used (RFC 7523 §3: `jti`).

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::digest;
use crate::jwt::JwtFault;
use crate::limits::{JWT_SKEW, USED_ASSERTIONS_MAX, USED_ASSERTIONS_OF_CLIENT_MAX};
use crate::time::UnixMillis;

/// The `jti`s of unexpired client assertions, of this isolate alone;
/// the port `AssertionLedger` knows of the others.
///
/// Only expired ones are forgotten. Where there is no room an assertion is refused: forgetting one
/// would let it be used again. Each client has a share, and only its own valid assertions take room,
/// so that it can shut out nobody but itself.
#[derive(Debug, Default)]
pub struct UsedAssertions(RefCell<BTreeMap<String, Used>>);

/// Until when each could be used again.
type Used = BTreeMap<[u8; 32], UnixMillis>;

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
        let until = expires_at.plus(JWT_SKEW);
        clients.entry(client_id.to_owned()).or_default().insert(id, until);
        Ok((id, until))
    }
}

fn is_full(clients: &BTreeMap<String, Used>, client_id: &str) -> bool {
    let all: usize = clients.values().map(BTreeMap::len).sum();
    let own = clients.get(client_id).map_or(0, BTreeMap::len);
    all >= USED_ASSERTIONS_MAX || own >= USED_ASSERTIONS_OF_CLIENT_MAX
}

fn forget_expired(clients: &mut BTreeMap<String, Used>, now: UnixMillis) {
    clients.retain(|_, own| {
        own.retain(|_, until| now < *until);
        !own.is_empty()
    });
}
