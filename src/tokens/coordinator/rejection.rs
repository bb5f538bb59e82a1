//! A token that an API has rejected. The coordinator renews it early: once, however many callers
//! report it, and not at a pace that a caller sets.

use super::{Action, Coordinator, Source, Waiter};
use crate::base::secret::TokenDigest;
use crate::base::time::{Millis, UnixMillis};
use crate::upstream::error::UpstreamError;

impl Coordinator {
    /// `waiter` reports that an API has rejected the token `rejected`, which has this `generation`.
    pub(super) fn reject(
        &mut self,
        waiter: Waiter,
        rejected: TokenDigest,
        generation: u64,
        now: UnixMillis,
        actions: &mut Vec<Action>,
    ) {
        let replaced = self.snapshot.held(now).is_some_and(|held| {
            // A token that is older than the caller's is no replacement.
            held.generation >= generation && held.digest() != rejected
        });
        if replaced
            || self.snapshot.facts.rejected == Some(rejected) && self.snapshot.held(now).is_some()
        {
            return self.answer_at_once(waiter, now, actions);
        }
        if self.flight.is_none() {
            if let Some(failure) = self.failure_now(now) {
                return actions.push(Action::Reply(waiter, Err(failure)));
            }
            if self.was_forced_just_now(now) {
                return self.answer_at_once(waiter, now, actions);
            }
            self.force(waiter, now, actions);
        }
        self.board(waiter, Millis(0));
        if let Some(flight) = &mut self.flight {
            flight.rejected = Some(rejected);
            flight.reporters.push(waiter);
        }
    }

    /// Upstream has refused a forced renewal. It may still grant an ordinary one, because the
    /// claims may be the reason, so the failure memory does not keep the refusal. The spacing
    /// delays the next forced renewal.
    pub(super) fn refused(&mut self, error: &UpstreamError, now: UnixMillis) -> Vec<Action> {
        let reporters = self.flight.as_mut().map(|flight| std::mem::take(&mut flight.reporters));
        let mut actions = Vec::new();
        for reporter in reporters.unwrap_or_default() {
            self.left(reporter);
            actions.push(Action::Reply(reporter, Err(error.clone())));
        }
        self.reply_to_all([Source::Held; 2], now, &mut actions);
        actions.push(Action::Wake(self.snapshot.next_renewal(now)));
        actions
    }

    fn force(&mut self, waiter: Waiter, now: UnixMillis, actions: &mut Vec<Action>) {
        self.take_off(Some(waiter), now, actions);
        if let Some(flight) = &mut self.flight {
            flight.forced = flight.renewal;
        }
        self.snapshot.facts.forced_at = Some(now);
        self.saved_asked_at = self.snapshot.facts.asked_at;
        actions.push(Action::Save);
    }

    fn answer_at_once(&self, waiter: Waiter, now: UnixMillis, actions: &mut Vec<Action>) {
        actions.push(Action::Reply(waiter, self.answer(Source::Held, now)));
    }

    fn failure_now(&self, now: UnixMillis) -> Option<UpstreamError> {
        let failure = self.snapshot.facts.failure.as_ref()?;
        (!failure.is_over(now)).then(|| failure.at(now))
    }

    fn was_forced_just_now(&self, now: UnixMillis) -> bool {
        let forced_at = self.snapshot.facts.forced_at;
        self.snapshot
            .held(now)
            .zip(forced_at)
            .is_some_and(|(token, at)| now < at.plus(token.forced_spacing()))
    }
}
