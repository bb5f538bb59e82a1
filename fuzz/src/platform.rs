//! A platform made of as little as an exchange needs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edge_token_broker::base::base_path::BasePath;
use edge_token_broker::base::keys::SealingKey;
use edge_token_broker::base::ports::{Clock, Entropy, Ports, Store, StoreError};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::callers::Callers;
use edge_token_broker::callers::issuer::{JwtVerifier, KeySets};
use edge_token_broker::callers::ledger::{
    AssertionLedger, LedgerError, ReservedAssertion, Step, UsedAssertions, Verdict,
};
use edge_token_broker::callers::ports::{CallerPorts, SignatureVerifier};
use edge_token_broker::callers::presented::PlatformIdentity;
use edge_token_broker::callers::registry::Registry;
use edge_token_broker::callers::seen::VerifiedJwts;
use edge_token_broker::config::{Config, Fault, Grant};
use edge_token_broker::http::isolate::Isolate;
use edge_token_broker::http::ports::{HttpPorts, PlatformRequest, RateLimiter};
use edge_token_broker::jwt::IssuerUnreachable;
use edge_token_broker::jwt::jwk::VerificationKey;
use edge_token_broker::log::{Line, LogSink, RequestLog};
use edge_token_broker::oauth::claims::Claims;
use edge_token_broker::tokens::broker::Broker;
use edge_token_broker::tokens::coordinator::Want;
use edge_token_broker::tokens::memory::IsolateMemory;
use edge_token_broker::tokens::ports::{Coordinated, Coordination, CoordinationError, TokenPorts};
use edge_token_broker::upstream::exchange::{EndpointRequest, EndpointResponse, TransportFailure};
use edge_token_broker::upstream::metadata::MetadataMemory;
use edge_token_broker::upstream::ports::TokenEndpoint;
use edge_token_broker::upstream::ports::{Documents, Signer, SigningFailed, UpstreamPorts};
use edge_token_broker::upstream::proof::SigningKey;
use edge_token_broker::upstream::secrets::Secrets;
use edge_token_broker::upstream::servers::Servers;
use serde_json::Value;

use crate::NOW;

/// The token that everybody gets who gets one.
pub(crate) const TOKEN: &str = "token-5f0e9a71";

/// A platform on which nothing is: no registry, no issuer, no ledger. Its authorization server
/// gives everybody [`TOKEN`].
#[derive(Debug)]
pub(crate) struct Nothing;

impl Ports for Nothing {
    type Clock = Self;
    type Entropy = Self;
    type Store = Self;
}

impl CallerPorts for Nothing {
    type Issuers = Self;
    type Signatures = Self;
    type Ledger = Self;
}

impl Clock for Nothing {
    fn now(&self) -> UnixMillis {
        NOW
    }

    async fn sleep(&self, _: Millis) {}
}

impl Entropy for Nothing {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        [0; N]
    }
}

impl Store for Nothing {
    fn is_bound(&self) -> bool {
        false
    }

    async fn load(&self, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Err(StoreError::Unbound)
    }

    async fn store(&self, _: &str, _: &[u8], _: u64) -> Result<(), StoreError> {
        Err(StoreError::Unbound)
    }
}

impl Documents for Nothing {
    async fn get(&self, _: &str, _: Millis) -> Result<Vec<u8>, IssuerUnreachable> {
        Err(IssuerUnreachable::NoConnection)
    }
}

impl Signer for Nothing {
    async fn sign(&self, _: &SigningKey, _: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Err(SigningFailed)
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

impl UpstreamPorts for Nothing {
    type Endpoint = Self;
    type Documents = Self;
    type Signer = Self;
}

impl TokenPorts for Nothing {
    type Coordination = Self;
    type Log = Lines;
}

impl HttpPorts for Nothing {
    type Request = Request;
    type Limiter = Self;
}

impl TokenEndpoint for Nothing {
    async fn post(&self, _: &EndpointRequest<'_>) -> Result<EndpointResponse, TransportFailure> {
        let body =
            format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{TOKEN}"}}"#);
        let body = Ok(body.into_bytes().into());
        Ok(EndpointResponse { status: 200, retry_after: None, rate_limit_reset: None, body })
    }
}

impl Coordination for Nothing {
    fn is_bound(&self) -> bool {
        false
    }

    async fn acquire(
        &self,
        _: &Grant,
        _: Want,
        _: Option<&Claims>,
        _: &RequestId,
    ) -> Result<Coordinated, CoordinationError> {
        Err(CoordinationError::Unbound)
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

/// A request with this `X-IDENTITY-HEADER`.
pub(crate) struct Request(pub(crate) Option<String>);

impl PlatformRequest for Request {
    fn identity(&self) -> PlatformIdentity {
        PlatformIdentity::default()
    }

    fn address(&self) -> Option<String> {
        None
    }

    fn identity_header(&self) -> Option<String> {
        self.0.clone()
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

/// The lines of the log as JSON.
#[derive(Default)]
pub(crate) struct Lines(pub(crate) RefCell<Vec<Value>>);

impl LogSink for Lines {
    fn count(&self, _: &Line) {}

    fn write(&self, line: &Line) {
        self.0.borrow_mut().push(serde_json::from_str(&line.to_json()).expect("a line is JSON"));
    }
}

/// An isolate before its first request.
pub(crate) fn isolate(config: &Rc<Result<Config, Vec<Fault>>>) -> Rc<Isolate<Nothing>> {
    let callers = Callers {
        registry: Registry::new(Nothing),
        jwts: JwtVerifier {
            memory: KeySets::default(),
            issuers: Nothing,
            store: Nothing,
            signatures: Nothing,
            clock: Nothing,
            entropy: Nothing,
        },
        seen: VerifiedJwts::default(),
        used: UsedAssertions::default(),
        ledger: Nothing,
    };
    let broker = Broker {
        memory: IsolateMemory::default(),
        kv: Nothing,
        coordinator: Nothing,
        servers: Servers {
            endpoint: Nothing,
            documents: Nothing,
            signer: Nothing,
            metadata: MetadataMemory::default(),
            secrets: Secrets::default(),
        },
        clock: Nothing,
        entropy: Nothing,
        jitter: 0,
    };
    Rc::new(Isolate {
        config: Rc::clone(config),
        callers,
        broker: Rc::new(broker),
        log: Rc::new(RequestLog { sink: Lines::default(), log_hits: true }),
        client_limit: Nothing,
        api_limit: Nothing,
        failure_limit: Nothing,
        secret_changes: 0,
        base_path: Some(BasePath::default()),
        faults_listed: Cell::default(),
    })
}
