//! A token endpoint that gives prepared answers.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::upstream::exchange::{
    BodyFault, EndpointRequest, EndpointResponse, TransportFailure,
};
use edge_token_broker::upstream::ports::TokenEndpoint;

use super::clock::{Pause, SimulatedClock};

/// A URL, and `Authorization`.
pub(crate) type Head = (String, Option<String>);

/// Answers after `latency`; others go first meanwhile. Clones are the same endpoint.
#[derive(Clone)]
pub(crate) struct SimulatedEndpoint {
    pub(crate) clock: SimulatedClock,
    pub(crate) latency: Rc<Cell<Millis>>,
    pub(crate) answers: Rc<RefCell<VecDeque<Result<EndpointResponse, TransportFailure>>>>,
    /// The bodies of the requests that came, with the time of each.
    pub(crate) requests: Rc<RefCell<Vec<(UnixMillis, String)>>>,
    /// The URL and the `Authorization` of each.
    pub(crate) sent: Rc<RefCell<Vec<Head>>>,
}

impl SimulatedEndpoint {
    pub(crate) fn new(clock: &SimulatedClock) -> Self {
        Self {
            clock: clock.clone(),
            latency: Rc::new(Cell::new(Millis(50))),
            answers: Rc::default(),
            requests: Rc::default(),
            sent: Rc::default(),
        }
    }

    pub(crate) fn answer(&self, status: u16, body: &str) {
        self.answer_with(status, None, body);
    }

    pub(crate) fn answer_with(&self, status: u16, retry_after: Option<&str>, body: &str) {
        self.answers.borrow_mut().push_back(Ok(response(status, retry_after, body)));
    }

    /// An answer whose body is not there as a whole.
    pub(crate) fn answer_without_body(
        &self,
        status: u16,
        retry_after: Option<&str>,
        fault: BodyFault,
    ) {
        let answer = EndpointResponse { body: Err(fault), ..response(status, retry_after, "") };
        self.answers.borrow_mut().push_back(Ok(answer));
    }

    /// An answer of a server that says when its rate limit is reset.
    pub(crate) fn answer_limited(&self, status: u16, reset: &str, body: &str) {
        let rate_limit_reset = Some(reset.to_owned());
        let answer = EndpointResponse { rate_limit_reset, ..response(status, None, body) };
        self.answers.borrow_mut().push_back(Ok(answer));
    }

    pub(crate) fn fail(&self, failure: TransportFailure) {
        self.answers.borrow_mut().push_back(Err(failure));
    }
}

/// An answer of an authorization server.
pub(crate) fn response(status: u16, retry_after: Option<&str>, body: &str) -> EndpointResponse {
    EndpointResponse {
        status,
        retry_after: retry_after.map(str::to_owned),
        rate_limit_reset: None,
        body: Ok(body.as_bytes().to_vec().into()),
    }
}

/// The body of a token response.
pub(crate) fn issued(token: &str, expires_in: u64) -> String {
    format!(r#"{{"token_type":"Bearer","expires_in":{expires_in},"access_token":"{token}"}}"#)
}

impl TokenEndpoint for SimulatedEndpoint {
    async fn post(
        &self,
        request: &EndpointRequest<'_>,
    ) -> Result<EndpointResponse, TransportFailure> {
        self.requests.borrow_mut().push((self.clock.now(), request.body.to_string()));
        let authorization = request.authorization.as_ref().map(|value| value.to_string());
        self.sent.borrow_mut().push((request.url.to_owned(), authorization));
        Pause::default().await;
        self.clock.advance(self.latency.get());
        self.answers.borrow_mut().pop_front().expect("an answer was prepared for every request")
    }
}
