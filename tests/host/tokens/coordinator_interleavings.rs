//! The coordinator's state machine: what holds for any interleaving of callers, upstream answers, alarms
//! and evictions, whatever the entropy gives.

use std::collections::BTreeSet;

use edge_token_broker::base::limits::FLIGHT_MAX;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::oauth::error_response::{ErrorResponse, Trace};
use edge_token_broker::tokens::coordinator::{Event, Handout, Snapshot, Want};
use edge_token_broker::tokens::min_ttl::MinTtl;
use edge_token_broker::tokens::token::Freshness;
use edge_token_broker::upstream::error::UpstreamError;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::support::driven::{Driven, at, down, throttled};
use crate::support::tokens::token;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// A caller comes. It knows a generation near the current one.
    Acquire {
        min_ttl_secs: u64,
        renewed: bool,
        touch: bool,
        ahead: u64,
    },
    /// A caller reports a rejected token: the current one, or another. Or it brings a challenge,
    /// and names the current token or none.
    Rejected {
        current: bool,
        challenged: bool,
        ahead: u64,
    },
    /// A waiter waits no longer: one of those that wait.
    Left(prop::sample::Index),
    /// The flight lands with a token of this lifetime.
    Token {
        lifetime_secs: u64,
        text: u8,
    },
    /// The flight lands without one.
    Failure(Failing),
    Alarm,
    /// The object's memory is lost, and the configuration may be another one.
    Eviction {
        keep_warm: bool,
    },
}

/// How upstream fails.
#[derive(Clone, Copy, Debug)]
enum Failing {
    Down,
    Throttles,
    Refuses,
}

impl Failing {
    fn error(self) -> UpstreamError {
        match self {
            Self::Down => down(),
            Self::Throttles => throttled(30),
            Self::Refuses => UpstreamError::CredentialRefused(Box::new(ErrorResponse {
                error: "invalid_client".into(),
                description: None,
                trace: Trace::default(),
                advice: None,
            })),
        }
    }
}

/// Each with the milliseconds since the one before, and what the entropy gives.
fn happenings() -> impl Strategy<Value = Vec<(u64, u32, Happening)>> {
    // A generation is a time in milliseconds, or follows on one; clocks differ.
    let ahead = prop::sample::select(&[0, 1, 10_000_000_u64]);
    let acquire = (0..4000_u64, any::<bool>(), any::<bool>(), ahead.clone()).prop_map(
        |(min_ttl_secs, renewed, touch, ahead)| Happening::Acquire {
            min_ttl_secs,
            renewed,
            touch,
            ahead,
        },
    );
    let rejected =
        (any::<bool>(), any::<bool>(), ahead).prop_map(|(current, challenged, ahead)| {
            Happening::Rejected { current, challenged, ahead }
        });
    let issued = (1..4000_u64, 0..4_u8)
        .prop_map(|(lifetime_secs, text)| Happening::Token { lifetime_secs, text });
    let failing = prop::sample::select(&[Failing::Down, Failing::Throttles, Failing::Refuses]);
    let happening = prop_oneof![
        5 => acquire,
        2 => rejected,
        1 => any::<prop::sample::Index>().prop_map(Happening::Left),
        3 => issued,
        1 => failing.prop_map(Happening::Failure),
        2 => Just(Happening::Alarm),
        1 => any::<bool>().prop_map(|keep_warm| Happening::Eviction { keep_warm }),
    ];
    prop::collection::vec((0..2_000_000_u64, any::<u32>(), happening), 0..60)
}

/// A coordinator, and what its callers have seen.
#[derive(Default)]
struct Run {
    driven: Driven,
    waiting: BTreeSet<u64>,
    in_flight: usize,
    /// When the last flight began.
    began_at: Option<UnixMillis>,
    /// The highest generation that was handed out.
    handed_out: u64,
    /// The highest generation that a caller knew, as far as the object remembers.
    known: u64,
}

impl Run {
    /// Nothing happens where it cannot: an alarm before its time, a landing without a flight.
    fn apply(&mut self, happening: &Happening, now: UnixMillis) {
        match *happening {
            Happening::Acquire { min_ttl_secs, renewed, touch, ahead } => {
                let min_ttl = MinTtl::asked(Millis::from_secs(min_ttl_secs));
                self.acquire(Want { min_ttl, renewed, touch, ..Want::default() }, ahead, now);
            }
            Happening::Rejected { current, challenged, ahead } => {
                let held = self.driven.machine.snapshot().token.as_ref();
                let other = token("other", now, Millis(0));
                let rejected = held.filter(|_| current).unwrap_or(&other).digest();
                let rejected = Some(rejected).filter(|_| !challenged || current);
                let challenge = challenged.then_some([1; 32]);
                self.acquire(Want { rejected, challenge, ..Want::default() }, ahead, now);
            }
            Happening::Left(index) if !self.waiting.is_empty() => {
                let waiter = *index.get(&self.waiting.iter().copied().collect::<Vec<_>>());
                self.waiting.remove(&waiter);
                self.driven.on(Event::Left(waiter), now);
            }
            Happening::Token { lifetime_secs, text } if self.in_flight > 0 => {
                let lifetime = Millis::from_secs(lifetime_secs);
                self.land(Event::Landed(Ok(token(&text.to_string(), now, lifetime))), now);
            }
            Happening::Failure(failing) if self.in_flight > 0 => {
                self.land(Event::Landed(Err(failing.error())), now);
            }
            Happening::Alarm if self.driven.alarm.is_some_and(|alarm| alarm <= now) => {
                self.driven.alarm = None;
                self.driven.on(Event::Alarm, now);
            }
            Happening::Eviction { keep_warm } => {
                self.driven.keep_warm = keep_warm;
                self.driven.evict();
                // The waiters go upstream by themselves, and the flight is lost.
                (self.waiting, self.in_flight, self.known) = (BTreeSet::new(), 0, 0);
            }
            _ => {}
        }
    }

    /// The time after `pause`. A flight lands before its longest time has passed.
    fn after(&self, now: UnixMillis, pause: Millis) -> UnixMillis {
        let later = now.plus(pause);
        let latest = self.began_at.filter(|_| self.in_flight > 0).map(|at| at.plus(FLIGHT_MAX));
        latest.map_or(later, |latest| later.min(latest))
    }

    fn acquire(&mut self, want: Want, ahead: u64, now: UnixMillis) {
        let known_generation = self.handed_out + ahead;
        self.known = self.known.max(known_generation);
        self.waiting.insert(self.driven.next_waiter);
        self.driven.acquire_at(Want { known_generation, ..want }, now);
    }

    fn land(&mut self, landed: Event, now: UnixMillis) {
        self.in_flight = 0;
        self.driven.on(landed, now);
    }
}

/// What there was before a happening.
struct Before {
    asked: usize,
    replies: usize,
    published: usize,
    had_token: bool,
}

impl Run {
    fn now(&self) -> Before {
        Before {
            asked: self.driven.asked,
            replies: self.driven.replies.len(),
            published: self.driven.published.len(),
            had_token: self.driven.machine.snapshot().token.is_some(),
        }
    }

    fn check_replies(&mut self, before: &Before, now: UnixMillis) -> Result<(), TestCaseError> {
        for (waiter, reply) in self.driven.replies.iter().skip(before.replies) {
            prop_assert!(
                self.waiting.remove(waiter),
                "one answer for each waiter that has not left"
            );
            if let Ok(Handout { token, .. }) = reply {
                prop_assert!(token.freshness(now) != Freshness::Expired, "below the serve floor");
                prop_assert!(token.generation >= self.handed_out, "an older generation");
                self.handed_out = token.generation;
            }
        }
        for token in self.driven.published.iter().skip(before.published) {
            prop_assert!(token.generation > self.known, "not later than what a caller knew");
        }
        Ok(())
    }

    fn check(
        &mut self,
        before: &Before,
        happening: &Happening,
        now: UnixMillis,
    ) -> Result<(), TestCaseError> {
        if self.driven.asked > before.asked {
            self.in_flight += self.driven.asked - before.asked;
            self.began_at = Some(now);
        }
        prop_assert!(self.in_flight <= 1, "two flights");
        prop_assert!(self.waiting.is_empty() || self.in_flight == 1, "a waiter without a flight");
        if let Happening::Acquire { touch: true, .. } = happening {
            let last = self.driven.next_waiter - 1;
            prop_assert!(!self.waiting.contains(&last), "a touch waits");
        }
        let snapshot = self.driven.machine.snapshot();
        if *snapshot == Snapshot::default() {
            // Whatever was handed out has expired.
            (self.handed_out, self.known) = (0, 0);
        }
        let has_token = snapshot.token.is_some();
        if !matches!(happening, Happening::Eviction { .. }) {
            let is_idle = has_token && self.in_flight == 0;
            prop_assert!(!is_idle || self.driven.alarm.is_some(), "a token without an alarm");
            let is_forgotten = before.had_token && !has_token;
            prop_assert!(!(is_forgotten && self.driven.keep_warm), "a forgotten warm token");
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn any_interleaving(keep_warm: bool, happenings in happenings()) {
        let mut run = Run { driven: Driven { keep_warm, ..Driven::default() }, ..Run::default() };
        run.driven.evict();
        let mut now = at(0);
        for (pause, random, happening) in happenings {
            now = run.after(now, Millis(pause));
            run.driven.random = random;
            let before = run.now();
            run.apply(&happening, now);
            run.check_replies(&before, now)?;
            run.check(&before, &happening, now)?;
        }
    }
}
