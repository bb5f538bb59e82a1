//! Simulated ports: time that moves only when told, a KV and an endpoint that do as they are told.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use edge_token_broker::base::ports::{Clock, Entropy, StoreError};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::Grant;
use edge_token_broker::oauth::claims::Claims;
use edge_token_broker::tokens::coordinator::Want;
use edge_token_broker::tokens::ports::{Coordinated, Coordination, CoordinationError, TokenTier};
use edge_token_broker::upstream::exchange::{EndpointRequest, EndpointResponse, TransportFailure};
use edge_token_broker::upstream::ports::TokenEndpoint;
use edge_token_broker::upstream::token_key::TokenKey;

/// Runs a future over simulated ports: none of them ever waits.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a simulated port was left waiting"),
    }
}

/// A clock that all ports share.
#[derive(Clone)]
pub(crate) struct SimulatedClock(Rc<Cell<u64>>);

impl SimulatedClock {
    pub(crate) fn at(start: u64) -> Self {
        Self(Rc::new(Cell::new(start)))
    }

    pub(crate) fn advance(&self, span: Millis) {
        self.0.set(self.0.get().saturating_add(span.0));
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.get())
    }

    async fn sleep(&self, span: Millis) {
        self.advance(span);
    }
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

/// KV as one location sees it.
#[derive(Clone, Default)]
pub(crate) struct SimulatedKv {
    pub(crate) values: Rc<RefCell<BTreeMap<TokenKey, Vec<u8>>>>,
    /// TTL of each write, in order.
    pub(crate) ttls: Rc<RefCell<Vec<u64>>>,
    pub(crate) failure: Rc<Cell<Option<StoreError>>>,
}

impl TokenTier for SimulatedKv {
    async fn load(&self, key: &TokenKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.failure.get().map_or_else(|| Ok(self.values.borrow().get(key).cloned()), Err)
    }

    async fn store(&self, key: &TokenKey, record: &[u8], ttl_secs: u64) -> Result<(), StoreError> {
        self.ttls.borrow_mut().push(ttl_secs);
        if let Some(failure) = self.failure.get() {
            return Err(failure);
        }
        self.values.borrow_mut().insert(*key, record.to_vec());
        Ok(())
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
        _: &RequestId,
    ) -> Result<Coordinated, CoordinationError> {
        self.wants.borrow_mut().push(want);
        self.answers.borrow_mut().pop_front().unwrap_or(Err(CoordinationError::Unbound))
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

/// A token endpoint that gives prepared answers, each after `latency`.
#[derive(Clone)]
pub(crate) struct SimulatedEndpoint {
    pub(crate) clock: SimulatedClock,
    pub(crate) latency: Rc<Cell<Millis>>,
    pub(crate) answers: Rc<RefCell<VecDeque<Result<EndpointResponse, TransportFailure>>>>,
    /// The bodies of the requests that came, with the time of each.
    pub(crate) requests: Rc<RefCell<Vec<(UnixMillis, String)>>>,
}

impl SimulatedEndpoint {
    pub(crate) fn new(clock: &SimulatedClock) -> Self {
        Self {
            clock: clock.clone(),
            latency: Rc::new(Cell::new(Millis(50))),
            answers: Rc::default(),
            requests: Rc::default(),
        }
    }

    pub(crate) fn answer(&self, status: u16, body: &str) {
        self.answer_with(status, None, body);
    }

    pub(crate) fn answer_with(&self, status: u16, retry_after: Option<&str>, body: &str) {
        self.answers.borrow_mut().push_back(Ok(EndpointResponse {
            status,
            retry_after: retry_after.map(str::to_owned),
            body: Some(body.as_bytes().to_vec().into()),
        }));
    }

    pub(crate) fn answer_without_body(&self, status: u16, retry_after: Option<&str>) {
        let retry_after = retry_after.map(str::to_owned);
        self.answers.borrow_mut().push_back(Ok(EndpointResponse {
            status,
            retry_after,
            body: None,
        }));
    }

    pub(crate) fn fail(&self, failure: TransportFailure) {
        self.answers.borrow_mut().push_back(Err(failure));
    }
}

impl TokenEndpoint for SimulatedEndpoint {
    async fn post(
        &self,
        request: &EndpointRequest<'_>,
    ) -> Result<EndpointResponse, TransportFailure> {
        self.requests.borrow_mut().push((self.clock.now(), request.body.to_string()));
        self.clock.advance(self.latency.get());
        self.answers.borrow_mut().pop_front().expect("an answer was prepared for every request")
    }
}
