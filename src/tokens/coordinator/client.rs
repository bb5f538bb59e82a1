//! Calls a token's coordinator from an isolate.

use super::message::{AcquireMessage, HandedMessage, SealedHandout, SealedMessage};
use super::protocol::Want;
use crate::base::cbor;
use crate::base::deadline::within;
use crate::base::limits::{COORDINATOR_ATTEMPTS_MAX, COORDINATOR_TIMEOUT};
use crate::base::ports::{Clock, Entropy, Objects};
use crate::base::request_id::RequestId;
use crate::base::silence::Silence;
use crate::config::Grant;
use crate::oauth::claims::Claims;
use crate::tokens::ports::{Coordinated, Coordination, CoordinationError};

/// Calls coordinators. Each call has a deadline: an object that panics never answers.
pub struct CoordinatorClient<O, C, E> {
    objects: O,
    clock: C,
    /// The nonces of messages.
    entropy: E,
    /// The coordinators that did not answer a moment ago.
    silence: Silence,
}

impl<O, C, E> CoordinatorClient<O, C, E> {
    /// The way to the coordinators behind `objects`.
    pub fn new(objects: O, clock: C, entropy: E) -> Self {
        Self { objects, clock, entropy, silence: Silence::default() }
    }
}

impl<O: Objects, C: Clock, E: Entropy> Coordination for CoordinatorClient<O, C, E> {
    fn is_bound(&self) -> bool {
        self.objects.is_bound()
    }

    /// Calls again after each sign of life.
    async fn acquire(
        &self,
        grant: &Grant,
        want: Want,
        claims: Option<&Claims>,
        request_id: &RequestId,
    ) -> Result<Coordinated, CoordinationError> {
        if !self.objects.is_bound() {
            return Err(CoordinationError::Unbound);
        }
        let name = grant.token_key.kv_name();
        if !self.silence.may_call(&name, self.clock.now()) {
            return Err(CoordinationError::Silent);
        }
        let (claims, request_id) = (claims.cloned(), request_id.clone());
        let message = AcquireMessage { want, request_id, claims };
        let message = SealedMessage::new(&message, grant, self.entropy.bytes());
        let message = cbor::to_vec(&message);
        for _ in 0..COORDINATOR_ATTEMPTS_MAX {
            let answer = self.call(&name, &message).await?;
            if matches!(answer.handed, SealedHandout::InFlight) {
                continue;
            }
            let handed = answer.handed.open(grant).ok_or(CoordinationError::Failed)?;
            let failing_for = answer.failing_for.unwrap_or_default();
            return Ok(Coordinated { handed, trail: answer.trail, failing_for });
        }
        Err(CoordinationError::TimedOut)
    }
}

impl<O: Objects, C: Clock, E: Entropy> CoordinatorClient<O, C, E> {
    async fn call(&self, name: &str, message: &[u8]) -> Result<HandedMessage, CoordinationError> {
        let answer = within(&self.clock, COORDINATOR_TIMEOUT, self.objects.call(name, message));
        let Some(answer) = answer.await else {
            self.silence.note_silence(name, self.clock.now());
            return Err(CoordinationError::TimedOut);
        };
        self.silence.note_answer(name);
        let answer = answer.map_err(|_| CoordinationError::Failed)?;
        cbor::of_slice(&answer).ok_or(CoordinationError::Failed)
    }
}
