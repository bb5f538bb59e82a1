//! A flight, and who waits for it.

use super::Coordinator;
use super::protocol::{Action, Waiter, Want};
use crate::base::limits::FLIGHT_WATCH;
use crate::base::secret::TokenDigest;
use crate::base::time::UnixMillis;
use crate::tokens::forced::Forced;
use crate::tokens::min_ttl::MinTtl;

/// A flight with its waiters.
#[derive(Debug, Default)]
pub(super) struct Flight {
    /// The waiter that started it.
    pub(super) leader: Option<Waiter>,
    pub(super) others: Vec<Waiter>,
    /// A waiter started it. Otherwise it runs in the background.
    led: bool,
    /// The coordinator has a token that may be served, and wants a better one.
    pub(super) renewal: bool,
    /// What all of its waiters need.
    pub(super) min_ttl: MinTtl,
    /// The rejected token that it replaces.
    pub(super) rejected: Option<TokenDigest>,
    /// A rejected token is its only reason.
    pub(super) forced: Option<Forced>,
    /// The digest of the claims that it has.
    pub(super) challenge: Option<[u8; 32]>,
    /// The waiters that reported the token, with what they want. They get a failure, and not the
    /// token in hand.
    pub(super) reporters: Vec<(Waiter, Want)>,
}

impl Coordinator {
    /// Starts a flight. The alarm finds out whether it was lost with the object's memory.
    pub(super) fn take_off(
        &mut self,
        leader: Option<Waiter>,
        now: UnixMillis,
        actions: &mut Vec<Action>,
    ) {
        actions.push(Action::StartFlight { background: leader.is_none() });
        let (led, renewal) = (leader.is_some(), self.snapshot.held(now).is_some());
        self.flight = Some(Flight { leader, led, renewal, ..Flight::default() });
        actions.push(Action::Wake(now.plus(FLIGHT_WATCH)));
    }

    /// Lets `waiter` wait for the flight under way. If the leader has left, the next waiter leads.
    /// It is usually the same caller, which calls again after a sign of life.
    pub(super) fn board(&mut self, waiter: Waiter, min_ttl: MinTtl) {
        let Some(flight) = &mut self.flight else { return };
        flight.min_ttl = flight.min_ttl.and(min_ttl);
        match flight.leader {
            None if flight.led => flight.leader = Some(waiter),
            Some(leader) if leader == waiter => {}
            _ => flight.others.push(waiter),
        }
    }

    pub(super) fn left(&mut self, waiter: Waiter) {
        if let Some(flight) = &mut self.flight {
            flight.leader = flight.leader.filter(|leader| *leader != waiter);
            flight.others.retain(|other| *other != waiter);
            flight.reporters.retain(|(reporter, _)| *reporter != waiter);
        }
    }
}
