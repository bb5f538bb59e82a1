//! What an isolate keeps between requests: values only, never anything that belongs to a request.

use std::rc::Rc;

use super::ports::HttpPorts;
use crate::callers::Callers;
use crate::config::{Config, Fault};
use crate::error::BrokerError;
use crate::log::RequestLog;
use crate::tokens::broker::Broker;

/// One isolate's state. Bindings change only with a new version of the Worker, which gets new
/// isolates, so all of it is made once.
pub struct Isolate<P: HttpPorts> {
    /// The configuration, or its faults.
    pub config: Rc<Result<Config, Vec<Fault>>>,
    /// What is known of callers.
    pub callers: Callers<P>,
    /// What is known of tokens.
    pub broker: Rc<Broker<P>>,
    /// The request log.
    pub log: Rc<RequestLog<P::Log>>,
    /// `CLIENT_RATE_LIMIT`: of each client.
    pub client_limit: P::Limiter,
    /// `FAILED_AUTH_RATE_LIMIT`: of each network from which authentication failed.
    pub failure_limit: P::Limiter,
}

impl<P: HttpPorts> Isolate<P> {
    /// The configuration.
    ///
    /// # Errors
    /// [`BrokerError::Misconfigured`]; the faults are for the log.
    pub fn config(&self) -> Result<&Config, BrokerError> {
        (*self.config).as_ref().map_err(|_| BrokerError::Misconfigured)
    }
}
