//! Calls a token's coordinator from an isolate.

use super::message::{AcquireMessage, HandedMessage, SealedHandout, TokenId};
use super::protocol::Want;
use crate::base::cbor;
use crate::base::deadline::within;
use crate::base::limits::{COORDINATOR_ATTEMPTS_MAX, COORDINATOR_TIMEOUT};
use crate::base::ports::{Clock, Objects};
use crate::base::request_id::RequestId;
use crate::config::Grant;
use crate::oauth::claims::Claims;
use crate::tokens::ports::{Coordinated, Coordination, CoordinationError};

/// Calls coordinators. Each call has a deadline: an object that panics never answers.
pub struct CoordinatorClient<O, C> {
    /// The coordinators.
    pub objects: O,
    /// The time.
    pub clock: C,
}

impl<O: Objects, C: Clock> Coordination for CoordinatorClient<O, C> {
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
        let id = TokenId::of(grant);
        let name = id.token.clone();
        let (claims, request_id) = (claims.cloned(), request_id.clone());
        let message = cbor::to_vec(&AcquireMessage { id, want, request_id, claims });
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

impl<O: Objects, C: Clock> CoordinatorClient<O, C> {
    async fn call(&self, name: &str, message: &[u8]) -> Result<HandedMessage, CoordinationError> {
        let answer = within(&self.clock, COORDINATOR_TIMEOUT, self.objects.call(name, message));
        let answer = answer.await.ok_or(CoordinationError::TimedOut)?;
        let answer = answer.map_err(|_| CoordinationError::Failed)?;
        minicbor::decode(&answer).map_err(|_| CoordinationError::Failed)
    }
}
