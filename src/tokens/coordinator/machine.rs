//! The life of one token for the whole network, as a pure state machine. An event goes in and
//! actions come out. It has no I/O, no clock and no randomness of its own.
//!
//! There is one coordinator for each token key.
//!
//! - It holds the *flight*: the one fetching of the token that is under way, with its waiters.
//! - It remembers the newest token, so that later calls need no flight.
//! - It remembers the newest failure, so that a broken secret causes one upstream request.
//! - It renews a token in use before a caller has to wait.
//!
//! Events interleave. Calls come while a flight is under way, and a flight may be lost with the
//! object's memory. The [`Snapshot`] has everything that must outlive that memory.

use super::flight::Flight;
use super::protocol::{Action, Event, Handout, Source, Waiter, Want};
use super::rejection::{Report, is_among};
use super::snapshot::Snapshot;
use crate::base::limits::ASKED_AT_PRECISION;
use crate::base::time::{Millis, UnixMillis};
use crate::tokens::forced::Forced;
use crate::tokens::token::CachedToken;
use crate::upstream::error::UpstreamError;
use crate::upstream::failure::Failure;

/// The state machine.
#[derive(Debug, Default)]
pub struct Coordinator {
    pub(super) snapshot: Snapshot,
    /// Renew also a token that is not in use.
    keep_warm: bool,
    /// The flight under way.
    pub(super) flight: Option<Flight>,
    /// `asked_at` as last saved.
    pub(super) saved_asked_at: Option<UnixMillis>,
}

impl Coordinator {
    /// A coordinator that goes on from a saved snapshot. With `keep_warm` it renews its token also
    /// if the token is not in use. The configuration says so and may have changed since the save.
    #[must_use]
    pub fn restored(snapshot: Snapshot, keep_warm: bool) -> Self {
        Self { saved_asked_at: snapshot.facts.asked_at, snapshot, keep_warm, flight: None }
    }

    /// How long a remembered failure still lasts.
    #[must_use]
    pub fn failing_for(&self, now: UnixMillis) -> Option<Millis> {
        self.snapshot.facts.failure.as_ref().map(|failure| now.until(failure.until))
    }

    /// What [`Action::Save`] has to save.
    #[must_use]
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Takes an event and returns the actions that it causes.
    pub fn handle(&mut self, event: Event, now: UnixMillis, random: u32) -> Vec<Action> {
        match event {
            Event::Acquire { waiter, want } => self.acquire(waiter, want, now),
            Event::Landed(Ok(token)) => self.landed(token, now, random),
            Event::Landed(Err(error)) => self.failed(error, now, random),
            Event::Left(waiter) => {
                self.left(waiter);
                Vec::new()
            }
            Event::Alarm => self.alarm(now),
        }
    }

    pub(super) fn acquire(&mut self, waiter: Waiter, want: Want, now: UnixMillis) -> Vec<Action> {
        let was_idle = self.snapshot.token.is_some() && !self.is_in_use(now);
        let facts = &mut self.snapshot.facts;
        facts.asked_at = Some(now);
        facts.generation = facts.generation.max(want.known_generation);
        let mut actions = Vec::new();
        if was_idle && self.flight.is_none() {
            // The alarm would forget the token.
            actions.push(Action::Wake(self.snapshot.next_renewal(now)));
        }
        if self.report(waiter, want, now, &mut actions) == Report::Taken {
            self.save_asked_at(now, &mut actions);
            return actions;
        }
        let due = self.snapshot.is_due(now);
        // With the longest jitter, because some isolates call earlier than others.
        let soon_due = |token: &CachedToken| now >= token.renew_early_at(u32::MAX);
        let held = self.snapshot.held(now).filter(|token| {
            want.min_ttl.is_met_by(token, now) && !(want.renewed && soon_due(token))
        });
        if held.is_some() {
            let source = self.source_of_held(due);
            actions.push(Action::Reply(waiter, self.answer(source, now)));
            if due && self.may_ask(now) {
                self.take_off(None, now, &mut actions);
            }
        } else if !want.touch && (self.flight.is_some() || self.may_ask(now)) {
            if self.flight.is_none() {
                self.take_off(Some(waiter), now, &mut actions);
            }
            self.board(waiter, want.min_ttl);
        } else {
            // The best there is: a token with less time left than wanted, or the last failure.
            let source = self.source_of_held(true);
            actions.push(Action::Reply(waiter, self.answer(source, now)));
        }
        self.save_asked_at(now, &mut actions);
        actions
    }

    fn landed(&mut self, token: CachedToken, now: UnixMillis, random: u32) -> Vec<Action> {
        let facts = &mut self.snapshot.facts;
        facts.failure = None;
        let for_better = self
            .flight
            .as_ref()
            .is_some_and(|flight| flight.renewal || !flight.min_ttl.is_met_by(&token, now));
        facts.fetched_at = for_better.then_some(token.requested_at);
        let flight = self.flight.as_ref();
        let rejected = flight.and_then(|flight| flight.rejected);
        // What upstream gives for one caller's claims is no answer to other callers.
        if flight.is_some_and(|flight| flight.forced != Some(Forced::Challenge)) {
            facts.rejected = rejected.or(facts.rejected);
        }
        let held = self.snapshot.token.as_ref();
        let mut actions = vec![Action::Save];
        // A token that expires later wins: upstream may have answered with an older one. But any
        // other token is better than a rejected one.
        let newer = held.is_none_or(|held| {
            held.expires_at <= token.expires_at
                || (rejected == Some(held.digest()) && held.access_token != token.access_token)
        });
        if newer {
            // At least the time of the request, so that it rises also after the storage is lost.
            facts.generation = facts.generation.saturating_add(1).max(token.requested_at.0);
            self.snapshot.token = Some(token.with_generation(facts.generation));
        }
        facts.renew_at = self.snapshot.token.as_ref().map(|token| token.renew_early_at(random));
        self.saved_asked_at = facts.asked_at;
        self.reply_to_all([Source::Flight, Source::Collapsed], now, &mut actions);
        actions.extend(self.snapshot.token.clone().filter(|_| newer).map(Action::Publish));
        actions.push(Action::Wake(self.snapshot.next_renewal(now)));
        actions
    }

    fn failed(&mut self, error: UpstreamError, now: UnixMillis, random: u32) -> Vec<Action> {
        if self.concerns_only_reporters(&error) {
            return self.failed_for_reporters(&error, now);
        }
        let forced = self.flight.as_ref().and_then(|flight| flight.forced);
        let facts = &mut self.snapshot.facts;
        // While the failure lasts there is no flight. After it, a report may force one again.
        if let Some(forced) = forced {
            facts.note_forced(forced, None);
        }
        let failure = Failure::new(error, facts.failure.as_ref(), now, now, random);
        let until = failure.until;
        facts.failure = Some(failure);
        self.saved_asked_at = facts.asked_at;
        let mut actions = vec![Action::Save];
        self.reply_to_all([Source::HeldWhileFailing; 2], now, &mut actions);
        actions.push(Action::Wake(until));
        actions
    }

    fn alarm(&mut self, now: UnixMillis) -> Vec<Action> {
        // A flight under way sets the next alarm when it lands.
        if self.flight.is_some() {
            return Vec::new();
        }
        let mut actions = Vec::new();
        if self.is_in_use(now) {
            let next = self.snapshot.next_renewal(now);
            if next <= now {
                self.take_off(None, now, &mut actions);
            } else {
                actions.push(Action::Wake(next));
            }
        } else if let Some(forget_at) =
            self.snapshot.last_use().filter(|forget_at| *forget_at > now)
        {
            actions.push(Action::Wake(forget_at));
        } else {
            *self = Self::restored(Snapshot::default(), self.keep_warm);
            actions.push(Action::Forget);
        }
        actions
    }

    /// Answers the leader and the others. `sources` has the source of a token for each.
    pub(super) fn reply_to_all(
        &mut self,
        sources: [Source; 2],
        now: UnixMillis,
        actions: &mut Vec<Action>,
    ) {
        let Flight { leader, others, reporters, .. } = self.flight.take().unwrap_or_default();
        let failure = self.snapshot.facts.failure.as_ref().map(|failure| failure.at(now));
        let [to_leader, to_others] = sources.map(|source| self.answer(source, now));
        let waiters = leader.map(|leader| (leader, &to_leader)).into_iter();
        for (waiter, reply) in waiters.chain(others.into_iter().map(|other| (other, &to_others))) {
            let failure = failure.clone().filter(|_| is_among(&reporters, waiter));
            actions.push(Action::Reply(waiter, failure.map_or_else(|| reply.clone(), Err)));
        }
    }

    /// The source of a token in hand, for a caller that wanted a better one or did not.
    const fn source_of_held(&self, better_wanted: bool) -> Source {
        match self.snapshot.facts.failure {
            Some(_) if better_wanted => Source::HeldWhileFailing,
            _ => Source::Held,
        }
    }

    /// The token in hand, else the failure.
    pub(super) fn answer(&self, source: Source, now: UnixMillis) -> Result<Handout, UpstreamError> {
        self.snapshot.held(now).map(|token| Handout { token: token.clone(), source }).ok_or_else(
            || match &self.snapshot.facts.failure {
                Some(failure) => failure.at(now),
                None => UpstreamError::EXPIRED_ON_ARRIVAL,
            },
        )
    }

    /// Whether a flight may start now: one at a time, none while a failure lasts, and none for a
    /// better token right after another one.
    pub(super) fn may_ask(&self, now: UnixMillis) -> bool {
        let facts = &self.snapshot.facts;
        let failing = facts.failure.as_ref().is_some_and(|failure| !failure.is_over(now));
        let asked_just_now = self.snapshot.held(now).is_some_and(|token| {
            facts.fetched_at.is_some_and(|at| now < at.plus(token.renewal_spacing()))
        });
        self.flight.is_none() && !failing && !asked_just_now
    }

    /// Whether the token is in use: an isolate called within its last lifetime, or it is kept warm.
    fn is_in_use(&self, now: UnixMillis) -> bool {
        let recent = |token: &CachedToken| {
            let asked_at = self.snapshot.facts.asked_at;
            asked_at.is_some_and(|at| now <= at.plus(token.lifetime()))
        };
        self.keep_warm || self.snapshot.token.as_ref().is_some_and(recent)
    }

    /// Saves the time of the last call now and then, so that it outlives the object's memory.
    fn save_asked_at(&mut self, now: UnixMillis, actions: &mut Vec<Action>) {
        let recent = self.saved_asked_at.is_some_and(|at| at.until(now) < ASKED_AT_PRECISION);
        if !recent {
            self.saved_asked_at = Some(now);
            actions.push(Action::Save);
        }
    }
}
