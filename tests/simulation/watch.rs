//! Watches the requests of one coordinator.

use std::cell::Cell;

use edge_token_broker::base::limits::{REFUSAL_MEMORY_MIN, THROTTLE_RETRY_AFTER_SECS};
use edge_token_broker::upstream::exchange::{EndpointResponse, TransportFailure};

use super::upstream::AuthorizationServer;

/// The requests of one coordinator: one flight at a time, and none before the last failure is over.
#[derive(Default)]
pub(crate) struct Watch {
    flying: Cell<u32>,
    /// Before this true time another request is of no use, as the saved state has it.
    saved: Cell<u64>,
    /// The same, as the object's memory has it.
    known: Cell<u64>,
    /// How many of the next answers may be to reports of rejected tokens. Reports that wait together are
    /// for two flights at most: one with the claims of a challenge, then one without.
    reported: Cell<u8>,
}

impl Watch {
    pub(crate) fn is_flying(&self) -> bool {
        self.flying.get() > 0
    }

    /// Notes that the object has lost its memory.
    pub(crate) fn lost(&self) {
        self.flying.set(0);
        self.known.set(self.saved.get());
    }

    /// The part of the state that is saved now.
    pub(crate) fn known(&self) -> u64 {
        self.known.get()
    }

    /// Notes that the state was saved.
    pub(crate) fn saved(&self, known: u64) {
        self.saved.set(known);
    }

    /// Notes that the object has lost its storage.
    pub(crate) fn forget(&self) {
        self.saved.set(0);
        self.known.set(0);
    }

    pub(crate) fn reported(&self) {
        self.reported.set(2.min(self.reported.get() + 1));
    }

    pub(crate) fn takes_off(&self, now: u64, grant: usize, server: &AuthorizationServer) {
        self.flying.set(self.flying.get() + 1);
        assert_eq!(self.flying.get(), 1, "one flight at a time");
        let left = self.known.get().saturating_sub(now);
        if left > 0 {
            let trace = server.time.noted(&format!("grant {grant}:"));
            let text = format!("at {now} ms, grant {grant}: asked {left} ms too early{trace}");
            server.violation.borrow_mut().get_or_insert(text);
        }
    }

    /// A refusal lasts two seconds at least, and a throttle as long as it says. The failure memory
    /// does not keep the refusal of a forced renewal. What is no answer of a token endpoint is retried
    /// at once.
    pub(crate) fn landed(&self, now: u64, answer: &Result<EndpointResponse, TransportFailure>) {
        self.flying.set(self.flying.get().saturating_sub(1));
        let reported = self.reported.get() > 0;
        self.reported.set(self.reported.get().saturating_sub(1));
        let Ok(answer) = answer else { return };
        let after = answer.retry_after.as_ref().map(|secs| secs.parse::<u64>().unwrap() * 1000);
        let token = answer.body.as_ref().is_ok_and(|body| body.starts_with(b"{\"token_type"));
        let futile = match answer.status {
            200 if token => return,
            429 => after.unwrap_or(THROTTLE_RETRY_AFTER_SECS * 1000),
            503 => after.unwrap_or(0),
            200 => 0,
            _ if reported => 0,
            _ => REFUSAL_MEMORY_MIN.0,
        };
        self.known.set(now + futile);
    }
}
