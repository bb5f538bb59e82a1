//! The client assertions that an isolate knows to be used, or reserved.

use std::cell::RefCell;

use super::reservation::{Owner, Reservation, Verdict};
use crate::base::digest;
use crate::base::limits::{JWT_SKEW, USED_ASSERTIONS_MAX, USED_ASSERTIONS_OF_CLIENT_MAX};
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::jwt::JwtFault;

/// The client assertions that were used or are reserved in this isolate.
///
/// Only expired ones are forgotten. If there is no room, a new assertion is refused: to forget a use
/// would allow it again. Each client has a share of the room, so a client that fills its share shuts
/// out only itself.
#[derive(Debug, Default)]
pub struct UsedAssertions(RefCell<SortedMap<String, Known>>);

/// The assertions of one client, by their digests.
#[derive(Debug, Default)]
struct Known(SortedMap<[u8; 32], State>);

#[derive(Debug)]
enum State {
    Reserved(Reservation),
    /// Until then the use matters.
    Used(UnixMillis),
}

/// A verified assertion that a request has reserved. It is spent when the request was worth it.
#[derive(Clone, Debug)]
pub struct ReservedAssertion {
    /// The client whose assertion it is.
    pub client_id: String,
    /// The digest of its `jti`.
    pub id: [u8; 32],
    /// Until when a use matters.
    pub until: UnixMillis,
    /// The request.
    pub owner: Owner,
    /// Whether the ledger has the reservation. One that did not answer is not called again.
    pub is_in_ledger: bool,
}

impl ReservedAssertion {
    /// The assertion of `client_id` with this `jti`, which expires at `expires_at`. Nothing knows of
    /// it yet.
    #[must_use]
    pub fn new(client_id: &str, jti: &str, expires_at: UnixMillis, owner: Owner) -> Self {
        Self {
            client_id: client_id.to_owned(),
            id: digest::of_fields(&[jti.as_bytes()]),
            until: expires_at.plus(JWT_SKEW),
            owner,
            is_in_ledger: false,
        }
    }
}

impl UsedAssertions {
    /// Reserves `assertion`.
    ///
    /// # Errors
    /// `Replayed` or `UnderWay` if it was used or is reserved, `TooManyAssertions` if there is no room.
    pub fn reserve(&self, assertion: &ReservedAssertion, now: UnixMillis) -> Result<(), JwtFault> {
        self.verdict(assertion, now).into_result()?;
        let mut clients = self.0.borrow_mut();
        if is_full(&clients, &assertion.client_id) {
            forget_expired(&mut clients, now);
        }
        if is_full(&clients, &assertion.client_id) {
            return Err(JwtFault::TooManyAssertions);
        }
        let reservation = Reservation::new(assertion.owner, now);
        put(&mut clients, assertion, State::Reserved(reservation));
        Ok(())
    }

    /// Records that `assertion` is used.
    ///
    /// # Errors
    /// As [`Self::reserve`]: the reservation has ended, and another request came.
    pub fn spend(&self, assertion: &ReservedAssertion, now: UnixMillis) -> Result<(), JwtFault> {
        self.verdict(assertion, now).into_result()?;
        put(&mut self.0.borrow_mut(), assertion, State::Used(assertion.until));
        Ok(())
    }

    /// Ends the reservation.
    pub fn release(&self, ReservedAssertion { client_id, id, owner, .. }: &ReservedAssertion) {
        let mut clients = self.0.borrow_mut();
        if let Some(Known(own)) = clients.get_mut(client_id)
            && matches!(own.get(id), Some(State::Reserved(held)) if held.owner == *owner)
        {
            own.remove(id);
        }
    }

    fn verdict(&self, assertion: &ReservedAssertion, now: UnixMillis) -> Verdict {
        let clients = self.0.borrow();
        match clients.get(&assertion.client_id).and_then(|own| own.0.get(&assertion.id)) {
            Some(State::Used(until)) if now < *until => Verdict::Used,
            Some(State::Reserved(held)) => held.verdict(assertion.owner, now),
            _ => Verdict::Granted,
        }
    }
}

impl State {
    fn matters(&self, now: UnixMillis) -> bool {
        match self {
            Self::Reserved(held) => !held.is_over(now),
            Self::Used(until) => now < *until,
        }
    }
}

fn put(clients: &mut SortedMap<String, Known>, assertion: &ReservedAssertion, state: State) {
    if !clients.contains_key(&assertion.client_id) {
        clients.insert(assertion.client_id.clone(), Known::default());
    }
    if let Some(Known(own)) = clients.get_mut(&assertion.client_id) {
        own.insert(assertion.id, state);
    }
}

fn is_full(clients: &SortedMap<String, Known>, client_id: &str) -> bool {
    let all: usize = clients.values().map(|known| known.0.len()).sum();
    let own = clients.get(client_id).map_or(0, |known| known.0.len());
    all >= USED_ASSERTIONS_MAX || own >= USED_ASSERTIONS_OF_CLIENT_MAX
}

fn forget_expired(clients: &mut SortedMap<String, Known>, now: UnixMillis) {
    clients.retain(|own| {
        own.0.retain(|state| state.matters(now));
        !own.0.is_empty()
    });
}
