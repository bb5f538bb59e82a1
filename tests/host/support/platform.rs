//! What the platform knows of a request, its rate limits, and its log.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edge_token_broker::callers::presented::PlatformIdentity;
use edge_token_broker::callers::proofs::certificate::ClientCertificate;
use edge_token_broker::http::ports::{PlatformRequest, RateLimiter};
use edge_token_broker::log::{Line, LogSink};
use serde_json::Value;

/// A request of the platform.
#[derive(Clone, Default)]
pub(crate) struct SimulatedRequest {
    pub(crate) address: Option<&'static str>,
    pub(crate) origin: Option<&'static str>,
    /// `X-IDENTITY-HEADER`.
    pub(crate) identity_header: Option<&'static str>,
    /// It has `x-client-SKU`.
    pub(crate) is_msal: bool,
    /// Its `User-Agent` is that of an Azure SDK.
    pub(crate) is_azure_sdk: bool,
    /// Headers that are read by their name, in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The client id in the `props` of a service binding.
    pub(crate) service_binding: Option<&'static str>,
    /// The fingerprint of a client certificate that counts.
    pub(crate) certificate: Option<String>,
    /// How many times the address was read.
    pub(crate) address_reads: Rc<Cell<usize>>,
    /// What the platform drew for it. Without one, each request has another.
    pub(crate) nonce: Option<&'static str>,
}

impl PlatformRequest for SimulatedRequest {
    fn identity(&self) -> PlatformIdentity {
        let service_binding = self.service_binding.map(str::to_owned);
        let certificate = self.certificate.clone().map(|fingerprint| ClientCertificate {
            presented: Some("1".to_owned()),
            verified: Some("SUCCESS".to_owned()),
            revoked: Some("0".to_owned()),
            fingerprint: Some(fingerprint),
        });
        PlatformIdentity { service_binding, certificate, ..PlatformIdentity::default() }
    }

    fn address(&self) -> Option<String> {
        self.address_reads.set(self.address_reads.get() + 1);
        self.address.map(str::to_owned)
    }

    fn identity_header(&self) -> Option<String> {
        self.identity_header.map(str::to_owned)
    }

    fn is_msal(&self) -> bool {
        self.is_msal
    }

    fn is_azure_sdk(&self) -> bool {
        self.is_azure_sdk
    }

    fn origin(&self) -> Option<String> {
        self.origin.map(str::to_owned)
    }

    fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }

    fn header_names(&self) -> String {
        self.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("\n")
    }

    fn nonce(&self) -> String {
        let next = NONCES.with(|drawn| drawn.replace(drawn.get() + 1));
        self.nonce.map_or_else(|| next.to_string(), str::to_owned)
    }
}

thread_local! {
    static NONCES: Cell<u64> = const { Cell::new(0) };
}

/// A rate limit; without one everything is admitted.
#[derive(Clone, Default)]
pub(crate) struct SimulatedLimiter {
    /// How many of one key it admits.
    pub(crate) limit: Option<usize>,
    /// The keys that were counted, in order.
    pub(crate) counted: Rc<RefCell<Vec<String>>>,
}

impl SimulatedLimiter {
    pub(crate) fn of(limit: usize) -> Self {
        Self { limit: Some(limit), ..Self::default() }
    }
}

impl RateLimiter for SimulatedLimiter {
    fn is_bound(&self) -> bool {
        self.limit.is_some()
    }

    async fn admits(&self, key: &str) -> bool {
        let Some(limit) = self.limit else { return true };
        let mut counted = self.counted.borrow_mut();
        counted.push(key.to_owned());
        counted.iter().filter(|other| *other == key).count() <= limit
    }
}

/// The lines of the log as JSON.
#[derive(Clone, Default)]
pub(crate) struct SimulatedLog {
    pub(crate) lines: Rc<RefCell<Vec<Value>>>,
    /// How many requests the metrics have.
    pub(crate) counted: Rc<Cell<usize>>,
}

impl LogSink for SimulatedLog {
    fn count(&self, _: &Line) {
        self.counted.set(self.counted.get() + 1);
    }

    fn write(&self, line: &Line) {
        self.lines.borrow_mut().push(serde_json::from_str(&line.to_json()).unwrap());
    }
}
