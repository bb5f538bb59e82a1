//! What goes into the state machine, and what comes out of it.

use minicbor::{Decode, Encode};

use crate::base::secret::TokenDigest;
use crate::base::time::{Millis, UnixMillis};
use crate::tokens::token::CachedToken;
use crate::upstream::error::UpstreamError;

/// Somebody who waits; the driver knows how to reach them.
pub type Waiter = u64;

/// What happens to a coordinator.
#[derive(Clone, Debug)]
pub enum Event {
    /// Somebody wants the token.
    Acquire {
        /// Gets exactly one [`Action::Reply`], now or when the flight has landed, unless it leaves.
        waiter: Waiter,
        /// What would do.
        want: Want,
    },
    /// The flight that [`Action::StartFlight`] started has landed.
    Landed(Result<CachedToken, UpstreamError>),
    /// A waiter waits no longer; it gets no reply.
    Left(Waiter),
    /// The time of [`Action::Wake`] has come.
    Alarm,
}

/// Which token would do.
#[derive(Clone, Copy, Debug, Decode, Default, Encode, Eq, PartialEq)]
pub struct Want {
    /// At least this much left, if upstream gives such a token.
    #[n(0)]
    pub min_ttl: Millis,
    /// A token that is due for renewal will not do, if a newer one can be had.
    #[n(1)]
    pub renewed: bool,
    /// The generation that the caller holds: a coordinator that lost its storage goes on from it.
    #[n(2)]
    pub known_generation: u64,
    /// The caller has a token and only tells that it is in use: none is fetched for it.
    #[n(3)]
    pub touch: bool,
    /// This token will not do: whoever accepts tokens rejected it. It is the one of
    /// `known_generation`.
    #[n(4)]
    pub rejected: Option<TokenDigest>,
}

/// What the driver has to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Answer a waiter.
    Reply(Waiter, Result<Handout, UpstreamError>),
    /// Send one request upstream, and come back with [`Event::Landed`].
    StartFlight {
        /// Nobody waits for it who would write it to the log.
        background: bool,
    },
    /// Store the [`Snapshot`](super::Snapshot): it has changed in a way that must outlive the object's memory.
    Save,
    /// Write the token to the shared tier.
    Publish(CachedToken),
    /// Come back with [`Event::Alarm`] then; replaces the alarm that was set.
    Wake(UnixMillis),
    /// Nobody uses the token any more: delete what is stored.
    Forget,
}

/// A token for a waiter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Handout {
    /// The token; above its serve floor.
    pub token: CachedToken,
    /// Where it came from.
    pub source: Source,
}

/// Where the token of a [`Handout`] came from.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq)]
#[cbor(index_only)]
pub enum Source {
    /// It was here.
    #[n(0)]
    Held,
    /// It was here, and upstream fails to give a newer one.
    #[n(1)]
    HeldWhileFailing,
    /// A flight that this waiter started.
    #[n(2)]
    Flight,
    /// A flight that somebody else had started.
    #[n(3)]
    Collapsed,
}
