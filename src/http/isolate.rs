//! What an isolate keeps between requests: values only, and nothing that belongs to a request.

use std::cell::Cell;
use std::rc::Rc;

use super::ports::HttpPorts;
use super::reply::Reply;
use crate::base::base_path::BasePath;
use crate::base::ports::{Clock, Entropy};
use crate::base::request_id::RequestId;
use crate::callers::Callers;
use crate::config::{Bindings, Config, Fault, Reason};
use crate::error::BrokerError;
use crate::log::{Line, RequestLog};
use crate::tokens::broker::Broker;

/// What one isolate keeps. Bindings change only with a new version of the Worker, which gets new isolates.
/// Secrets in Secrets Store change at any time: then all but the broker is made anew.
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
    /// `API_RATE_LIMIT`: counts the requests of each client to each API.
    pub api_limit: P::Limiter,
    /// `FAILED_AUTH_RATE_LIMIT`: counts failed authentication for each network.
    pub failure_limit: P::Limiter,
    /// The path below which the broker answers. `None` if it has a fault: nobody knows then what a path is for.
    pub base_path: Option<BasePath>,
    /// How many changes of secrets the configuration has seen.
    pub secret_changes: u32,
    /// Whether a line of the log has all faults of the configuration.
    pub faults_listed: Cell<bool>,
}

impl<P: HttpPorts> Isolate<P> {
    /// The configuration.
    ///
    /// # Errors
    /// [`BrokerError::Misconfigured`]: the log has the faults. [`BrokerError::SecretsUnavailable`].
    pub fn config(&self) -> Result<&Config, BrokerError> {
        (*self.config).as_ref().map_err(|faults| {
            if faults.iter().all(|fault| fault.reason == Reason::Unread) {
                BrokerError::SecretsUnavailable
            } else {
                BrokerError::Misconfigured
            }
        })
    }

    /// Whether a secret has changed since the configuration was made. The isolate is then made anew.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.secret_changes != self.broker.servers.secrets.changes()
    }

    /// Whether there may be a configuration after [`Self::read_secrets`].
    #[must_use]
    pub fn needs_secrets(&self) -> bool {
        self.config.is_err() && self.broker.servers.secrets.may_help(self.broker.clock.now())
    }

    /// Reads the secrets that the configuration needs. If they are there, the isolate is out of date.
    pub async fn read_secrets(&self) {
        self.broker.servers.secrets.read_first(&self.broker.clock).await;
    }

    /// Whether a request with this reply is begun anew: it failed, and meanwhile a secret has changed.
    #[must_use]
    pub fn is_worth_another(&self, reply: &Reply) -> bool {
        reply.status >= 500 && self.is_outdated()
    }

    /// The configuration after a change of secrets. If it has faults, this one stays in use, and the log
    /// has the faults.
    #[must_use]
    pub fn reconfigured(&self, bindings: &dyn Bindings) -> Rc<Result<Config, Vec<Fault>>> {
        let broker = &self.broker;
        let first_at = self.config.is_err().then(|| broker.clock.now());
        let config = Config::with_secrets(bindings, &broker.servers.secrets, first_at);
        if self.config.is_err() {
            return Rc::new(config);
        }
        let request_id = RequestId::from_random(broker.entropy.bytes());
        let mut line = Line::new(request_id, String::new(), "secrets");
        let config = match config {
            Ok(config) => {
                line.outcome = "changed";
                Rc::new(Ok(config))
            }
            Err(faults) => {
                line.outcome = "not_usable";
                line.found_faults(faults.iter().map(ToString::to_string).collect());
                Rc::clone(&self.config)
            }
        };
        self.log.record(&mut line, || None);
        config
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
