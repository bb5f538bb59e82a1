//! Isolates without a coordinator: it is not bound, or out of reach. Upstream requests and KV writes
//! stay few.

use std::rc::Rc;

use edge_token_broker::base::limits::{
    COORDINATOR_TIMEOUT, FETCH_CLAIM_COLD, KV_WRITE_SPACING, OBJECT_SILENCE,
};
use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::Millis;
use edge_token_broker::error::BrokerError;
use edge_token_broker::log::Line;
use edge_token_broker::tokens::broker::{Broker, FollowUp, Served};
use edge_token_broker::tokens::cache_status::{CacheStatus, Forward};
use edge_token_broker::tokens::min_ttl::MinTtl;

use crate::support::flight::{Ended, FlightPorts, Network, OneObject};
use crate::support::world::{line, text, vars};

const CROWD: usize = 200;
const ABSURD: Millis = Millis::from_secs(1_000_000);

type Isolate = Rc<Broker<FlightPorts>>;
type Outcome = (Result<Served, BrokerError>, Line);

/// Without the binding.
fn unbound() -> Rc<Network> {
    let mut network = Network::new(&vars());
    network.object = OneObject::default();
    Rc::new(network)
}

/// With an object that never answers.
fn hanging() -> Rc<Network> {
    let network = Rc::new(Network::new(&vars()));
    network.object.panics.set(true);
    network
}

/// A request with the work behind its response.
async fn request(isolate: Isolate, network: Rc<Network>, min_ttl: Millis) -> Outcome {
    let (grant, mut line) = (&network.grant, line());
    let served = match isolate.recall(grant, MinTtl::asked(min_ttl)) {
        Some(served) => Ok(served),
        None => isolate.obtain(grant, MinTtl::asked(min_ttl), &mut line).await,
    };
    match served.as_ref().map(|served| (served.follow_up, &served.token)) {
        Ok((FollowUp::Store, token)) => isolate.write_behind(grant, token, &mut line).await,
        Ok((FollowUp::Renew, _)) => isolate.renew(grant, &mut line).await,
        Ok((FollowUp::Touch, _)) => isolate.touch(grant, &mut line).await,
        _ => {}
    }
    (served, line)
}

/// So many requests at the same moment.
fn crowd(network: &Rc<Network>, isolate: &Isolate, min_ttl: Millis) -> Vec<Ended<Outcome>> {
    let start = || network.start(request(Rc::clone(isolate), Rc::clone(network), min_ttl)).1;
    (0..CROWD).map(|_| start()).collect()
}

#[track_caller]
fn one(network: &Rc<Network>, isolate: &Isolate, min_ttl: Millis) -> (Outcome, u64) {
    let before = network.time.now();
    let (_, ended) = network.start(request(Rc::clone(isolate), Rc::clone(network), min_ttl));
    while ended.borrow().is_none() && network.time.now() < before + 60_000 {
        network.pass(Millis(1));
    }
    let (outcome, at) = ended.take().expect("it ends");
    (outcome, at - before)
}

fn issue(network: &Network, tokens: usize) {
    for token in 0..tokens {
        network.issue(&format!("t{token}"));
    }
}

#[track_caller]
fn tokens(ended: &[Ended<Outcome>]) -> Vec<String> {
    let served =
        |ended: &Ended<Outcome>| text(&ended.take().expect("it ends").0.0.unwrap()).to_owned();
    ended.iter().map(served).collect()
}

fn upstream(network: &Network) -> usize {
    network.endpoint.asked.borrow().len()
}

fn writes(network: &Network) -> usize {
    network.kv.ttls.borrow().len()
}

#[test]
fn a_crowd_with_an_absurd_min_ttl_is_one_upstream_request_and_one_write() {
    for network in [unbound(), hanging()] {
        issue(&network, 2 * CROWD);
        let isolate = network.isolate();
        one(&network, &isolate, Millis(0)).0.0.unwrap();
        assert_eq!((upstream(&network), writes(&network)), (1, 1));
        let ended = crowd(&network, &isolate, ABSURD);
        network.pass(Millis::from_secs(20));
        let tokens = tokens(&ended);
        assert_eq!((upstream(&network), writes(&network)), (2, 2));
        assert_eq!(tokens.iter().filter(|token| *token == "t0").count(), CROWD - 1, "in hand");
    }
}

#[test]
fn a_crowd_with_nothing_in_hand_is_one_upstream_request_and_one_write() {
    for network in [unbound(), hanging()] {
        issue(&network, CROWD);
        let ended = crowd(&network, &network.isolate(), Millis(0));
        network.pass(Millis::from_secs(20));
        let outcomes: Vec<_> = ended.iter().map(|ended| ended.take().expect("it ends").0).collect();
        let statuses = outcomes.iter().map(|(served, _)| served.as_ref().unwrap().cache_status);
        let led = CacheStatus::Forwarded { reason: Forward::Miss, collapsed: false };
        assert_eq!(statuses.filter(|status| *status == led).count(), 1);
        assert_eq!((upstream(&network), writes(&network)), (1, 1));
    }
}

#[test]
fn a_crowd_that_meets_a_failure_is_told_of_it_after_one_flight() {
    let network = unbound();
    network.answer(429, "slow down");
    let ended = crowd(&network, &network.isolate(), Millis(0));
    network.pass(Millis::from_secs(20));
    assert!(ended.iter().all(|ended| ended.take().expect("it ends").0.0.is_err()));
    assert_eq!(upstream(&network), 1);
}

#[test]
fn a_crowd_goes_on_when_the_request_that_fetches_is_lost() {
    let network = unbound();
    issue(&network, CROWD);
    network.endpoint.latency.set(Millis(1500));
    let isolate = network.isolate();
    let (leader, _) = network.start(request(Rc::clone(&isolate), Rc::clone(&network), Millis(0)));
    network.pass(Millis(10));
    let ended = crowd(&network, &isolate, Millis(0));
    network.pass(Millis(10));
    network.time.cancel(leader);
    network.pass(Millis(FETCH_CLAIM_COLD.0 + 2000));
    assert!(tokens(&ended).iter().all(|token| token == "t1"));
    assert_eq!((upstream(&network), writes(&network)), (2, 1));
}

#[test]
fn a_min_ttl_that_each_new_token_just_meets_does_not_become_a_habit() {
    let network = unbound();
    issue(&network, CROWD);
    let isolate = network.isolate();
    for _ in 0..100 {
        one(&network, &isolate, Millis(3_599_500)).0.0.unwrap();
        network.pass(Millis::from_secs(1));
    }
    assert!(upstream(&network) <= 3, "{} upstream requests", upstream(&network));
}

#[test]
fn writes_to_one_kv_key_are_a_second_apart_and_the_newest_token_is_the_last() {
    let network = unbound();
    let isolate = network.isolate();
    issue(&network, 2);
    let first = one(&network, &isolate, Millis(0)).0.0.unwrap().token;
    let newer = first.clone().with_generation(first.generation + 1);
    network.pass(Millis::from_secs(2));
    let write = |token| {
        let (isolate, network) = (Rc::clone(&isolate), Rc::clone(&network));
        async move { isolate.write_behind(&network.grant, &token, &mut line()).await }
    };
    let before = network.time.now();
    let ends: Vec<_> =
        [&first, &newer, &first].map(|token| network.start(write((*token).clone())).1).into();
    network.pass(Millis::from_secs(3));
    let ends: Vec<_> = ends.iter().map(|ended| ended.take().unwrap().1 - before).collect();
    assert_eq!((ends.as_slice(), writes(&network)), ([0, KV_WRITE_SPACING.0, 0].as_slice(), 3));
    let stored = one(&network, &network.isolate(), Millis(0)).0.0.unwrap().token;
    assert_eq!(stored, newer);
}

#[test]
fn an_object_that_hangs_is_waited_for_once_and_then_now_and_then() {
    let network = hanging();
    issue(&network, 10);
    let isolate = network.isolate();
    let ((served, line), took) = one(&network, &isolate, Millis(0));
    assert_eq!((served.is_ok(), took), (true, COORDINATOR_TIMEOUT.0 + 50));
    assert_eq!(line.coordinator, Some("timeout"));
    // A while later it is tried again, and one request waits.
    network.pass(OBJECT_SILENCE);
    let ended = crowd(&network, &isolate, ABSURD);
    network.pass(Millis::from_secs(1));
    let waits = ended.iter().filter(|ended| ended.borrow().is_none()).count();
    assert_eq!(waits, 1);
    network.pass(Millis::from_secs(10));
    let touch = || {
        let (isolate, network) = (Rc::clone(&isolate), Rc::clone(&network));
        async move {
            let mut line = crate::support::world::line();
            isolate.touch(&network.grant, &mut line).await;
            line.coordinator
        }
    };
    let (_, ended) = network.start(touch());
    network.pass(Millis(1));
    assert_eq!(ended.take().expect("at once").0, Some("silent"));
    // It is back.
    network.object.panics.set(false);
    network.pass(OBJECT_SILENCE);
    assert_eq!([(); 2].map(|()| network.ends(touch()).0), [None; 2]);
}

#[test]
fn a_remembered_failure_is_told_at_once_while_the_object_hangs() {
    let network = hanging();
    let isolate = network.isolate();
    network.answer(429, "slow down");
    let (_, ended) = network.start(request(Rc::clone(&isolate), Rc::clone(&network), Millis(0)));
    network.pass(Millis::from_secs(6));
    assert!(ended.take().unwrap().0.0.is_err());
    for _ in 0..8 {
        network.pass(Millis::from_secs(3));
        let (_, ended) =
            network.start(request(Rc::clone(&isolate), Rc::clone(&network), Millis(0)));
        network.pass(Millis(1));
        let told = ended.take().expect("at once").0.0;
        assert!(matches!(told, Err(BrokerError::Upstream(_))));
    }
    assert_eq!(upstream(&network), 1);
}

#[test]
fn while_the_object_is_down_an_isolate_gets_what_another_one_has_fetched() {
    let network = hanging();
    issue(&network, 10);
    one(&network, &network.isolate(), Millis(0)).0.0.unwrap();
    for _ in 0..10 {
        let (served, _) = one(&network, &network.isolate(), Millis(0)).0;
        assert_eq!(text(&served.unwrap()), "t0");
    }
    assert_eq!((upstream(&network), writes(&network)), (1, 1));
}

#[test]
fn while_the_object_is_down_a_due_token_is_renewed_by_few_isolates() {
    let network = hanging();
    issue(&network, CROWD);
    let spread = |nth: usize| network.isolate_at(nth, CROWD);
    let isolates: Vec<_> = (0..CROWD).map(spread).collect();
    for isolate in &isolates {
        let started = network.start(request(Rc::clone(isolate), Rc::clone(&network), Millis(0)));
        network.pass(Millis(100));
        drop(started);
    }
    network.pass(Millis::from_secs(2600));
    let before = upstream(&network);
    // From before it is due until it expires.
    for _ in 0..60 {
        for isolate in &isolates {
            network.start(request(Rc::clone(isolate), Rc::clone(&network), Millis(0)));
        }
        network.pass(Millis::from_secs(15));
    }
    let renewals = upstream(&network) - before;
    assert!((1..=3).contains(&renewals), "{renewals} of {CROWD} isolates");
    let now = network.clock.now();
    for isolate in &isolates {
        let held = isolate.memory.recall(&network.grant.token_key).unwrap();
        assert!(held.is_servable(now) && now < held.renew_at(), "all have the new one");
    }
}
