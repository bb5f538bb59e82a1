//! One isolate of the broker over simulated ports.

use std::rc::Rc;

use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::Millis;
use edge_token_broker::config::{Config, Grant};
use edge_token_broker::error::BrokerError;
use edge_token_broker::grants::{GrantRequest, authorize};
use edge_token_broker::log::Line;
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::tokens::broker::{Broker, FollowUp, Served};
use edge_token_broker::tokens::memory::IsolateMemory;

use super::bindings::Vars;
use super::ports::{
    CountingEntropy, SimulatedClock, SimulatedCoordinator, SimulatedEndpoint, SimulatedKv, run,
};

pub(crate) const START: u64 = 1_700_000_000_000;
pub(crate) const DIGEST: &str = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";

pub(crate) type SimulatedBroker = Broker<
    IsolateMemory,
    SimulatedKv,
    SimulatedCoordinator,
    SimulatedEndpoint,
    SimulatedClock,
    CountingEntropy,
>;

/// One isolate, with the world around it.
pub(crate) struct World {
    pub(crate) broker: SimulatedBroker,
    pub(crate) grant: Rc<Grant>,
    pub(crate) line: Line,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_secrets("first", "")
    }

    pub(crate) fn with_secrets(secret: &str, secondary: &str) -> Self {
        let clients = format!(
            r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"default","scope":"s"}}]}}}}"#
        );
        let config = Config::parse(&Vars::of(&[
            ("AZ_TENANT", "t"),
            ("AZ_CLIENT_ID", "app"),
            ("AZ_CLIENT_SECRET", secret),
            ("AZ_CLIENT_SECRET_SECONDARY", secondary),
            ("CLIENTS", &clients),
        ]))
        .unwrap();
        let ask = GrantRequest {
            credential: "default".into(),
            scope: Some(ScopeSet::parse("s").unwrap()),
        };
        let grant = authorize(&config, config.client("c").unwrap(), &ask).unwrap();
        let clock = SimulatedClock::at(START);
        let endpoint = SimulatedEndpoint::new(&clock);
        let kv = SimulatedKv::default();
        let broker = Broker {
            memory: IsolateMemory::default(),
            coordinator: SimulatedCoordinator::default(),
            kv,
            endpoint,
            clock,
            entropy: CountingEntropy::default(),
            jitter: 0,
        };
        Self { broker, grant, line: line() }
    }

    /// Another isolate in the same location: same KV, empty memory.
    pub(crate) fn another_isolate(&self) -> Self {
        let Broker { kv, endpoint, clock, .. } = &self.broker;
        let broker = Broker {
            memory: IsolateMemory::default(),
            coordinator: SimulatedCoordinator::default(),
            kv: kv.clone(),
            endpoint: endpoint.clone(),
            clock: clock.clone(),
            entropy: CountingEntropy::default(),
            jitter: 0,
        };
        Self { broker, grant: Rc::clone(&self.grant), line: line() }
    }

    /// What the entry does with a request: memory, then the rest, then the write behind.
    pub(crate) fn request(&mut self) -> Result<Served, BrokerError> {
        self.line = line();
        if let Some(served) = self.broker.recall(&self.grant, Millis(0)) {
            return Ok(served);
        }
        let served = run(self.broker.obtain(&self.grant, Millis(0), &mut self.line))?;
        if served.follow_up == FollowUp::Store {
            run(self.broker.write_behind(&self.grant, &served.token, &mut self.line));
        }
        Ok(served)
    }

    pub(crate) fn upstream_requests(&self) -> usize {
        self.broker.endpoint.requests.borrow().len()
    }

    pub(crate) fn issue(&self, token: &str, expires_in: u64) {
        let body = format!(
            r#"{{"token_type":"Bearer","expires_in":{expires_in},"access_token":"{token}"}}"#
        );
        self.broker.endpoint.answer(200, &body);
    }

    pub(crate) fn refuse(&self, status: u16, error: &str, code: u32) {
        self.broker.endpoint.answer(
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
