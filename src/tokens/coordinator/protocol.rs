//! The events that go into the state machine, and the actions that come out of it.

use crate::base::cbor::{self, Cbor, Value};
use crate::base::limits::{GENERATION_AHEAD_MAX, MIN_TTL_MAX};
use crate::base::secret::TokenDigest;
use crate::base::time::UnixMillis;
use crate::tokens::min_ttl::MinTtl;
use crate::tokens::token::CachedToken;
use crate::upstream::error::UpstreamError;

/// The number of a call that waits for an answer. The driver knows the call.
pub type Waiter = u64;

/// An input of the state machine.
#[derive(Clone, Debug)]
pub enum Event {
    /// A caller wants the token.
    Acquire {
        /// Gets exactly one [`Action::Reply`], now or when the flight has landed. If it leaves, it
        /// gets none.
        waiter: Waiter,
        /// Which token is good enough.
        want: Want,
    },
    /// The flight that [`Action::StartFlight`] started has landed.
    Landed(Result<CachedToken, UpstreamError>),
    /// A waiter has left. It gets no reply.
    Left(Waiter),
    /// The time of [`Action::Wake`] has come.
    Alarm,
}

/// Which token is good enough for a caller.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Want {
    /// It has at least this much time left, if upstream gives such a token.
    pub min_ttl: MinTtl,
    /// It is not due for renewal, if upstream gives a newer one.
    pub renewed: bool,
    /// The generation of the caller's token. A coordinator that lost its storage goes on from it.
    pub known_generation: u64,
    /// A touch: the caller only tells that the token is in use. The coordinator fetches nothing.
    pub touch: bool,
    /// It is not this token, which an API has rejected. `known_generation` is that token's
    /// generation.
    pub rejected: Option<TokenDigest>,
    /// The digest of a challenge's claims, if the call has some. Without `rejected`, it is the token
    /// in hand that an API has rejected. The driver sets it: the claims travel beside the want.
    pub challenge: Option<[u8; 32]>,
}

impl Cbor for Want {
    fn to_value(&self) -> Value {
        Value::record(vec![
            self.min_ttl.asked.to_value(),
            self.renewed.to_value(),
            self.known_generation.to_value(),
            self.touch.to_value(),
            self.rejected.to_value(),
            // Earlier versions did not have this.
            self.min_ttl.keeps.then_some(true).to_value(),
        ])
    }

    fn of_value(value: Value) -> Option<Self> {
        let mut fields = value.into_fields()?;
        let min_ttl = MinTtl::asked(fields.take()?);
        Some(Self {
            renewed: fields.take()?,
            known_generation: fields.take()?,
            touch: fields.take()?,
            rejected: fields.take()?,
            min_ttl: MinTtl { keeps: fields.take::<Option<bool>>()? == Some(true), ..min_ttl },
            challenge: None,
        })
    }
}

impl Want {
    /// The same with bounded numbers: a generation far in the future would put every later token
    /// behind it.
    #[must_use]
    pub fn bounded(self, now: UnixMillis) -> Self {
        let newest = now.plus(GENERATION_AHEAD_MAX).0;
        Self {
            min_ttl: self.min_ttl.at_most(MIN_TTL_MAX),
            known_generation: self.known_generation.min(newest),
            ..self
        }
    }
}

/// What the driver has to do. It carries out actions in their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Answer a waiter.
    Reply(Waiter, Result<Handout, UpstreamError>),
    /// Start a flight, and come back with [`Event::Landed`].
    StartFlight {
        /// No caller waits for it, so the flight writes its own log line.
        background: bool,
    },
    /// Save the [`Snapshot`](super::Snapshot): the change must outlive the object's memory.
    Save,
    /// Write the token to the shared tier.
    Publish(CachedToken),
    /// Come back with [`Event::Alarm`] at this time. It replaces the alarm before.
    Wake(UnixMillis),
    /// The token is not in use: delete the saved state.
    Forget,
}

/// A token for a waiter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Handout {
    /// The token, above its serve floor.
    pub token: CachedToken,
    /// Where it came from.
    pub source: Source,
}

/// Where the token of a [`Handout`] came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// The coordinator had it.
    Held,
    /// The coordinator had it, and upstream fails to give a newer one.
    HeldWhileFailing,
    /// A flight that this waiter started.
    Flight,
    /// A flight that another waiter had started.
    Collapsed,
}

cbor::names!(Source { 0 => Held, 1 => HeldWhileFailing, 2 => Flight, 3 => Collapsed });
