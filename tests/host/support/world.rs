//! One isolate of the broker over simulated ports: the shipping exchange.

use std::cell::Cell;
use std::rc::Rc;

use edge_token_broker::base::base_path::BasePath;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::callers::registry::Registry;
use edge_token_broker::config::{Config, Fault, Grant, base_path};
use edge_token_broker::error::BrokerError;
use edge_token_broker::http::isolate::Isolate;
use edge_token_broker::log::{Line, RequestLog};
use edge_token_broker::tokens::broker::{Broker, Served};
use edge_token_broker::tokens::memory::IsolateMemory;
use edge_token_broker::tokens::min_ttl::MinTtl;
use serde_json::Value;

use super::bindings::Vars;
use super::clock::{SimulatedClock, run};
use super::config::DIGEST;
use super::endpoint::{SimulatedEndpoint, issued};
use super::issuer::{SimulatedIssuer, callers};
use super::platform::{SimulatedLimiter, SimulatedLog};
use super::ports::{CountingEntropy, SimulatedCoordinator, SimulatedPorts};
use super::sent::{Response, Sent};
use super::signer::servers;
use super::store::SimulatedStore;

pub(crate) const START: u64 = 1_700_000_000_000;

pub(crate) type SimulatedIsolate = Isolate<SimulatedPorts>;

/// One isolate, with the world around it.
pub(crate) struct World {
    pub(crate) isolate: Rc<SimulatedIsolate>,
    /// The isolate's.
    pub(crate) broker: Rc<Broker<SimulatedPorts>>,
    /// The first of the configuration.
    pub(crate) grant: Rc<Grant>,
}

/// A configuration with the client `c`, whose key is `key`, and one grant.
pub(crate) fn vars() -> Vars {
    let clients = format!(
        r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"default","scope":"s"}}]}}}}"#
    );
    Vars::of(&[
        ("AZ_TENANT", "t"),
        ("AZ_CLIENT_ID", "app"),
        ("AZ_CLIENT_SECRET", "first"),
        ("CLIENTS", &clients),
    ])
}

/// An isolate with this configuration, before its first request. KV is empty; there is no registry,
/// no coordinator and no rate limit.
pub(crate) fn isolate(vars: &Vars) -> SimulatedIsolate {
    isolate_at(vars, &SimulatedClock::at(START))
}

/// The same with this clock.
pub(crate) fn isolate_at(vars: &Vars, clock: &SimulatedClock) -> SimulatedIsolate {
    let (endpoint, kv) = (SimulatedEndpoint::new(clock), SimulatedStore::default());
    let base_path = base_path(vars).ok();
    SimulatedIsolate { base_path, ..isolate_over(Rc::new(Config::parse(vars)), kv, endpoint) }
}

fn isolate_over(
    config: Rc<Result<Config, Vec<Fault>>>,
    kv: SimulatedStore,
    endpoint: SimulatedEndpoint,
) -> SimulatedIsolate {
    let clock = endpoint.clock.clone();
    let mut callers = callers(SimulatedStore::unbound(), &clock);
    callers.registry = Registry::new(SimulatedStore::unbound());
    let log_hits = (*config).as_ref().map_or(true, |config| config.log_hits);
    Isolate {
        config,
        callers,
        broker: Rc::new(Broker {
            memory: IsolateMemory::default(),
            coordinator: SimulatedCoordinator::default(),
            kv,
            servers: servers(endpoint, SimulatedIssuer::new(&clock)),
            clock,
            entropy: CountingEntropy::default(),
            jitter: 0,
        }),
        log: Rc::new(RequestLog { sink: SimulatedLog::default(), log_hits }),
        client_limit: SimulatedLimiter::default(),
        api_limit: SimulatedLimiter::default(),
        failure_limit: SimulatedLimiter::default(),
        secret_changes: 0,
        base_path: Some(BasePath::default()),
        faults_listed: Cell::default(),
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(isolate(&vars()))
    }

    pub(crate) fn with_secrets(secret: &str, secondary: &str) -> Self {
        let vars = vars().with("AZ_CLIENT_SECRET", secret);
        Self::of(isolate(&vars.with("AZ_CLIENT_SECRET_SECONDARY", secondary)))
    }

    /// The world of an isolate whose configuration has no faults.
    pub(crate) fn of(isolate: SimulatedIsolate) -> Self {
        let grant = Rc::clone(isolate.config().unwrap().grants().next().unwrap());
        Self::with(isolate, grant)
    }

    /// The same, and the grant is that of the API `graph`.
    pub(crate) fn of_api(isolate: SimulatedIsolate) -> Self {
        let grant = Rc::clone(&isolate.config().unwrap().api("graph").unwrap().grant);
        Self::with(isolate, grant)
    }

    fn with(isolate: SimulatedIsolate, grant: Rc<Grant>) -> Self {
        Self { broker: Rc::clone(&isolate.broker), isolate: Rc::new(isolate), grant }
    }

    /// Another isolate in the same location: same KV, empty memory.
    pub(crate) fn another_isolate(&self) -> Self {
        let Broker { kv, servers, .. } = &*self.broker;
        let config = Rc::clone(&self.isolate.config);
        Self::of(isolate_over(config, kv.clone(), servers.endpoint.clone()))
    }

    /// Sends `GET /token` with the client's key, and what comes of it when all is done.
    pub(crate) fn request(&self) -> Response {
        Sent::default().to(&self.isolate)
    }

    /// What an isolate does when memory has no token: the token or the error, and what the log has.
    pub(crate) fn obtain(&self) -> (Result<Served, BrokerError>, Line) {
        let mut line = line();
        (run(self.broker.obtain(&self.grant, MinTtl::default(), &mut line)), line)
    }

    /// The newest line of the log.
    pub(crate) fn logged(&self) -> Value {
        self.isolate.log.sink.lines.borrow().last().cloned().unwrap()
    }

    pub(crate) fn upstream_requests(&self) -> usize {
        self.broker.servers.endpoint.requests.borrow().len()
    }

    pub(crate) fn issue(&self, token: &str, expires_in: u64) {
        self.broker.servers.endpoint.answer(200, &issued(token, expires_in));
    }

    pub(crate) fn refuse(&self, status: u16, error: &str, code: u32) {
        self.broker.servers.endpoint.answer(
            status,
            &format!(r#"{{"error":"{error}","error_codes":[{code}],"trace_id":"tr"}}"#),
        );
    }
}

pub(crate) fn line() -> Line {
    Line::new(RequestId::parse("id").unwrap(), "GET".into(), "token")
}

pub(crate) fn text(served: &Served) -> &str {
    served.token.access_token.expose()
}
