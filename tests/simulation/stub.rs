//! The way from an isolate to a coordinator, as `src/adapters/coordinator_stub.rs` goes it: a call
//! that gets no answer in time, or none at all, and a sign of life where the flight takes long.

use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::limits::{
    COORDINATOR_ASKS_MAX, COORDINATOR_SIGN_OF_LIFE, COORDINATOR_TIMEOUT,
};
use edge_token_broker::base::ports::{Clock, Entropy};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::config::Grant;
use edge_token_broker::oauth::claims::Claims;
use edge_token_broker::tokens::coordinator::message::{ReplyMessage, Seal, SealedReply};
use edge_token_broker::tokens::coordinator::{Event, Want};
use edge_token_broker::tokens::ports::{Coordinated, Coordination, CoordinationError};
use edge_token_broker::upstream::token_key::TokenKey;

use super::coordinators::Coordinators;
use super::time::Slot;
use super::trouble::add;

/// The way to the coordinators from one location.
#[derive(Clone)]
pub(crate) struct Stub {
    /// Nothing where the binding does not exist.
    pub(crate) all: Option<Rc<Coordinators>>,
    /// Grants by token key, as the objects find theirs.
    pub(crate) grants: Rc<BTreeMap<TokenKey, Rc<Grant>>>,
    /// One way.
    pub(crate) latency: u64,
}

impl Coordination for Stub {
    fn is_bound(&self) -> bool {
        self.all.is_some()
    }

    async fn acquire(
        &self,
        grant: &Grant,
        want: Want,
        _: &RequestId,
    ) -> Result<Coordinated, CoordinationError> {
        let all = self.all.as_ref().ok_or(CoordinationError::Unbound)?;
        for _ in 0..COORDINATOR_ASKS_MAX {
            add(&all.counts.calls);
            let asked = all.time.within(COORDINATOR_TIMEOUT, self.ask(all, grant, want)).await;
            let message: Option<ReplyMessage> = asked.ok_or(CoordinationError::TimedOut)?;
            let ReplyMessage { reply, trail, failing_for } =
                message.ok_or(CoordinationError::Failed)?;
            if matches!(reply, SealedReply::Flying) {
                continue;
            }
            let seal = Seal { key: &grant.token_key, credential: &grant.credential };
            let reply = reply.open(seal).ok_or(CoordinationError::Failed)?;
            let failing_for = failing_for.unwrap_or_default();
            return Ok(Coordinated { reply, trail, failing_for });
        }
        Err(CoordinationError::TimedOut)
    }

    async fn replace(
        &self,
        grant: &Grant,
        want: Want,
        _: Option<Claims>,
        request_id: &RequestId,
    ) -> Result<Coordinated, CoordinationError> {
        self.acquire(grant, want, request_id).await
    }
}

impl Stub {
    async fn ask(&self, all: &Rc<Coordinators>, grant: &Grant, want: Want) -> Option<ReplyMessage> {
        all.time.sleep(self.latency + all.random.range(0, 20)).await;
        if all.random.chance(all.trouble.no_answer) {
            return if all.random.chance(0.5) { None } else { std::future::pending().await };
        }
        let object = all.object(&self.grants[&grant.token_key]);
        all.restore(&object)?;
        let (waiter, slot) = (all.time.unique(), Slot::default());
        object.running(|run| drop(run.waiters.insert(waiter, slot.clone())));
        all.on(&object, Event::Acquire { waiter, want });
        let answer = all.time.within(COORDINATOR_SIGN_OF_LIFE, slot.filled(&all.time)).await;
        let message = if let Some(reply) = answer {
            let reply = SealedReply::new(reply?, object.seal(), all.random.bytes());
            let run = object.run.borrow();
            let now = object.place.borrow().clock.now();
            let failing_for = run.as_ref().and_then(|run| run.machine.failing_for(now));
            let trail = run.as_ref().map(|run| run.trail.clone());
            ReplyMessage { reply, trail, failing_for }
        } else {
            object.running(|run| drop(run.waiters.remove(&waiter)));
            all.on(&object, Event::Left(waiter));
            ReplyMessage { reply: SealedReply::Flying, trail: None, failing_for: None }
        };
        let message = minicbor::to_vec(&message).unwrap();
        all.time.sleep(self.latency + all.random.range(0, 20)).await;
        Some(minicbor::decode(&message).unwrap())
    }
}
