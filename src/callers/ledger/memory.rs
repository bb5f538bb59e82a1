//! The client assertions that an isolate, or a ledger, knows to be used or reserved.

use std::cell::RefCell;
use std::rc::Rc;

use super::reservation::{Owner, Reservation, Verdict};
use crate::base::digest;
use crate::base::limits::{JWT_SKEW, USED_ASSERTIONS_MAX, USED_ASSERTIONS_OF_CLIENT_MAX};
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;

/// The client assertions that were used or are reserved in this isolate.
///
/// Only expired ones are forgotten. If there is no room, a new assertion is refused: to forget a use
/// would allow it again. Each client has a share of the room, so a client that fills its share shuts
/// out only itself.
///
/// Clones are the same memory.
#[derive(Clone, Debug, Default)]
pub struct UsedAssertions(Rc<RefCell<SortedMap<String, Known>>>);

/// The assertions of one client, by their digests.
#[derive(Debug, Default)]
struct Known(SortedMap<[u8; 32], State>);

/// Which request has an assertion, and if it is used, until when that matters.
#[derive(Debug)]
struct State {
    held: Reservation,
    used_until: Option<UnixMillis>,
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
    /// Whether there is a ledger. One that did not answer may have the reservation all the same, so it
    /// is told of the end as well.
    pub has_ledger: bool,
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
            has_ledger: false,
        }
    }
}

impl UsedAssertions {
    /// Reserves `assertion`, unless it is used, reserved by another request, or there is no room.
    #[must_use]
    pub fn reserve(&self, assertion: &ReservedAssertion, now: UnixMillis) -> Verdict {
        let mut clients = self.0.borrow_mut();
        let verdict = verdict(&clients, assertion, now);
        if verdict != Verdict::Granted || was_used_by(&clients, assertion) {
            return verdict;
        }
        if is_full(&clients, &assertion.client_id) {
            forget_expired(&mut clients, now);
        }
        if is_full(&clients, &assertion.client_id) {
            return Verdict::Full;
        }
        put(&mut clients, assertion, now, None);
        Verdict::Granted
    }

    /// Records that `assertion` is used, unless its reservation has ended and another request came.
    #[expect(clippy::must_use_candidate, reason = "a request that ends has nobody to tell")]
    pub fn spend(&self, assertion: &ReservedAssertion, now: UnixMillis) -> Verdict {
        let mut clients = self.0.borrow_mut();
        let verdict = verdict(&clients, assertion, now);
        if verdict == Verdict::Granted {
            put(&mut clients, assertion, now, Some(assertion.until));
        }
        verdict
    }

    /// Ends the reservation.
    pub fn release(&self, ReservedAssertion { client_id, id, owner, .. }: &ReservedAssertion) {
        let mut clients = self.0.borrow_mut();
        if let Some(Known(own)) = clients.get_mut(client_id)
            && own.get(id).is_some_and(|it| it.used_until.is_none() && it.held.owner == *owner)
        {
            own.remove(id);
        }
    }

    /// Whether this very request has used it: it began anew after a panic.
    pub(super) fn was_used_by(&self, assertion: &ReservedAssertion) -> bool {
        was_used_by(&self.0.borrow(), assertion)
    }
}

type Clients = SortedMap<String, Known>;

fn state_of<'a>(clients: &'a Clients, assertion: &ReservedAssertion) -> Option<&'a State> {
    clients.get(&assertion.client_id)?.0.get(&assertion.id)
}

fn was_used_by(clients: &Clients, assertion: &ReservedAssertion) -> bool {
    state_of(clients, assertion)
        .is_some_and(|it| it.used_until.is_some() && it.held.owner == assertion.owner)
}

fn verdict(clients: &Clients, assertion: &ReservedAssertion, now: UnixMillis) -> Verdict {
    let Some(state) = state_of(clients, assertion) else { return Verdict::Granted };
    match state.used_until {
        Some(until) if now >= until || state.held.owner == assertion.owner => Verdict::Granted,
        Some(_) => Verdict::Used,
        None => state.held.verdict(assertion.owner, now),
    }
}

fn put(
    clients: &mut Clients,
    assertion: &ReservedAssertion,
    now: UnixMillis,
    used_until: Option<UnixMillis>,
) {
    if !clients.contains_key(&assertion.client_id) {
        clients.insert(assertion.client_id.clone(), Known::default());
    }
    if let Some(Known(own)) = clients.get_mut(&assertion.client_id) {
        let held = Reservation::new(assertion.owner, now);
        own.insert(assertion.id, State { held, used_until });
    }
}

fn is_full(clients: &Clients, client_id: &str) -> bool {
    let all: usize = clients.values().map(|known| known.0.len()).sum();
    let own = clients.get(client_id).map_or(0, |known| known.0.len());
    all >= USED_ASSERTIONS_MAX || own >= USED_ASSERTIONS_OF_CLIENT_MAX
}

fn forget_expired(clients: &mut Clients, now: UnixMillis) {
    clients.retain(|own| {
        own.0.retain(|it| it.used_until.map_or(!it.held.is_over(now), |until| now < until));
        !own.0.is_empty()
    });
}
