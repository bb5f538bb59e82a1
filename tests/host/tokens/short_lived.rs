//! Tokens of a minute and a few more, such as Keycloak's: nobody waits for a token in use, and upstream
//! is asked about twice in a lifetime.

use std::cell::Cell;
use std::rc::Rc;

use edge_token_broker::base::ports::StoreError;
use edge_token_broker::base::time::Millis;
use edge_token_broker::tokens::broker::{Broker, FollowUp};
use edge_token_broker::tokens::min_ttl::MinTtl;
use edge_token_broker::tokens::token::serve_floor;

use crate::support::endpoint::issued;
use crate::support::flight::{FlightPorts, Network, OneObject};
use crate::support::world::{line, vars};

const LIFETIMES: [u64; 3] = [60, 120, 300];
/// So many lifetimes of steady traffic.
const PERIODS: u64 = 12;

type Isolate = Rc<Broker<FlightPorts>>;

/// A request with the work behind its response. `waits` counts those that got their token later than
/// they came.
async fn request(isolate: Isolate, network: Rc<Network>, waits: Rc<Cell<usize>>) {
    let (grant, mut line, came) = (&network.grant, line(), network.time.now());
    let served = match isolate.recall(grant, MinTtl::default()) {
        Some(served) => served,
        None => isolate.obtain(grant, MinTtl::default(), &mut line).await.unwrap(),
    };
    let left = served.at.until(served.token.expires_at);
    assert!(left > serve_floor(served.token.lifetime()), "{left:?}");
    if network.time.now() > came {
        waits.set(waits.get() + 1);
    }
    match served.follow_up {
        FollowUp::Store => isolate.write_behind(grant, &served.token, &mut line).await,
        FollowUp::Renew => isolate.renew(grant, &mut line).await,
        FollowUp::Touch => isolate.touch(grant, &mut line).await,
        FollowUp::Nothing => {}
    }
}

struct Figures {
    upstream: usize,
    /// Requests that waited, beside the first of each isolate.
    waits: usize,
    ttls: Vec<u64>,
}

/// A request a second in each of `isolates` isolates, for [`PERIODS`] lifetimes.
fn steady(network: Network, isolates: usize, lifetime: u64) -> Figures {
    let periods = usize::try_from(PERIODS).unwrap();
    for token in 0..8 * periods * isolates {
        network.answer(200, &issued(&format!("t{token}"), lifetime));
    }
    let network = Rc::new(network);
    let isolates: Vec<_> = (0..isolates).map(|nth| network.isolate_at(nth, isolates)).collect();
    let [first, later] = [(); 2].map(|()| Rc::new(Cell::new(0)));
    for second in 0..PERIODS * lifetime {
        let waits = if second == 0 { &first } else { &later };
        for isolate in &isolates {
            let work = request(Rc::clone(isolate), Rc::clone(&network), Rc::clone(waits));
            network.start(work);
        }
        for _ in 0..20 {
            network.pass(Millis(50));
            network.ring();
        }
    }
    let ttls = network.kv.ttls.borrow().clone();
    Figures { upstream: network.endpoint.asked.borrow().len(), waits: later.get(), ttls }
}

/// The worlds: with KV and without.
fn networks(is_bound: bool) -> [Network; 2] {
    [true, false].map(|has_kv| {
        let mut network = Network::new(&vars());
        if !is_bound {
            network.object = OneObject::default();
        }
        network.kv.failure.set((!has_kv).then_some(StoreError::Unbound));
        network
    })
}

/// Twice in each lifetime, a tenth more for the jitter, and once at the beginning.
fn most() -> usize {
    usize::try_from(PERIODS * 2 + PERIODS / 4 + 1).unwrap()
}

#[test]
fn with_a_coordinator_all_isolates_together_ask_upstream_about_twice_a_lifetime() {
    for lifetime in LIFETIMES {
        for isolates in [1, 12] {
            for network in networks(true) {
                let Figures { upstream, waits, .. } = steady(network, isolates, lifetime);
                assert!(upstream <= most(), "{lifetime} s, {isolates}: {upstream}");
                assert_eq!(waits, 0, "{lifetime} s, {isolates} isolates");
            }
        }
    }
}

#[test]
fn without_a_coordinator_each_isolate_asks_upstream_about_twice_a_lifetime() {
    for lifetime in LIFETIMES {
        for isolates in [1, 12] {
            for network in networks(false) {
                let Figures { upstream, waits, .. } = steady(network, isolates, lifetime);
                assert!(upstream <= most() * isolates, "{lifetime} s, {isolates}: {upstream}");
                assert_eq!(waits, 0, "{lifetime} s, {isolates} isolates");
            }
        }
    }
}

#[test]
fn a_coordinator_that_never_answers_makes_nobody_wait_for_a_token_in_use() {
    for lifetime in LIFETIMES {
        for network in networks(true) {
            network.object.panics.set(true);
            let Figures { upstream, waits, .. } = steady(network, 1, lifetime);
            assert!(upstream <= most(), "{lifetime} s: {upstream}");
            // Those that came within the five seconds that the first one waited.
            assert!(waits <= 5, "{lifetime} s: {waits}");
        }
    }
}

#[test]
fn a_token_with_less_than_a_minute_left_is_not_written() {
    let [network, _] = networks(true);
    assert_eq!(steady(network, 1, 60).ttls, [0; 0], "59 s are left when it has come");
    let [network, _] = networks(true);
    let ttls = steady(network, 1, 120).ttls;
    assert!(ttls.len() > 20 && ttls.iter().all(|ttl| *ttl == 119), "{ttls:?}");
}

#[test]
fn a_renewal_that_is_lost_is_started_again_before_the_token_ends() {
    for lifetime in LIFETIMES {
        let mut network = Network::new(&vars());
        network.object = OneObject::default();
        network.answer(200, &issued("first", lifetime));
        network.answer(200, &issued("lost", lifetime));
        network.answer(200, &issued("second", lifetime));
        let network = Rc::new(network);
        let (isolate, waits) = (network.isolate_at(0, 1), Rc::new(Cell::new(0)));
        let send = || {
            let work = request(Rc::clone(&isolate), Rc::clone(&network), Rc::clone(&waits));
            let (task, _) = network.start(work);
            network.pass(Millis(10));
            task
        };
        send();
        network.pass(Millis::from_secs(lifetime / 2));
        network.time.cancel(send());
        network.pass(Millis::from_secs(lifetime / 4));
        send();
        network.pass(Millis::from_secs(lifetime / 4));
        send();
        assert_eq!(waits.get(), 1, "{lifetime} s: the first one");
        let newest = isolate.memory.recall(&network.grant.token_key).unwrap();
        assert_eq!(newest.access_token.expose(), "second", "{lifetime} s");
    }
}
