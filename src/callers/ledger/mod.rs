//! Client assertions that were used: each `jti` is good once (RFC 7523 §3).
//!
//! A request *reserves* an assertion before it does anything with it. It *spends* it before a token is
//! handed out, and *releases* it if it ends without one. An isolate knows what happens in itself. The
//! ledger of a client, which is one Durable Object for the whole network, knows everything.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

mod memory;
mod message;
mod object;
mod reservation;

use crate::base::keys::SealingKey;

pub use memory::{ReservedAssertion, UsedAssertions};
pub use message::{open, seal};
pub use object::{Ledger, LedgerFault, LedgerStorage, ObjectLedger};
pub use reservation::{Owner, Verdict};

/// What a request does with an assertion.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Step {
    /// It works with the assertion from now on.
    Reserve = 0,
    /// The assertion is used.
    Spend = 1,
    /// The request has ended without a token.
    Release = 2,
}

/// The client assertions that were used anywhere in the network.
pub trait AssertionLedger {
    /// Tells the ledger of the assertion's client about `step`, in a message under `sealing_key`.
    async fn tell(
        &self,
        step: Step,
        assertion: &ReservedAssertion,
        sealing_key: &SealingKey,
    ) -> Result<Verdict, LedgerError>;
}

/// Why the ledger gave no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LedgerError {
    /// The binding does not exist: each isolate knows its own uses only.
    Unbound,
    /// No answer within [`crate::base::limits::COORDINATOR_TIMEOUT`].
    TimedOut,
    /// It did not answer a moment ago, so it was not called.
    Silent,
    /// Anything else.
    Failed,
}

impl LedgerError {
    /// The failure's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::TimedOut => "timeout",
            Self::Silent => "silent",
            Self::Failed => "failed",
        }
    }
}
