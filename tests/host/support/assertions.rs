//! The client `own`, which signs its assertions itself, and its requests.

use super::clock::SimulatedClock;
use super::issuer::k1;
use super::jwt::{NOW, signed_text};
use super::ledger::SimulatedLedgers;
use super::sent::{Response, Sent};
use super::world::{START, SimulatedIsolate, World, isolate_at, vars};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An isolate with that client and these ledgers.
fn isolate_over(clock: &SimulatedClock, ledgers: &SimulatedLedgers) -> SimulatedIsolate {
    let clients = r#"{"own":{"jwt":[{"issuer":"own","audience":"broker",
        "jwks_uri":"https://keys.example/jwks"}],"allow":[{"credential":"default","scope":"s"}]}}"#;
    let mut isolate = isolate_at(&vars().with("CLIENTS", clients), clock);
    isolate.callers.jwts.issuers.serve(&k1());
    isolate.callers.ledger.objects = ledgers.clone();
    isolate
}

/// A client assertion of `own`.
pub(crate) fn assertion(jti: &str) -> String {
    let claims =
        format!(r#"{{"iss":"own","sub":"own","aud":"broker","exp":{},"jti":"{jti}"}}"#, NOW + 600);
    signed_text("k1", 1, &claims)
}

/// A token request with it, and these parameters.
pub(crate) fn token_request(jwt: &str, parameters: &str) -> Sent {
    post("/oauth2/v2.0/token", &format!("grant_type=client_credentials&{parameters}"), jwt)
}

/// A report of a rejected token with it.
pub(crate) fn revocation(jwt: &str, parameters: &str) -> Sent {
    post("/revoke", parameters, jwt)
}

fn post(target: &str, form: &str, jwt: &str) -> Sent {
    let form = format!("client_assertion_type={JWT_BEARER}&client_assertion={jwt}&{form}");
    Sent { authorization: None, ..Sent::post(target, form.trim_end_matches('&')) }
}

/// One isolate, and the ledgers of the network.
pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) ledgers: SimulatedLedgers,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut SimulatedIsolate)) -> Self {
        let clock = SimulatedClock::at(START);
        let ledgers = SimulatedLedgers::new(&clock);
        let mut isolate = isolate_over(&clock, &ledgers);
        change(&mut isolate);
        Self { world: World::of(isolate), ledgers }
    }

    pub(crate) fn clock(&self) -> &SimulatedClock {
        &self.world.broker.clock
    }

    /// Another isolate, anywhere, with an authorization server of its own.
    pub(crate) fn another(&self) -> Self {
        let isolate = isolate_over(self.clock(), &self.ledgers);
        Self { world: World::of(isolate), ledgers: self.ledgers.clone() }
    }

    pub(crate) fn send(&self, sent: &Sent) -> Response {
        sent.to(&self.world.isolate)
    }

    pub(crate) fn outcome(&self) -> String {
        self.world.logged().get("outcome").unwrap().as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn replayed(&self, sent: &Sent) {
        let refused = self.send(sent);
        assert_eq!((refused.status, refused.error()), (401, "invalid_client"), "{}", refused.body);
        assert_eq!(self.outcome(), "jwt_replayed");
    }

    /// The assertion is good for a token here, and afterwards for nothing anywhere.
    #[track_caller]
    pub(crate) fn still_good(&self, jwt: &str) {
        self.world.issue("one", 3600);
        assert_eq!(self.send(&token_request(jwt, "scope=s")).token(), "one");
        self.spent(jwt);
    }

    #[track_caller]
    pub(crate) fn spent(&self, jwt: &str) {
        for desk in [self, &self.another()] {
            desk.replayed(&token_request(jwt, "scope=s"));
            desk.replayed(&token_request(jwt, "scope=other"));
            desk.replayed(&revocation(jwt, "token=t"));
        }
    }
}
