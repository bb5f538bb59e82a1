//! What an isolate keeps between requests: values only, and nothing that belongs to a request.

use std::cell::Cell;
use std::rc::Rc;

use super::ports::HttpPorts;
use crate::callers::Callers;
use crate::config::{Config, Fault};
use crate::error::BrokerError;
use crate::log::{Line, RequestLog};
use crate::tokens::broker::Broker;

/// What one isolate keeps. It is made once: bindings change only with a new version of the Worker,
/// and a new version gets new isolates.
pub struct Isolate<P: HttpPorts> {
    /// The configuration, or its faults.
    pub config: Rc<Result<Config, Vec<Fault>>>,
    /// What the isolate knows of callers.
    pub callers: Callers<P>,
    /// What the isolate knows of tokens.
    pub broker: Rc<Broker<P>>,
    /// The request log.
    pub log: Rc<RequestLog<P::Log>>,
    /// `CLIENT_RATE_LIMIT`: counts the requests of each client.
    pub client_limit: P::Limiter,
    /// `FAILED_AUTH_RATE_LIMIT`: counts failed authentication for each network.
    pub failure_limit: P::Limiter,
    /// Whether a line of the log has all faults of the configuration.
    pub faults_listed: Cell<bool>,
}

impl<P: HttpPorts> Isolate<P> {
    /// The configuration.
    ///
    /// # Errors
    /// [`BrokerError::Misconfigured`]. The log has the faults.
    pub fn config(&self) -> Result<&Config, BrokerError> {
        (*self.config).as_ref().map_err(|_| BrokerError::Misconfigured)
    }

    /// Puts the faults of the configuration into `line`: all of them once, then the first one and their
    /// number. Anybody can make requests, and must not choose how much the log takes.
    pub(super) fn list_faults(&self, line: &mut Line) {
        let Err(faults) = &*self.config else { return };
        let listed = if self.faults_listed.replace(true) { 1 } else { faults.len() };
        line.faults = faults.iter().take(listed).map(ToString::to_string).collect();
        line.faults_count = Some(faults.len());
    }
}
