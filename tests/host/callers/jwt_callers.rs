//! Callers with a JWT: for which client it speaks, what is remembered, and that an assertion is good
//! once in the whole network.

use std::cell::Cell;
use std::rc::Rc;

use edge_token_broker::base::limits::VERIFIED_JWT_MEMORY;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::secret::PresentedKey;
use edge_token_broker::callers::ledger::Owner;
use edge_token_broker::callers::presented::Presented;
use edge_token_broker::callers::proofs::Caller;
use edge_token_broker::callers::proofs::jwt::PresentedJwt;
use edge_token_broker::callers::{Attempt, Callers, Recognition};
use edge_token_broker::config::Config;
use edge_token_broker::error::{BrokerError, PresentedIn, RequestFault};
use edge_token_broker::jwt::JwtFault;
use edge_token_broker::log::Line;

use crate::support::clock::{SimulatedClock, run};
use crate::support::config::valid;
use crate::support::issuer::{DOWN, JWKS, SimulatedIssuer, callers, k1};
use crate::support::jwt::{ISSUER, NOW, at, claims, signed_text};
use crate::support::ledger::SimulatedLedgers;
use crate::support::ports::SimulatedPorts;
use crate::support::store::SimulatedStore;

/// `deploy` and `audit` trust the issuer, and `own` signs its assertions itself.
fn config() -> Config {
    let entry = |issuer: &str, more: &str| {
        format!(
            r#"{{"jwt":[{{"issuer":"{issuer}","audience":"broker"{more}}}],
                "allow":[{{"credential":"default","scope":"s"}}]}}"#
        )
    };
    let clients = format!(
        r#"{{"deploy":{},"audit":{},"own":{}}}"#,
        entry(ISSUER, r#","subject":["both","deploy"]"#),
        entry(ISSUER, r#","subject":["both","audit"]"#),
        entry("own", &format!(r#","jwks_uri":"{JWKS}""#)),
    );
    Config::parse(&valid().with("CLIENTS", &clients)).unwrap()
}

/// One isolate.
struct Desk {
    callers: Callers<SimulatedPorts>,
    config: Config,
    clock: SimulatedClock,
    issuer: SimulatedIssuer,
    ledgers: SimulatedLedgers,
    /// How many requests there were in the network.
    requests: Rc<Cell<usize>>,
}

impl Desk {
    fn new() -> Self {
        let clock = SimulatedClock::at(NOW * 1000);
        let issuer = SimulatedIssuer::new(&clock);
        issuer.serve(&k1());
        Self::over(&clock, &issuer, &SimulatedLedgers::new(&clock))
    }

    fn over(clock: &SimulatedClock, issuer: &SimulatedIssuer, ledgers: &SimulatedLedgers) -> Self {
        let mut callers = callers(SimulatedStore::default(), clock);
        callers.jwts.issuers = issuer.clone();
        callers.ledger.objects = ledgers.clone();
        let (clock, issuer, ledgers) = (clock.clone(), issuer.clone(), ledgers.clone());
        ledgers.config.replace(Rc::new(config()));
        Self { callers, config: config(), clock, issuer, ledgers, requests: Rc::default() }
    }

    fn another(&self) -> Self {
        let requests = Rc::clone(&self.requests);
        Self { requests, ..Self::over(&self.clock, &self.issuer, &self.ledgers) }
    }

    fn recognize(&self, presented: &Presented) -> Recognition {
        let attempt = Attempt { config: &self.config, presented, now: at(NOW) };
        self.callers.recognize(&attempt, &mut line())
    }

    fn authenticate(&self, presented: &Presented) -> (Result<Caller, BrokerError>, Line) {
        let attempt = Attempt { config: &self.config, presented, now: at(NOW) };
        let mut line = line();
        self.requests.set(self.requests.get() + 1);
        let owner = || Owner::of(&self.requests.get().to_string());
        let caller = run(self.callers.authenticate(&attempt, owner, &mut line));
        (caller, line)
    }

    fn client_of(&self, presented: &Presented) -> Result<String, BrokerError> {
        self.authenticate(presented).0.map(|caller| caller.client.id.clone())
    }
}

fn line() -> Line {
    Line::new(RequestId::from_random([0; 16]), String::new(), "token")
}

fn bearer(text: String, client_id: Option<&str>) -> Presented {
    Presented::Jwt(PresentedJwt {
        text: PresentedKey::new(text),
        client_id: client_id.map(str::to_owned),
        presented_in: PresentedIn::Header,
    })
}

fn of_subject(subject: &str) -> String {
    signed_text("k1", 1, &claims(&format!(r#","sub":"{subject}""#)))
}

/// A client assertion of `own`.
fn assertion(jti: &str) -> Presented {
    let payload =
        format!(r#"{{"iss":"own","sub":"own","aud":"broker","exp":{},"jti":"{jti}"}}"#, NOW + 300);
    Presented::Jwt(PresentedJwt {
        text: PresentedKey::new(signed_text("k1", 1, &payload)),
        client_id: None,
        presented_in: PresentedIn::Body,
    })
}

#[test]
fn a_jwt_is_verified_once_and_then_known_without_io() {
    let desk = Desk::new();
    let presented = bearer(of_subject("deploy"), None);
    assert!(matches!(desk.recognize(&presented), Recognition::NeedsIo));
    let caller = desk.authenticate(&presented).0.unwrap();
    assert_eq!((caller.client.id.as_str(), caller.proof.name()), ("deploy", "jwt"));
    assert_eq!(caller.jwt_subject.unwrap().subject.as_deref(), Some("deploy"));
    assert!(matches!(desk.recognize(&presented), Recognition::Known(_)));
    assert_eq!(desk.callers.jwts.signatures.0.get(), 1);
    let later = at(NOW).plus(VERIFIED_JWT_MEMORY);
    let attempt = Attempt { config: &desk.config, presented: &presented, now: later };
    assert!(matches!(desk.callers.recognize(&attempt, &mut line()), Recognition::NeedsIo));
}

#[test]
fn a_jwt_of_a_client_that_has_changed_is_verified_again() {
    let mut desk = Desk::new();
    let presented = bearer(of_subject("deploy"), None);
    desk.authenticate(&presented).0.unwrap();
    desk.config = config();
    assert!(matches!(desk.recognize(&presented), Recognition::NeedsIo));
}

#[test]
fn a_jwt_that_is_good_for_several_clients_needs_a_client_id() {
    let desk = Desk::new();
    let text = of_subject("both");
    let several = Err(RequestFault::SeveralClients.into());
    assert_eq!(desk.client_of(&bearer(text.clone(), None)), several);
    for id in ["deploy", "audit"] {
        assert_eq!(desk.client_of(&bearer(text.clone(), Some(id))), Ok(id.to_owned()));
    }
    let refused = |fault| Err(BrokerError::JwtRefused(fault, PresentedIn::Header));
    assert_eq!(desk.client_of(&bearer(text.clone(), Some("own"))), refused(JwtFault::Issuer));
    assert_eq!(desk.client_of(&bearer(text, Some("nobody"))), refused(JwtFault::Issuer));
    assert_eq!(desk.client_of(&bearer("a.b.c".into(), None)), refused(JwtFault::Malformed));
}

#[test]
fn an_issuer_that_is_down_is_not_the_callers_fault() {
    let desk = Desk::new();
    desk.issuer.bodies.borrow_mut().clear();
    let presented = bearer(of_subject("deploy"), None);
    let (refused, line) = desk.authenticate(&presented);
    assert!(matches!(refused, Err(BrokerError::IssuerUnavailable(outage)) if outage.cause == DOWN));
    assert_eq!(line.issuer.as_deref(), Some(ISSUER), "the log says which issuer");
    assert_eq!(line.issuer_fault.as_deref(), Some("metadata: no connection"));
}

#[test]
fn an_assertion_is_good_once_in_the_whole_network() {
    let (here, replayed) =
        (Desk::new(), BrokerError::JwtRefused(JwtFault::Replayed, PresentedIn::Body));
    let there = here.another();
    assert_eq!(here.client_of(&assertion("a")), Ok("own".to_owned()));
    assert!(matches!(here.recognize(&assertion("a")), Recognition::NeedsIo), "not remembered");
    assert_eq!(here.client_of(&assertion("a")), Err(replayed.clone()));
    assert_eq!(there.client_of(&assertion("a")), Err(replayed));
    assert_eq!(there.client_of(&assertion("b")), Ok("own".to_owned()));
}

#[test]
fn without_the_ledger_an_isolate_knows_its_own_uses_and_the_log_says_why() {
    let here = Desk::new();
    let there = here.another();
    let accepted = |desk: &Desk, jti| {
        let (caller, line) = desk.authenticate(&assertion(jti));
        (caller.is_ok(), line.coordinator)
    };
    here.ledgers.storage("assertions:own").failing.set(Some("get"));
    assert_eq!(accepted(&here, "a"), (true, Some("failed")));
    assert_eq!(accepted(&here, "a"), (false, None));
    assert_eq!(accepted(&there, "a"), (true, Some("failed")));
    here.ledgers.hangs.set(true);
    assert_eq!(accepted(&here, "b"), (true, Some("timeout")));
    let alone = Desk::over(&here.clock, &here.issuer, &SimulatedLedgers::unbound(&here.clock));
    assert_eq!(accepted(&alone, "b"), (true, None), "an operator's choice");
}
