//! The coordinator's client and its driver over one flight: who waits, who leaves, what goes upstream.

use std::rc::Rc;

use edge_token_broker::base::limits::{
    COORDINATOR_TIMEOUT, FLIGHT_MAX, FLIGHT_WATCH, UPSTREAM_TIMEOUT,
};
use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::Millis;
use edge_token_broker::config::Config;
use edge_token_broker::error::BrokerError;
use edge_token_broker::log::Line;
use edge_token_broker::oauth::claims::RequestedClaims;
use edge_token_broker::tokens::broker::{Broker, Served};
use edge_token_broker::tokens::cache_status::{CacheStatus, Forward, Tier};
use edge_token_broker::tokens::coordinator::driver::CallFault;
use edge_token_broker::tokens::coordinator::{Source, Want};
use edge_token_broker::tokens::min_ttl::MinTtl;
use edge_token_broker::tokens::ports::{Coordinated, Coordination, CoordinationError};

use crate::support::bindings::Vars;
use crate::support::config::DIGEST;
use crate::support::flight::{FlightPorts, Network};
use crate::support::world::{line, text, vars};

const COLLAPSED: CacheStatus = CacheStatus::Forwarded { reason: Forward::Miss, collapsed: true };
const LED: CacheStatus = CacheStatus::Forwarded { reason: Forward::Miss, collapsed: false };

/// A credential of four secrets.
fn four_secrets() -> Vars {
    let credentials =
        r#"{"many":{"tenant":"t","client_id":"app","client_secret":["A","B","C","D"]}}"#;
    let clients = format!(
        r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"many","scope":"s"}}]}}}}"#
    );
    let secrets = [("A", "1"), ("B", "2"), ("C", "3"), ("D", "4")];
    Vars::of(&[secrets.as_slice(), &[("CREDENTIALS", credentials), ("CLIENTS", &clients)]].concat())
}

/// A miss of an isolate's memory.
async fn obtain(
    isolate: Rc<Broker<FlightPorts>>,
    network: Rc<Network>,
) -> (Result<Served, BrokerError>, Line) {
    let mut line = line();
    (isolate.obtain(&network.grant, MinTtl::default(), &mut line).await, line)
}

/// A call of an isolate, as request `id`.
async fn acquire(
    network: Rc<Network>,
    want: Want,
    claims: Option<&'static str>,
    id: &'static str,
) -> Result<Coordinated, CoordinationError> {
    let claims = claims.map(|claims| RequestedClaims::parse(claims).unwrap().challenge.unwrap());
    let id = RequestId::parse(id).unwrap();
    network.isolate().coordinator.acquire(&network.grant, want, claims.as_ref(), &id).await
}

fn network() -> Rc<Network> {
    Rc::new(Network::new(&vars()))
}

/// The same call, when it has ended.
#[track_caller]
fn acquired(
    network: &Rc<Network>,
    want: Want,
    claims: Option<&'static str>,
    id: &'static str,
) -> Coordinated {
    network.ends(acquire(Rc::clone(network), want, claims, id)).0.unwrap()
}

fn source(coordinated: &Coordinated) -> Source {
    coordinated.handed.as_ref().unwrap().source
}

fn rejecting(coordinated: &Coordinated) -> Want {
    let token = &coordinated.handed.as_ref().unwrap().token;
    let (rejected, known_generation) = (Some(token.digest()), token.generation);
    Want { rejected, known_generation, ..Want::default() }
}

#[test]
fn nobody_gives_up_while_the_longest_flight_is_under_way() {
    let network = Rc::new(Network::new(&four_secrets()));
    network.endpoint.latency.set(Millis(UPSTREAM_TIMEOUT.0 - 1));
    network.answer(503, "");
    for _ in 0..3 {
        network.answer(401, r#"{"error":"invalid_client","error_codes":[7000222]}"#);
    }
    network.issue("one");
    let waiting: Vec<_> = [0, 1000, 5500]
        .map(|pause| {
            network.pass(Millis(pause));
            network.start(obtain(network.isolate(), Rc::clone(&network))).1
        })
        .into();
    network.pass(FLIGHT_MAX);
    let ended: Vec<_> = waiting.iter().map(|ended| ended.take().expect("it ends")).collect();
    for ((served, line), at) in &ended {
        let served = served.as_ref().unwrap();
        assert_eq!(text(served), "one");
        assert_eq!((line.coordinator, line.upstream.requests), (None, 5));
        assert!((5 * (UPSTREAM_TIMEOUT.0 - 1)..=FLIGHT_MAX.0).contains(at), "{at} ms");
        assert_eq!(at, &ended[0].1, "all have the token at the same time");
    }
    let sources = ended.iter().map(|((served, _), _)| served.as_ref().unwrap().cache_status);
    assert_eq!(sources.filter(|status| *status == LED).count(), 1, "one of them has led it");
    assert_eq!(network.endpoint.asked.borrow().len(), 5);
}

#[test]
fn a_caller_that_leaves_does_not_take_the_flight_along() {
    let network = network();
    network.endpoint.latency.set(Millis::from_secs(2));
    network.issue("one");
    let (leader, left) = network.start(obtain(network.isolate(), Rc::clone(&network)));
    let (_, other) = network.start(obtain(network.isolate(), Rc::clone(&network)));
    network.pass(Millis::from_secs(1));
    network.time.cancel(leader);
    network.pass(Millis::from_secs(2));
    assert!(left.borrow().is_none());
    let ((served, _), at) = other.take().expect("it ends");
    let served = served.unwrap();
    assert_eq!((text(&served), served.cache_status, at), ("one", COLLAPSED, 2000));
    // Also where nobody is left: the token is there for the next one.
    let alone = self::network();
    alone.issue("two");
    let (leader, _) = alone.start(obtain(alone.isolate(), Rc::clone(&alone)));
    alone.pass(Millis(10));
    alone.time.cancel(leader);
    alone.pass(Millis::from_secs(1));
    alone.kv.values.borrow_mut().clear();
    let ((served, _), _) = alone.ends(obtain(alone.isolate(), Rc::clone(&alone)));
    let served = served.unwrap();
    assert!(matches!(served.cache_status, CacheStatus::Hit { tier: Tier::Coordinator, .. }));
    assert_eq!((text(&served), alone.endpoint.asked.borrow().len()), ("two", 1));
}

#[test]
fn an_object_that_panics_holds_its_caller_for_five_seconds() {
    let network = network();
    network.object.panics.set(true);
    let (lost, at) = network.ends(acquire(Rc::clone(&network), Want::default(), None, "id"));
    assert_eq!((lost.unwrap_err(), at), (CoordinationError::TimedOut, COORDINATOR_TIMEOUT.0));
    assert_eq!(COORDINATOR_TIMEOUT, Millis::from_secs(5));
    network.issue("one");
    let before = network.time.now();
    let ((served, line), at) = network.ends(obtain(network.isolate(), Rc::clone(&network)));
    assert_eq!(text(&served.unwrap()), "one", "the isolate goes on without it");
    assert_eq!((line.coordinator, at - before), (Some("timeout"), 5050));
}

#[test]
fn claims_go_upstream_once_with_the_flight_that_their_report_started() {
    const CLAIMS: Option<&str> = Some(r#"{"access_token":{"nbf":{"value":"1"}}}"#);
    let network = network();
    for token in ["one", "two", "three"] {
        network.issue(token);
    }
    let first = acquired(&network, Want::default(), None, "id");
    // A flight that an ordinary caller has started; the report waits for it.
    let more = Want { min_ttl: MinTtl::asked(Millis::from_secs(3599)), ..Want::default() };
    let (_, caller) = network.start(acquire(Rc::clone(&network), more, None, "id"));
    let second = acquired(&network, rejecting(&first), CLAIMS, "id");
    assert_eq!(source(&caller.take().unwrap().0.unwrap()), Source::Flight);
    assert_eq!(source(&second), Source::Collapsed);
    // One that the report has started, and the flights after it.
    let third = acquired(&network, rejecting(&second), CLAIMS, "id");
    assert_eq!(source(&third), Source::Flight);
    network.issue("four");
    assert_eq!(source(&acquired(&network, more, None, "id")), Source::Flight);
    let asked = network.endpoint.asked.borrow();
    let with_claims: Vec<_> = asked.iter().map(|asked| asked.body.contains("claims=")).collect();
    assert_eq!(with_claims, [false, false, true, false]);
}

#[test]
fn the_traces_of_a_flight_are_given_to_who_has_waited_for_it() {
    let network = network();
    network.answer(500, "");
    network.issue("one");
    let (_, other) = network.start(acquire(Rc::clone(&network), Want::default(), None, "other"));
    let leader = acquired(&network, Want::default(), None, "leader");
    for coordinated in [leader, other.take().unwrap().0.unwrap()] {
        assert_eq!(coordinated.trail.unwrap().requests, 2);
    }
    let late = acquired(&network, Want::default(), None, "late");
    assert_eq!((source(&late), late.trail.is_none()), (Source::Held, true));
}

#[test]
fn a_flight_has_the_request_id_of_who_started_it() {
    let network = network();
    for token in ["one", "two", "three"] {
        network.issue(token);
    }
    let (_, leader) = network.start(acquire(Rc::clone(&network), Want::default(), None, "first"));
    acquired(&network, Want::default(), None, "waits");
    assert_eq!(source(&leader.take().unwrap().0.unwrap()), Source::Flight);
    let more = Want { min_ttl: MinTtl::asked(Millis::from_secs(3599)), ..Want::default() };
    acquired(&network, more, None, "newest");
    // Nobody waits for a renewal in the background: it has a line of its own.
    network.pass(Millis::from_secs(3000));
    acquired(&network, Want::default(), None, "behind");
    let ids: Vec<_> =
        network.endpoint.asked.borrow().iter().map(|asked| asked.request_id.clone()).collect();
    assert_eq!(ids[..2], ["first", "newest"]);
    assert!(ids.len() == 3 && ids[2].len() == 36, "{ids:?}");
    let lines = network.log.lines.borrow();
    assert_eq!((lines.len(), &lines[0]["outcome"]), (1, &"renewed".into()));
    assert_eq!(lines[0]["request_id"], ids[2].as_str());
}

#[test]
fn an_alarm_with_a_broken_configuration_sets_the_next_one() {
    let network = network();
    network.issue("one");
    acquired(&network, Want::default(), None, "id");
    let stored = network.home.stored.borrow().clone();
    assert!(stored.is_some());
    let broken = network.driver(Rc::new(Config::parse(&Vars::default().with("AZ_TENANT", "/"))));
    let due = network.clock.now().plus(FLIGHT_WATCH);
    let (alarm, _) = network.ends(broken.alarm());
    assert_eq!(alarm, Ok(()));
    assert_eq!(network.home.alarms.borrow().last(), Some(&due));
    assert_eq!(*network.home.stored.borrow(), stored, "it may be good again");
}

#[test]
fn an_alarm_for_a_secret_that_was_rotated_forgets_its_token() {
    let network = network();
    network.issue("one");
    acquired(&network, Want::default(), None, "id");
    let rotated = network.driver(Rc::new(Config::parse(&vars().with("AZ_CLIENT_SECRET", "new"))));
    assert_eq!(network.ends(rotated.alarm()).0, Ok(()));
    assert_eq!(*network.home.stored.borrow(), None);
}

#[test]
fn a_call_that_cannot_be_answered_says_why() {
    let network = network();
    let answer = |vars: &Vars, message: &'static [u8]| {
        network.ends(network.driver(Rc::new(Config::parse(vars))).answer(message)).0
    };
    assert_eq!(answer(&vars(), b"no message"), Err(CallFault::Malformed));
    // `c`, `s` and `t` for the credential, the scope and the token, then a message and its seal.
    let message = &[0x83, 0x83, 0x61, b'c', 0x61, b's', 0x61, b't', 0x41, 0, 0x41, 0];
    assert_eq!(answer(&vars(), message), Err(CallFault::NotThisToken));
    let broken = vars().with("AZ_TENANT", "");
    assert_eq!(answer(&broken, message), Err(CallFault::Misconfigured));
}
