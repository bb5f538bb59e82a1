//! The request log: one JSON line for each request, written at its end.
//!
//! It holds names and numbers only, never headers, bodies, keys or tokens. `docs/operations.md`
//! explains every field to operators.

use crate::base::json;
use crate::base::json_object::{JsonObject, quoted};
use crate::base::request_id::RequestId;
use crate::error::BrokerError;
use crate::upstream::error::UpstreamError;
use crate::upstream::trail::UpstreamTrail;

/// A line of the log, about one request.
#[derive(Debug)]
pub struct Line {
    /// `info`; `warn` if the caller must act or KV failed; `error` if an operator must act.
    pub level: &'static str,
    /// `X-Request-Id` of the response, and upstream's `correlation_id`.
    pub request_id: RequestId,
    /// HTTP method. Empty if no request is behind the line.
    pub method: String,
    /// The name of the route. It is never the path, which may hold anything.
    pub route: &'static str,
    /// HTTP status of the response. Zero if no request is behind the line.
    pub status: u16,
    /// `hit`, `miss`, `ok`, or the name of the failure.
    pub outcome: &'static str,
    /// More about a failure, in a few fixed words.
    pub reason: Option<String>,
    /// The client. An unknown client id is left out: it may be a misplaced client key.
    pub client_id: Option<String>,
    /// The proof kind, named as in `CLIENTS`.
    pub proof: Option<&'static str>,
    /// `iss` of the JWT that was the proof, or whose issuer's keys were not there.
    pub issuer: Option<String>,
    /// `sub` of that JWT.
    pub subject: Option<String>,
    /// The caller's address, as Cloudflare saw it.
    pub address: Option<String>,
    /// The credential of the grant.
    pub credential: Option<String>,
    /// The scope of the grant.
    pub scope: Option<String>,
    /// Where the token came from: `isolate`, `kv`, `coordinator`, `upstream`.
    pub tier: Option<&'static str>,
    /// The traces of upstream requests.
    pub upstream: UpstreamTrail,
    /// What is known of a request to an API.
    pub api: ApiTrail,
    /// The result of a renewal after the response: `renewed`, `failing` (a remembered failure),
    /// `not_yet` (too soon after the last one), or the name of the failure.
    pub renewal: Option<&'static str>,
    /// Why the coordinator did not answer.
    pub coordinator: Option<&'static str>,
    /// Why KV could not be read, or why its record did not open.
    pub kv_read: Option<&'static str>,
    /// Why KV could not be written.
    pub kv_write: Option<&'static str>,
    /// Why an entry of the registry could not be read, or does not verify.
    pub registry: Option<&'static str>,
    /// Why an issuer that was asked gave no keys.
    pub issuer_fault: Option<String>,
    /// The keys of an issuer that are left out, and why: once for each key set.
    pub keys_left_out: Vec<String>,
    /// Faults of the configuration, or of an entry of the registry. Only one line of an isolate has all
    /// of them.
    pub faults: Vec<String>,
    /// How many faults there are.
    pub faults_count: Option<usize>,
}

impl Line {
    /// A line that has the request only.
    #[must_use]
    pub fn new(request_id: RequestId, method: String, route: &'static str) -> Self {
        Self {
            level: "info",
            request_id,
            method,
            route,
            status: 0,
            outcome: "",
            reason: None,
            client_id: None,
            proof: None,
            issuer: None,
            subject: None,
            address: None,
            credential: None,
            scope: None,
            tier: None,
            upstream: UpstreamTrail::default(),
            api: ApiTrail::default(),
            renewal: None,
            coordinator: None,
            kv_read: None,
            kv_write: None,
            registry: None,
            issuer_fault: None,
            keys_left_out: Vec::new(),
            faults: Vec::new(),
            faults_count: None,
        }
    }

    /// Notes why the request failed. The level says who must act.
    pub fn failed(&mut self, error: &BrokerError) {
        self.outcome = error.name();
        self.reason = Some(error.to_string());
        self.level = match error {
            BrokerError::Upstream(UpstreamError::ScopeRefused(_)) => "warn",
            BrokerError::Misconfigured | BrokerError::Upstream(_) => "error",
            _ => "warn",
        };
    }

    /// Notes why a token that is due was not renewed. It is still served.
    pub fn renewal_failed(&mut self, why: &'static str) {
        (self.renewal, self.level) = (Some(why), "warn");
    }

    /// Notes that KV could not be read, or that its record did not open.
    pub fn kv_read_failed(&mut self, why: &'static str) {
        (self.kv_read, self.level) = (Some(why), "warn");
    }

    /// Notes that the coordinator did not answer.
    pub fn coordinator_failed(&mut self, why: &'static str) {
        (self.coordinator, self.level) = (Some(why), "warn");
    }

    /// Notes that KV could not be written.
    pub fn kv_write_failed(&mut self, why: &'static str) {
        (self.kv_write, self.level) = (Some(why), "warn");
    }

    /// Notes that an entry of the registry could not be read, or does not verify.
    pub fn registry_failed(&mut self, why: &'static str) {
        self.registry = Some(why);
        self.warn();
    }

    /// Notes why an issuer gave no keys. Keys from before may still be good.
    pub fn issuer_failed(&mut self, why: String) {
        self.issuer_fault = Some(why);
        self.warn();
    }

    /// Takes over what `other`, of the work behind the response, says. A rejected token is told first.
    pub fn absorb(&mut self, other: Self) {
        if self.renewal.is_none() {
            (self.upstream, self.renewal) = (other.upstream, other.renewal);
        }
        self.coordinator = other.coordinator.or(self.coordinator);
        self.kv_write = other.kv_write.or(self.kv_write);
        if other.level != "info" {
            self.warn();
        }
    }

    /// An error of the operator stays one.
    fn warn(&mut self) {
        if self.level == "info" {
            self.level = "warn";
        }
    }

    /// Notes all faults of an entry of the registry.
    pub fn found_faults(&mut self, faults: Vec<String>) {
        self.faults_count = Some(faults.len());
        (self.faults, self.level) = (faults, "error");
    }

    /// The text of the line: JSON in printable ASCII. Issuers and servers choose the texts of some
    /// fields. With a separator of lines or a change of direction in one of them (U+2028, U+0085,
    /// U+202E), a reader would take the line for another one.
    #[must_use]
    pub fn to_json(&self) -> String {
        let texts = |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>();
        let number = |count: usize| u64::try_from(count).ok();
        let mut json = JsonObject::default();
        let method = Some(self.method.as_str()).filter(|method| !method.is_empty());
        json.texts(&[
            ("level", Some(self.level)),
            ("request_id", Some(self.request_id.as_str())),
            ("method", method),
            ("route", Some(self.route)),
        ]);
        json.number("status", Some(self.status.into()).filter(|status| *status != 0));
        json.texts(&[
            ("outcome", Some(self.outcome)),
            ("reason", self.reason.as_deref()),
            ("client_id", self.client_id.as_deref()),
            ("proof", self.proof),
            ("issuer", self.issuer.as_deref()),
            ("subject", self.subject.as_deref()),
            ("address", self.address.as_deref()),
            ("credential", self.credential.as_deref()),
            ("scope", self.scope.as_deref()),
            ("tier", self.tier),
        ]);
        self.api.write(&mut json);
        self.upstream.write(&mut json);
        json.texts(&[
            ("renewal", self.renewal),
            ("coordinator", self.coordinator),
            ("kv_read", self.kv_read),
            ("kv_write", self.kv_write),
            ("registry", self.registry),
            ("issuer_fault", self.issuer_fault.as_deref()),
        ]);
        json.list("keys_left_out", &texts(&self.keys_left_out));
        json.list("faults", &texts(&self.faults));
        json.number("faults_count", self.faults_count.and_then(number));
        json::in_ascii(json.finish())
    }

    /// Whether this is a hit without any failure: the lines that `LOG_HITS = false` leaves out.
    #[must_use]
    pub fn is_mere_hit(&self) -> bool {
        self.outcome == "hit"
            && self.level == "info"
            && self.upstream.requests == 0
            && self.keys_left_out.is_empty()
    }
}

/// What the log says of a request to an API.
#[derive(Debug, Default)]
pub struct ApiTrail {
    /// The name of the API in the configuration.
    pub name: Option<String>,
    /// The path below the base of the API, if the operator asks for it.
    pub path: Option<String>,
    /// From the time at which the request was sent on until the answer began.
    pub first_byte_ms: Option<u64>,
    /// The length of the request's body.
    pub request_bytes: Option<u64>,
    /// The length of the answer's body.
    pub response_bytes: Option<u64>,
    /// Whether the request was sent on once more, with a new token.
    pub is_repeated: bool,
}

impl ApiTrail {
    fn write(&self, json: &mut JsonObject) {
        json.texts(&[("api", self.name.as_deref()), ("path", self.path.as_deref())]);
        json.number("first_byte_ms", self.first_byte_ms);
        json.number("request_bytes", self.request_bytes);
        json.number("response_bytes", self.response_bytes);
        if self.is_repeated {
            json.member("repeated", "true");
        }
    }
}

/// Where lines and metrics go.
pub trait LogSink {
    /// Counts the request in the metrics.
    fn count(&self, line: &Line);
    /// Writes one line.
    fn write(&self, line: &Line);
}

/// The request log.
#[derive(Debug)]
pub struct RequestLog<S> {
    /// Where it goes.
    pub sink: S,
    /// Whether tokens that were served from a tier, and nothing else, have a line.
    pub log_hits: bool,
}

impl<S: LogSink> RequestLog<S> {
    /// Counts `line` and, unless it is left out, writes it. `address` is read only then: each read
    /// is a call into JavaScript.
    pub fn record(&self, line: &mut Line, address: impl FnOnce() -> Option<String>) {
        self.sink.count(line);
        if self.log_hits || !line.is_mere_hit() {
            line.address = address();
            self.sink.write(line);
        }
    }
}
