//! A token that an API has rejected. The coordinator renews it early: once, however many callers
//! report it, and not at a pace that a caller sets.

use super::flight::Flight;
use super::{Action, Coordinator, Source, Waiter, Want};
use crate::base::secret::TokenDigest;
use crate::base::time::UnixMillis;
use crate::tokens::forced::Forced;
use crate::tokens::token::CachedToken;
use crate::upstream::error::UpstreamError;
use crate::upstream::failure::{is_refusal, is_true_for_all};

/// What has become of a call that may be a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Report {
    /// It has its reply, or waits for a flight.
    Taken,
    /// It is an ordinary call: it reports nothing, or the limits allow no flight for it and there is
    /// nothing else to answer it with.
    Ordinary,
}

/// Whether `waiter` is one of `reporters`.
pub(super) fn is_among(reporters: &[(Waiter, Want)], waiter: Waiter) -> bool {
    reporters.iter().any(|(reporter, _)| *reporter == waiter)
}

impl Coordinator {
    /// Whether the flight under way has the claims of a challenge.
    #[must_use]
    pub fn is_challenged(&self) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.forced == Some(Forced::Challenge))
    }

    /// Takes the report of `waiter` that an API has rejected a token: the one of `want`, or with
    /// nothing but a challenge the one in hand.
    pub(super) fn report(
        &mut self,
        waiter: Waiter,
        want: Want,
        now: UnixMillis,
        actions: &mut Vec<Action>,
    ) -> Report {
        if want.rejected.is_none() && want.challenge.is_none() {
            return Report::Ordinary;
        }
        let rejected = want.rejected.or(self.in_hand(now));
        if self.is_replaced(want, rejected, now) {
            return self.answer_at_once(waiter, want, now, actions);
        }
        if self.flight.is_none() {
            if let Some(failure) = self.failure_now(now) {
                actions.push(Action::Reply(waiter, Err(failure)));
                return Report::Taken;
            }
            let Some(forced) = self.may_force(want, rejected, now) else {
                return self.answer_at_once(waiter, want, now, actions);
            };
            self.force(waiter, want, forced, now, actions);
        }
        self.board(waiter, want.min_ttl);
        if let Some(flight) = &mut self.flight {
            flight.rejected = rejected.or(flight.rejected);
            flight.reporters.push((waiter, want));
        }
        Report::Taken
    }

    fn in_hand(&self, now: UnixMillis) -> Option<TokenDigest> {
        self.snapshot.held(now).map(CachedToken::digest)
    }

    /// Whether the token in hand is the answer to this report: another one, or the same for which
    /// upstream has no better one. A token that is older than the caller's is no replacement. The
    /// claims of a challenge may get a better one.
    fn is_replaced(&self, want: Want, rejected: Option<TokenDigest>, now: UnixMillis) -> bool {
        self.snapshot.held(now).is_some_and(|held| {
            let is_newer = held.generation >= want.known_generation;
            (is_newer && Some(held.digest()) != rejected)
                || (want.challenge.is_none() && self.is_answered(rejected, now))
        })
    }

    /// Whether upstream has answered a report of the token in hand.
    fn is_answered(&self, rejected: Option<TokenDigest>, now: UnixMillis) -> bool {
        self.in_hand(now).is_some() && self.snapshot.facts.rejected == rejected
    }

    /// Which flight may start for a report.
    fn may_force(
        &self,
        want: Want,
        rejected: Option<TokenDigest>,
        now: UnixMillis,
    ) -> Option<Forced> {
        let (held, is_answered) = (self.snapshot.held(now), self.is_answered(rejected, now));
        self.snapshot.facts.forced_at().next(held, want.challenge.is_some(), is_answered, now)
    }

    /// Whether this failure of the flight is told to those that reported, and the failure memory
    /// does not keep it: the reason may be what one caller chose. Upstream may still grant an
    /// ordinary renewal. The spacing delays the next forced one.
    pub(super) fn concerns_only_reporters(&self, error: &UpstreamError) -> bool {
        self.flight.as_ref().is_some_and(|flight| match flight.forced {
            Some(Forced::Challenge) => !is_true_for_all(error),
            Some(Forced::Report) => flight.renewal && is_refusal(error),
            None => false,
        })
    }

    /// Ends a flight whose failure is told to reporters only. If it had claims, the reporters that
    /// brought these claims are told. A reporter with other claims counts as one without claims, because
    /// the driver does not keep its claims. All others get a flight without claims, else what is in hand.
    pub(super) fn failed_for_reporters(
        &mut self,
        error: &UpstreamError,
        now: UnixMillis,
    ) -> Vec<Action> {
        let Flight { leader, others, reporters, challenge, min_ttl, .. } =
            self.flight.take().unwrap_or_default();
        let mut actions = Vec::new();
        for (reporter, want) in &reporters {
            if challenge.is_none() || want.challenge == challenge {
                actions.push(Action::Reply(*reporter, Err(error.clone())));
            } else {
                let rejected = want.rejected.or(self.in_hand(now));
                let want = Want { rejected, challenge: None, ..*want };
                actions.extend(self.acquire(*reporter, want, now));
            }
        }
        for other in leader.into_iter().chain(others) {
            if is_among(&reporters, other) {
                continue;
            }
            if self.flight.is_none() && challenge.is_some() && self.may_ask(now) {
                self.take_off(Some(other), now, &mut actions);
            }
            if self.flight.is_some() {
                self.board(other, min_ttl);
            } else {
                actions.push(Action::Reply(other, self.answer(Source::Held, now)));
            }
        }
        if self.flight.is_none() {
            actions.push(Action::Wake(self.snapshot.next_renewal(now)));
        }
        actions
    }

    fn force(
        &mut self,
        waiter: Waiter,
        want: Want,
        forced: Forced,
        now: UnixMillis,
        actions: &mut Vec<Action>,
    ) {
        self.take_off(Some(waiter), now, actions);
        if let Some(flight) = &mut self.flight {
            flight.forced = Some(forced);
            flight.challenge = want.challenge.filter(|_| forced == Forced::Challenge);
        }
        self.snapshot.facts.note_forced(forced, Some(now));
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
    ) -> Report {
        if want.rejected.is_none() || self.snapshot.held(now).is_none() {
            return Report::Ordinary;
        }
        actions.push(Action::Reply(waiter, self.answer(Source::Held, now)));
        Report::Taken
    }

    fn failure_now(&self, now: UnixMillis) -> Option<UpstreamError> {
        let failure = self.snapshot.facts.failure.as_ref()?;
        (!failure.is_over(now)).then(|| failure.at(now))
    }
}
