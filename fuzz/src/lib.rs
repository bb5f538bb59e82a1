//! What the targets share: a valid configuration, and what every answer has to keep to.

use edge_token_broker::base::ports::{Clock, Entropy, Ports, Store, StoreError};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::callers::issuer::{JwtVerifier, KeySets};
use edge_token_broker::callers::ledger::{AssertionLedger, LedgerError, UsedAssertions};
use edge_token_broker::callers::ports::{
    CallerPorts, IssuerEndpoint, IssuerUnreachable, SignatureVerifier,
};
use edge_token_broker::callers::registry::Registry;
use edge_token_broker::callers::seen::VerifiedJwts;
use edge_token_broker::callers::{Attempt, Callers, Recognition};
use edge_token_broker::config::{Binding, Bindings, Config, Grant};
use edge_token_broker::error::{BrokerError, PresentedIn};
use edge_token_broker::http::error::Dialect;
use edge_token_broker::http::reply::Reply;
use edge_token_broker::http::token::{Granted, TokenRequest};
use edge_token_broker::jwt::JwtFault;
use edge_token_broker::jwt::jwk::VerificationKey;
use edge_token_broker::log::Line;
use edge_token_broker::tokens::coordinator::message::Seal;

/// The secret of every credential: it must not turn up anywhere.
pub const SECRET: &str = "upstream-s3cret-7f2c9e";

/// The longest body of an error that is not relayed from upstream.
const OWN_ERROR_MAX_BYTES: usize = 512;

/// `NAME=text` and `NAME:=json`, one a line; `SECRET_A` and `SECRET_B` are always there.
pub struct Vars<'a>(pub &'a str);

impl Bindings for Vars<'_> {
    fn binding(&self, name: &str) -> Binding {
        if ["SECRET_A", "SECRET_B", "AZ_CLIENT_SECRET"].contains(&name) {
            return Binding::Text(format!("{SECRET}{name}").into());
        }
        let value = self.0.lines().find_map(|line| line.strip_prefix(name)?.split_once('='));
        match value {
            None | Some((_, "")) => Binding::Absent,
            Some(("", text)) => Binding::Text(text.to_owned().into()),
            Some((_, json)) => Binding::Json(json.to_owned()),
        }
    }
}

/// Two credentials; client `reports` (key `key`) with a grant of each, `batch` (key `batch`) with one.
const VALID: &str = r#"AZ_TENANT=72f988bf-86f1-41af-91ab-2d7cd011db47
AZ_CLIENT_ID=app
CREDENTIALS={"second":{"tenant":"contoso.com","client_id":"app2","client_secret":["SECRET_A","SECRET_B"]}}
CLIENTS={"reports":{"key_sha256":["2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"],"allow":[{"credential":"default","scope":"https://graph.microsoft.com/.default"},{"credential":"second","scope":"b a"}]},"batch":{"key_sha256":["4bb24efc9641afc5ded1ca77eabb6e2fcf062d2112ccd61bd8bd6acd89180bae"],"allow":[{"credential":"default","scope":"https://graph.microsoft.com/.default"}]}}"#;

/// A valid configuration.
///
/// # Panics
/// Where the broker's schema has changed and this text has not.
#[must_use]
pub fn config() -> Config {
    Config::parse(&Vars(VALID)).expect("VALID is a valid configuration")
}

/// The first grant of a configuration.
///
/// # Panics
/// Where there is none.
#[must_use]
pub fn first_grant(config: &Config) -> &Grant {
    config.grants().next().expect("VALID has grants")
}

/// Under what the tokens of `grant` are sealed.
#[must_use]
pub fn seal_of(grant: &Grant) -> Seal<'_> {
    Seal { key: &grant.token_key, credential: &grant.credential }
}

/// A log line of which only the request is known.
#[must_use]
pub fn line() -> Line {
    Line::new(RequestId::from_random([0; 16]), "GET".to_owned(), "token")
}

/// A platform on which nothing is: no registry, no issuer, no ledger. Only what needs no I/O is known.
#[derive(Debug)]
pub struct Nothing;

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

impl IssuerEndpoint for Nothing {
    async fn get(&self, _: &str) -> Result<Vec<u8>, IssuerUnreachable> {
        Err(IssuerUnreachable)
    }
}

impl SignatureVerifier for Nothing {
    async fn verify(&self, _: &VerificationKey, _: &[u8], _: &[u8]) -> bool {
        false
    }
}

impl AssertionLedger for Nothing {
    async fn use_once(&self, _: &str, _: &[u8; 32], _: UnixMillis) -> Result<bool, LedgerError> {
        Err(LedgerError::Unbound)
    }
}

/// An isolate's callers, of which nothing is known yet.
#[must_use]
pub fn callers() -> Callers<Nothing> {
    Callers {
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
    }
}

/// When all of it happens.
pub const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

/// What a request comes to.
///
/// # Errors
/// As the Worker's, but that no JWT is good.
pub fn asked(
    config: &Config,
    request: Result<TokenRequest, BrokerError>,
    line: &mut Line,
) -> Result<Granted, BrokerError> {
    let request = request?;
    let attempt = Attempt { config, presented: &request.presented, now: NOW };
    let caller = match callers().recognize(&attempt, line) {
        Recognition::Known(caller) => caller,
        Recognition::Refused(error) => return Err(error),
        Recognition::NeedsIo => {
            return Err(BrokerError::JwtRefused(JwtFault::Signature, PresentedIn::Header));
        }
    };
    request.granted(config, &caller, line)
}

/// All that a caller and an operator see of a refused request.
///
/// # Panics
/// Where it is more than the broker's own fixed words.
#[must_use]
pub fn refusal(error: &BrokerError, line: &Line) -> String {
    let reply = Reply::error(error, Dialect::TokenEndpoint);
    assert!((400..=403).contains(&reply.status) || reply.status == 503, "{}", reply.status);
    assert!(reply.body.len() <= OWN_ERROR_MAX_BYTES && reply.body.is_ascii());
    assert!(serde_json::from_str::<serde_json::Value>(&reply.body).is_ok());
    let seen = format!("{error}|{}|{line:?}", reply.body);
    assert_has_no_secret(&seen);
    seen
}

/// # Panics
/// Where `text` has the upstream secret in it.
pub fn assert_has_no_secret(text: &str) {
    assert!(!text.contains(SECRET), "a secret got out");
}
