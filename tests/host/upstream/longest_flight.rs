//! How long it takes at most to fetch one token.

use crate::support::bindings::Vars;
use crate::support::clock::{Pause, SimulatedClock, run};
use crate::support::endpoint::SimulatedEndpoint;
use crate::support::keys::fixture;
use crate::support::store::SimulatedStore;
use crate::support::world::START;
use edge_token_broker::base::limits::{
    CLIENT_SECRETS_MAX, FLIGHT_MAX, SECRETS_TIMEOUT, SIGNING_TIMEOUT, UPSTREAM_TIMEOUT,
};
use edge_token_broker::base::ports::{Clock, Entropy, Ports};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::Config;
use edge_token_broker::jwt::IssuerUnreachable;
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::upstream::Upstream;
use edge_token_broker::upstream::metadata::MetadataMemory;
use edge_token_broker::upstream::ports::{Documents, Signer, SigningFailed, UpstreamPorts};
use edge_token_broker::upstream::proof::SigningKey;
use edge_token_broker::upstream::secrets::Secrets;
use edge_token_broker::upstream::servers::Servers;
use edge_token_broker::upstream::trail::UpstreamTrail;

/// Always the longest pause.
struct LongestPause;

impl Entropy for LongestPause {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        [u8::MAX; N]
    }
}

/// Metadata and signatures that come a millisecond before their time is up.
struct Late(SimulatedClock);

impl Documents for Late {
    async fn get(&self, _: &str, within: Millis) -> Result<Vec<u8>, IssuerUnreachable> {
        Pause::default().await;
        self.0.advance(Millis(within.0 - 1));
        let issuer = "https://as.example";
        Ok(format!(r#"{{"issuer":"{issuer}","token_endpoint":"{issuer}/token"}}"#).into_bytes())
    }
}

impl Signer for Late {
    async fn sign(&self, _: &SigningKey, _: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Pause::default().await;
        self.0.advance(Millis(SIGNING_TIMEOUT.0 - 1));
        Ok(vec![7; 64])
    }
}

struct Patient;

impl Ports for Patient {
    type Clock = SimulatedClock;
    type Entropy = LongestPause;
    type Store = SimulatedStore;
}

impl UpstreamPorts for Patient {
    type Endpoint = SimulatedEndpoint;
    type Documents = Late;
    type Signer = Late;
}

/// A credential with as many proofs as there may be.
fn vars() -> Vars {
    let credential =
        r#"{"issuer":"https://as.example","client_id":"app","private_key":["K0","K1","K2","K3"]}"#;
    let clients = r#"{"c":{"service_binding":true,"allow":[{"credential":"x"}]}}"#;
    let vars =
        Vars::of(&[("CREDENTIALS", &format!(r#"{{"x":{credential}}}"#)), ("CLIENTS", clients)]);
    let keys = ["rsa2048.pem", "other.pem", "p256.pem", "ed25519.pem"];
    assert_eq!(keys.len(), CLIENT_SECRETS_MAX);
    keys.iter()
        .zip(["K0", "K1", "K2", "K3"])
        .fold(vars, |vars, (file, name)| vars.with(name, &fixture(file)))
}

#[test]
fn the_longest_flight_reads_metadata_tries_every_proof_and_once_more() {
    let clock = SimulatedClock::at(START);
    let endpoint = SimulatedEndpoint::new(&clock);
    endpoint.latency.set(Millis(UPSTREAM_TIMEOUT.0 - 1));
    endpoint.answer(503, "");
    for _ in 0..CLIENT_SECRETS_MAX {
        endpoint.answer(401, r#"{"error":"invalid_client"}"#);
    }
    let config = Config::parse(&vars()).unwrap();
    let credential = config.credential("x").unwrap();
    let (documents, signer) = (Late(clock.clone()), Late(clock.clone()));
    let servers = Servers::<Patient> {
        endpoint,
        documents,
        signer,
        metadata: MetadataMemory::default(),
        secrets: Secrets::default(),
    };
    let (servers, clock, entropy) = (&servers, &clock, &LongestPause);
    let upstream = Upstream { servers, clock, entropy, claims: None };
    let id = RequestId::parse("id").unwrap();
    let mut trail = UpstreamTrail::default();
    let none = ScopeSet::none();
    let error = run(upstream.token(credential, &none, false, &id, &mut trail)).unwrap_err();
    assert_eq!(error.name(), "credential_refused");
    assert_eq!(trail.requests as usize, CLIENT_SECRETS_MAX + 1);
    let took = UnixMillis(START).until(clock.now());
    // The metadata, each signature and each answer came a millisecond before their time was up.
    let attempts = CLIENT_SECRETS_MAX as u64 + 1;
    assert_eq!(took.0, FLIGHT_MAX.0 - 2 * SECRETS_TIMEOUT.0 - 2 * attempts - 1);
    assert!(took > Millis::from_secs(28));
}
