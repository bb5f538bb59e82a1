//! A token that an API has rejected. The coordinator renews it early: once, however many callers
//! report it, and not at a pace that a caller sets.

use super::machine::Flight;
use super::{Action, Coordinator, Source, Waiter, Want};
use crate::base::limits::RENEWAL_SPACING;
use crate::base::time::UnixMillis;
use crate::tokens::challenge::is_true_for_all;
use crate::tokens::token::CachedToken;
use crate::upstream::error::UpstreamError;
use crate::upstream::failure::is_refusal;

/// Why a flight is forced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Forced {
    /// By a report that has no claims.
    Report,
    /// By a challenge. The flight has its claims.
    Challenge,
}

impl Coordinator {
    /// Whether the flight under way has the claims of a challenge.
    #[must_use]
    pub fn is_challenged(&self) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.forced == Some(Forced::Challenge))
    }

    /// Takes the report of `waiter` that an API has rejected a token: the one of `want`, or with
    /// nothing but a challenge the one in hand. If it returns false, there is no report, or the
    /// limits do not allow a flight for it: then the call is an ordinary one.
    pub(super) fn reject(
        &mut self,
        waiter: Waiter,
        want: Want,
        now: UnixMillis,
        actions: &mut Vec<Action>,
    ) -> bool {
        if want.rejected.is_none() && !want.challenged {
            return false;
        }
        let held = self.snapshot.held(now);
        let in_hand = held.map(CachedToken::digest);
        let rejected = want.rejected.or(in_hand);
        // A token that is older than the caller's is no replacement.
        let replaced = held.is_some_and(|held| held.generation >= want.known_generation)
            && in_hand != rejected;
        if replaced || in_hand.is_some() && self.snapshot.facts.rejected == rejected {
            return self.answer_at_once(waiter, want, now, actions);
        }
        if self.flight.is_none() {
            if let Some(failure) = self.failure_now(now) {
                actions.push(Action::Reply(waiter, Err(failure)));
                return true;
            }
            if self.was_forced_just_now(now) {
                return self.answer_at_once(waiter, want, now, actions);
            }
            self.force(waiter, want.challenged, now, actions);
        }
        self.board(waiter, want.min_ttl);
        if let Some(flight) = &mut self.flight {
            flight.rejected = rejected.or(flight.rejected);
            flight.reporters.push(waiter);
        }
        if want.rejected.is_none() {
            // Also of a flight that it joins: the token of this flight is not the rejected one.
            self.snapshot.facts.forced_at = Some(now);
        }
        true
    }

    /// Whether nobody but those that reported is told of this failure of the flight, and the failure
    /// memory does not keep it: the reason may be what one caller chose. Upstream may still grant an
    /// ordinary renewal. The spacing delays the next forced one.
    pub(super) fn is_left_to_nobody(&self, error: &UpstreamError) -> bool {
        self.flight.as_ref().is_some_and(|flight| match flight.forced {
            Some(Forced::Challenge) => !is_true_for_all(error),
            Some(Forced::Report) => flight.renewal && is_refusal(error),
            None => false,
        })
    }

    /// The flight has failed for those that reported. The others get a flight without the claims,
    /// if it had any, else what is in hand.
    pub(super) fn refused(&mut self, error: &UpstreamError, now: UnixMillis) -> Vec<Action> {
        let Flight { leader, others, reporters, forced, min_ttl, .. } =
            self.flight.take().unwrap_or_default();
        let mut actions: Vec<_> =
            reporters.iter().map(|reporter| Action::Reply(*reporter, Err(error.clone()))).collect();
        let mut others = leader
            .into_iter()
            .chain(others)
            .filter(|waiter| !reporters.contains(waiter))
            .peekable();
        let challenged = forced == Some(Forced::Challenge);
        let next = others.peek().copied().filter(|_| challenged && self.may_ask(now));
        if next.is_some() {
            self.take_off(next, now, &mut actions);
            others.for_each(|waiter| self.board(waiter, min_ttl));
            return actions;
        }
        let reply = self.answer(Source::Held, now);
        actions.extend(others.map(|waiter| Action::Reply(waiter, reply.clone())));
        actions.push(Action::Wake(self.snapshot.next_renewal(now)));
        actions
    }

    fn force(
        &mut self,
        waiter: Waiter,
        challenged: bool,
        now: UnixMillis,
        actions: &mut Vec<Action>,
    ) {
        self.take_off(Some(waiter), now, actions);
        if let Some(flight) = &mut self.flight {
            flight.forced = Some(if challenged { Forced::Challenge } else { Forced::Report });
        }
        self.snapshot.facts.forced_at = Some(now);
        self.saved_asked_at = self.snapshot.facts.asked_at;
        actions.push(Action::Save);
    }

    /// Answers a report with the token in hand. A call that brings a challenge and reports no
    /// certain token is an ordinary call from here on, and so is any where none is in hand.
    fn answer_at_once(
        &self,
        waiter: Waiter,
        want: Want,
        now: UnixMillis,
        actions: &mut Vec<Action>,
    ) -> bool {
        let answered = want.rejected.is_some() && self.snapshot.held(now).is_some();
        if answered {
            actions.push(Action::Reply(waiter, self.answer(Source::Held, now)));
        }
        answered
    }

    fn failure_now(&self, now: UnixMillis) -> Option<UpstreamError> {
        let failure = self.snapshot.facts.failure.as_ref()?;
        (!failure.is_over(now)).then(|| failure.at(now))
    }

    fn was_forced_just_now(&self, now: UnixMillis) -> bool {
        let token = self.snapshot.held(now);
        let spacing = token.map_or(RENEWAL_SPACING, CachedToken::forced_spacing);
        self.snapshot.facts.forced_at.is_some_and(|at| now < at.plus(spacing))
    }
}
