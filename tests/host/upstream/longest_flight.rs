//! How long it takes at most to fetch one token.

use crate::support::clock::{SimulatedClock, run};
use crate::support::endpoint::SimulatedEndpoint;
use crate::support::issuer::SimulatedIssuer;
use crate::support::signer::{SimulatedSigner, servers};
use crate::support::store::SimulatedStore;
use crate::support::world::START;
use edge_token_broker::base::limits::{CLIENT_SECRETS_MAX, FLIGHT_MAX, UPSTREAM_TIMEOUT};
use edge_token_broker::base::origin::Origin;
use edge_token_broker::base::ports::{Clock, Entropy, Ports};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::secret::ClientSecret;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::upstream::Upstream;
use edge_token_broker::upstream::credential::{Credential, Parts};
use edge_token_broker::upstream::entra::Entra;
use edge_token_broker::upstream::entra::authority::Tenant;
use edge_token_broker::upstream::ports::UpstreamPorts;
use edge_token_broker::upstream::proof::Proof;
use edge_token_broker::upstream::trail::UpstreamTrail;

/// Always the longest pause.
struct LongestPause;

impl Entropy for LongestPause {
    fn bytes<const N: usize>(&self) -> [u8; N] {
        [u8::MAX; N]
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
    type Documents = SimulatedIssuer;
    type Signer = SimulatedSigner;
}

#[test]
fn the_longest_flight_tries_every_secret_and_once_more() {
    let clock = SimulatedClock::at(START);
    let endpoint = SimulatedEndpoint::new(&clock);
    endpoint.latency.set(Millis(UPSTREAM_TIMEOUT.0 - 1));
    endpoint.answer(503, "");
    for _ in 0..CLIENT_SECRETS_MAX {
        endpoint.answer(401, r#"{"error":"invalid_client"}"#);
    }
    let secret = |n| Proof::Secret(ClientSecret::new(format!("secret {n}").into()));
    let proofs = (0..CLIENT_SECRETS_MAX).map(secret).collect();
    let authority = Origin::parse("https://login.example").unwrap();
    let server = Box::new(Entra::new(authority, Tenant::parse("t").unwrap()));
    let parts = Parts { server, client_id: "app".into(), proofs, parameters: Vec::new() };
    let credential = Credential::new("default".to_owned(), parts, None).unwrap();
    let servers = servers::<Patient, _>(endpoint, SimulatedIssuer::new(&clock));
    let (servers, clock, entropy) = (&servers, &clock, &LongestPause);
    let upstream = Upstream { servers, clock, entropy, claims: None };
    let (scope, id) = (ScopeSet::parse("s").unwrap(), RequestId::parse("id").unwrap());
    let mut trail = UpstreamTrail::default();
    let error = run(upstream.token(&credential, &scope, false, &id, &mut trail)).unwrap_err();
    assert_eq!(error.name(), "credential_refused");
    assert_eq!(trail.requests as usize, CLIENT_SECRETS_MAX + 1);
    let took = UnixMillis(START).until(clock.now());
    // Each answer came a millisecond before its time was up.
    assert_eq!(took.0, FLIGHT_MAX.0 - CLIENT_SECRETS_MAX as u64 - 1);
    assert!(took > Millis::from_secs(28));
}
