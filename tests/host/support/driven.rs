//! The coordinator's state machine, with what its driver keeps for it.

use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::tokens::coordinator::{
    Action, Coordinator, Event, Handout, Snapshot, Source, Want,
};
use edge_token_broker::tokens::token::CachedToken;
use edge_token_broker::upstream::error::{Outage, UpstreamError};

use super::tokens::token;

pub(crate) const START: u64 = 1_700_000_000_000;
pub(crate) const HOUR: u64 = 3600;

pub(crate) fn at(secs: u64) -> UnixMillis {
    UnixMillis(START + secs * 1000)
}

pub(crate) fn hour_token(requested_secs: u64) -> CachedToken {
    token(&format!("t{requested_secs}"), at(requested_secs), Millis::from_secs(HOUR))
}

pub(crate) fn down() -> UpstreamError {
    UpstreamError::Unavailable { cause: Outage::Failing, retry_after_secs: 1, response: None }
}

pub(crate) fn throttled(retry_after_secs: u64) -> UpstreamError {
    UpstreamError::Unavailable { cause: Outage::Throttled, retry_after_secs, response: None }
}

/// A state machine, with what the driver keeps for it.
#[derive(Default)]
pub(crate) struct Driven {
    pub(crate) machine: Coordinator,
    pub(crate) saved: Snapshot,
    pub(crate) published: Vec<CachedToken>,
    pub(crate) replies: Vec<(u64, Result<Handout, UpstreamError>)>,
    pub(crate) asked: usize,
    pub(crate) alarm: Option<UnixMillis>,
    pub(crate) next_waiter: u64,
    /// The configuration says so.
    pub(crate) keep_warm: bool,
    /// What the entropy gives: no jitter with 0, the most with `u32::MAX`.
    pub(crate) random: u32,
}

impl Driven {
    pub(crate) fn on(&mut self, event: Event, now: UnixMillis) {
        for action in self.machine.handle(event, now, self.random) {
            match action {
                Action::Reply(waiter, reply) => self.replies.push((waiter, reply)),
                Action::StartFlight { .. } => self.asked += 1,
                Action::Save => self.saved = self.machine.snapshot().clone(),
                Action::Publish(token) => self.published.push(token),
                Action::Wake(at) => self.alarm = Some(at),
                Action::Forget => (self.saved, self.alarm) = (Snapshot::default(), None),
            }
        }
    }

    pub(crate) fn acquire(&mut self, want: Want, secs: u64) -> u64 {
        self.acquire_at(want, at(secs))
    }

    pub(crate) fn acquire_at(&mut self, want: Want, now: UnixMillis) -> u64 {
        let waiter = self.next_waiter;
        self.next_waiter += 1;
        self.on(Event::Acquire { waiter, want }, now);
        waiter
    }

    pub(crate) fn land(&mut self, answer: Result<CachedToken, UpstreamError>, secs: u64) {
        self.on(Event::Landed(answer), at(secs));
    }

    pub(crate) fn evict(&mut self) {
        self.machine = Coordinator::restored(self.saved.clone(), self.keep_warm);
    }

    pub(crate) fn reply(&self, waiter: u64) -> Option<&Result<Handout, UpstreamError>> {
        self.replies.iter().find(|(to, _)| *to == waiter).map(|(_, reply)| reply)
    }

    pub(crate) fn source(&self, waiter: u64) -> Option<Source> {
        self.reply(waiter)?.as_ref().ok().map(|handout| handout.source)
    }

    /// With a token that was asked for at the beginning.
    pub(crate) fn with_token() -> Self {
        let mut driven = Self::default();
        driven.acquire(Want::default(), 0);
        driven.land(Ok(hour_token(0)), 0);
        driven
    }
}
