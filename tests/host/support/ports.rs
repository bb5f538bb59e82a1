//! The ports of the whole broker, over simulated parts.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use edge_token_broker::base::ports::{Entropy, Ports};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::callers::ledger::ObjectLedger;
use edge_token_broker::callers::ports::CallerPorts;
use edge_token_broker::config::Grant;
use edge_token_broker::http::ports::HttpPorts;
use edge_token_broker::oauth::claims::Claims;
use edge_token_broker::tokens::coordinator::Want;
use edge_token_broker::tokens::ports::{Coordinated, Coordination, CoordinationError, TokenPorts};
use edge_token_broker::upstream::ports::UpstreamPorts;

use super::clock::SimulatedClock;
use super::endpoint::SimulatedEndpoint;
use super::issuer::{SimulatedIssuer, SimulatedSignatures};
use super::ledger::SimulatedLedgers;
use super::platform::{SimulatedLimiter, SimulatedLog, SimulatedRequest};
use super::signer::SimulatedSigner;
use super::store::SimulatedStore;

/// The platform.
pub(crate) struct SimulatedPorts;

impl Ports for SimulatedPorts {
    type Clock = SimulatedClock;
    type Entropy = CountingEntropy;
    type Store = SimulatedStore;
}

impl UpstreamPorts for SimulatedPorts {
    type Endpoint = SimulatedEndpoint;
    type Documents = SimulatedIssuer;
    type Signer = SimulatedSigner;
}

impl TokenPorts for SimulatedPorts {
    type Coordination = SimulatedCoordinator;
    type Log = SimulatedLog;
}

impl CallerPorts for SimulatedPorts {
    type Issuers = SimulatedIssuer;
    type Signatures = SimulatedSignatures;
    type Ledger = ObjectLedger<SimulatedLedgers, SimulatedClock, CountingEntropy>;
}

impl HttpPorts for SimulatedPorts {
    type Request = SimulatedRequest;
    type Limiter = SimulatedLimiter;
}

/// Different bytes each time, the same in each run.
#[derive(Default)]
pub(crate) struct CountingEntropy(Cell<u8>);

impl Entropy for CountingEntropy {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        self.0.set(self.0.get().wrapping_add(1));
        [self.0.get(); N]
    }
}

/// No coordinator, unless an answer is prepared.
#[derive(Clone, Default)]
pub(crate) struct SimulatedCoordinator {
    pub(crate) answers: Rc<RefCell<VecDeque<Result<Coordinated, CoordinationError>>>>,
    pub(crate) wants: Rc<RefCell<Vec<Want>>>,
}

impl Coordination for SimulatedCoordinator {
    fn is_bound(&self) -> bool {
        !self.answers.borrow().is_empty()
    }

    async fn acquire(
        &self,
        _: &Grant,
        want: Want,
        _: Option<&Claims>,
        _: &RequestId,
    ) -> Result<Coordinated, CoordinationError> {
        self.wants.borrow_mut().push(want);
        self.answers.borrow_mut().pop_front().unwrap_or(Err(CoordinationError::Unbound))
    }
}
