//! The ports of the whole broker, over simulated parts.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edge_token_broker::base::keys::SealingKey;
use edge_token_broker::base::ports::Ports;
use edge_token_broker::base::time::Millis;
use edge_token_broker::callers::ledger::{
    AssertionLedger, LedgerError, ReservedAssertion, Step, Verdict,
};
use edge_token_broker::callers::ports::{CallerPorts, SignatureVerifier};
use edge_token_broker::callers::presented::PlatformIdentity;
use edge_token_broker::http::ports::{HttpPorts, PlatformRequest, RateLimiter};
use edge_token_broker::jwt::IssuerUnreachable;
use edge_token_broker::jwt::jwk::VerificationKey;
use edge_token_broker::log::{Line, LogSink};
use edge_token_broker::tokens::broker::Broker;
use edge_token_broker::tokens::coordinator::client::CoordinatorClient;
use edge_token_broker::tokens::memory::IsolateMemory;
use edge_token_broker::tokens::ports::TokenPorts;
use edge_token_broker::upstream::metadata::MetadataMemory;
use edge_token_broker::upstream::ports::{Documents, UpstreamPorts};
use edge_token_broker::upstream::secrets::Secrets;
use edge_token_broker::upstream::servers::Servers;

use super::kv::LocalKv;
use super::objects::SimObjects;
use super::random::{Random, Share};
use super::signing::SimSigner;
use super::time::LocalClock;
use super::upstream::{AuthorizationServer, Endpoint};

pub(crate) struct SimPorts;

impl Ports for SimPorts {
    type Clock = LocalClock;
    type Entropy = Share;
    type Store = LocalKv;
}

impl UpstreamPorts for SimPorts {
    type Endpoint = Endpoint;
    type Documents = Nothing;
    type Signer = SimSigner;
}

impl TokenPorts for SimPorts {
    type Coordination = CoordinatorClient<SimObjects, LocalClock, Share>;
    type Log = SimLog;
}

impl CallerPorts for SimPorts {
    type Issuers = Nothing;
    type Signatures = Nothing;
    type Ledger = Nothing;
}

impl HttpPorts for SimPorts {
    type Request = Nothing;
    type Limiter = Nothing;
}

impl SimPorts {
    /// A broker at one place, with an empty memory.
    pub(crate) fn broker(
        kv: LocalKv,
        objects: Option<SimObjects>,
        endpoint: Endpoint,
        clock: LocalClock,
        random: &Rc<Random>,
    ) -> Broker<Self> {
        let objects = objects.unwrap_or(SimObjects { platform: None, latency: 0 });
        let AuthorizationServer { time, random: dice, signing, .. } = &*endpoint.server;
        let signer =
            SimSigner { time: Rc::clone(time), random: Rc::clone(dice), signing: *signing };
        Broker {
            memory: IsolateMemory::default(),
            kv,
            coordinator: CoordinatorClient::new(objects, clock.clone(), Share(Rc::clone(random))),
            servers: Servers {
                endpoint,
                documents: Nothing,
                signer,
                secrets: Secrets::default(),
                metadata: MetadataMemory::default(),
            },
            clock,
            entropy: Share(Rc::clone(random)),
            jitter: random.range(0, u64::from(u32::MAX)) as u32,
        }
    }
}

/// The outcome of the newest line.
#[derive(Default)]
pub(crate) struct SimLog {
    pub(crate) outcome: Cell<&'static str>,
    pub(crate) lines: RefCell<u64>,
}

impl LogSink for SimLog {
    fn count(&self, _: &Line) {}

    fn write(&self, line: &Line) {
        *self.lines.borrow_mut() += 1;
        self.outcome.set(line.outcome);
    }
}

/// Ports that no simulated request uses: issuers, signatures, the ledger, rate limits, addresses.
pub(crate) struct Nothing;

impl Documents for Nothing {
    async fn get(&self, _: &str, _: Millis) -> Result<Vec<u8>, IssuerUnreachable> {
        Err(IssuerUnreachable::NoConnection)
    }
}

impl SignatureVerifier for Nothing {
    async fn verify(&self, _: &VerificationKey, _: &[u8], _: &[u8]) -> bool {
        false
    }
}

impl AssertionLedger for Nothing {
    async fn tell(
        &self,
        _: Step,
        _: &ReservedAssertion,
        _: &SealingKey,
    ) -> Result<Verdict, LedgerError> {
        Err(LedgerError::Unbound)
    }
}

impl RateLimiter for Nothing {
    fn is_bound(&self) -> bool {
        false
    }

    async fn admits(&self, _: &str) -> bool {
        true
    }
}

impl PlatformRequest for Nothing {
    fn identity(&self) -> PlatformIdentity {
        PlatformIdentity::default()
    }

    fn address(&self) -> Option<String> {
        None
    }

    fn identity_header(&self) -> Option<String> {
        None
    }

    fn is_msal(&self) -> bool {
        false
    }

    fn is_azure_sdk(&self) -> bool {
        false
    }

    fn origin(&self) -> Option<String> {
        None
    }

    fn header(&self, _: &str) -> Option<String> {
        None
    }

    fn header_names(&self) -> String {
        String::new()
    }

    fn nonce(&self) -> String {
        String::new()
    }
}
