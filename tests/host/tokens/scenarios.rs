//! The way of a request through the tiers, in simulated time.

use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use crate::support::clock::poll;
use crate::support::sent::{Response, Sent, settled};
use crate::support::tokens::token;
use crate::support::world::{START, World, isolate, text, vars};
use edge_token_broker::base::ports::{Clock, StoreError};
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::tokens::broker::FollowUp;
use edge_token_broker::tokens::min_ttl::MinTtl;
use edge_token_broker::tokens::ports::{Coordinated, CoordinationError};
use edge_token_broker::upstream::error::UpstreamError;

#[test]
fn a_miss_goes_upstream_and_fills_both_tiers() {
    let world = World::new();
    world.issue("one", 3600);
    let miss = world.request();
    assert_eq!((miss.token(), miss.cache_status()), ("one", "fwd=miss; stored"));
    // 3600 s from before the request, of which the answer took 50 ms.
    assert_eq!(*world.broker.kv.ttls.borrow(), [3599]);

    assert_eq!(world.request().cache_status(), "hit; ttl=3599; detail=isolate");

    let other = world.another_isolate();
    let hit = other.request();
    assert_eq!((hit.token(), hit.cache_status()), ("one", "hit; ttl=3599; detail=kv"));
    assert_eq!(other.request().cache_status(), "hit; ttl=3599; detail=isolate");
    assert_eq!(world.upstream_requests(), 1);
}

#[test]
fn expiry_counts_from_before_the_request() {
    let world = World::new();
    world.broker.servers.endpoint.latency.set(Millis::from_secs(9));
    world.issue("slow", 3600);
    assert_eq!(world.request().expires_in(), 3591);
    let held = world.broker.memory.recall(&world.grant.token_key).unwrap();
    assert_eq!(held.expires_at.0, START + 3_600_000);
    assert_eq!(*world.broker.kv.ttls.borrow(), [3591]);
}

#[test]
fn a_token_at_its_serve_floor_is_not_served_from_any_tier() {
    let world = World::new();
    world.issue("old", 3600);
    world.request();
    world.broker.clock.advance(Millis(3_539_949)); // 60.001 s left
    let answer_of = |world: &World| Sent::default().answer_of(&world.isolate);
    assert_eq!(answer_of(&world).token(), "old", "its renewal is lost");
    let other = world.another_isolate();
    assert_eq!(answer_of(&other).token(), "old");
    world.broker.clock.advance(Millis(1)); // 60 s left
    world.issue("new", 3600);
    assert_eq!(world.request().token(), "new");
    world.broker.kv.values.borrow_mut().clear();
    world.issue("newer", 3600);
    assert_eq!(other.request().token(), "newer");
}

#[test]
fn an_expired_record_in_kv_is_a_miss() {
    let world = World::new();
    world.issue("old", 3600);
    world.request();
    world.broker.clock.advance(Millis::from_secs(4000));
    let other = world.another_isolate();
    world.issue("new", 3600);
    assert_eq!(other.request().token(), "new");
}

#[test]
fn no_kv_write_below_its_shortest_ttl() {
    for (expires_in, writes) in [(60, 0), (61, 1)] {
        let world = World::new();
        world.issue("short", expires_in);
        world.request();
        assert_eq!(world.broker.kv.ttls.borrow().len(), writes, "{expires_in} s");
        assert!(
            world.broker.recall(&world.grant, MinTtl::default()).is_some(),
            "isolate memory keeps it all the same"
        );
    }
}

#[test]
fn a_failing_kv_is_a_miss_and_a_note_in_the_log() {
    for failure in
        [StoreError::Unbound, StoreError::Throttled, StoreError::TimedOut, StoreError::Failed]
    {
        let world = World::new();
        world.broker.kv.failure.set(Some(failure));
        world.issue("one", 3600);
        assert_eq!(world.request().token(), "one");
        assert_eq!(world.logged()["kv_read"], failure.name());
        assert_eq!(world.logged()["kv_write"], failure.name());
    }
}

#[test]
fn a_record_that_does_not_open_is_a_miss_and_a_note_in_the_log() {
    for (garbage, note) in [
        (vec![], "unknown_version"),
        (vec![9; 80], "unknown_version"),
        (vec![2; 80], "not_authentic"),
    ] {
        let world = World::new();
        world.broker.kv.put(&world.grant.token_key.kv_name(), garbage);
        world.issue("one", 3600);
        assert_eq!(world.request().token(), "one");
        assert_eq!(world.logged()["kv_read"], note);
    }
}

#[test]
fn a_rotated_secret_does_not_find_the_old_token() {
    let before = World::with_secrets("old", "");
    before.issue("one", 3600);
    before.request();
    let after = World::with_secrets("new", "");
    assert_ne!(before.grant.token_key, after.grant.token_key);
}

#[test]
fn a_request_that_was_overtaken_while_it_read_kv_takes_the_token_from_memory() {
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    world.broker.kv.failure.set(Some(StoreError::TimedOut));
    // As if memory had been empty when the request came.
    let served = world.obtain().0.unwrap();
    assert_eq!(text(&served), "one");
    assert_eq!(world.upstream_requests(), 1);
}

/// A request every second, for so many, without a coordinator.
fn every_second(world: &World, secs: u64, min_ttl: u64) {
    for _ in 0..secs {
        Sent::get(&format!("/token?min_ttl={min_ttl}")).to(&world.isolate);
        world.broker.clock.advance(Millis::from_secs(1));
    }
}

#[test]
fn a_failure_is_asked_for_once_in_its_window_also_without_a_coordinator() {
    let world = World::new();
    for _ in 0..6 {
        world.refuse(401, "invalid_client", 7_000_215);
    }
    every_second(&world, 100, 0);
    assert_eq!(world.upstream_requests(), 6, "2, 4, 8, 16, 32, 60 s apart");
    world.issue("one", 3600);
    every_second(&world, 100, 0);
    assert_eq!(world.upstream_requests(), 7);
}

#[test]
fn the_coordinators_failure_is_passed_on_for_a_moment() {
    let world = World::new();
    let error = UpstreamError::EXPIRED_ON_ARRIVAL;
    let failing =
        Coordinated { handed: Err(error), trail: None, failing_for: Millis::from_secs(30) };
    world.broker.coordinator.answers.borrow_mut().extend(vec![Ok(failing); 10]);
    every_second(&world, 10, 0);
    assert_eq!(world.broker.coordinator.wants.borrow().len(), 5);
    assert_eq!(world.upstream_requests(), 0);
}

#[test]
fn a_coordinator_that_is_lost_does_not_turn_its_failure_memory_off() {
    let world = World::new();
    let failing = Coordinated {
        handed: Err(UpstreamError::EXPIRED_ON_ARRIVAL),
        trail: None,
        failing_for: Millis::from_secs(30),
    };
    let lost = vec![Err(CoordinationError::Failed); 40];
    world.broker.coordinator.answers.borrow_mut().push_back(Ok(failing));
    world.broker.coordinator.answers.borrow_mut().extend(lost);
    every_second(&world, 30, 0);
    assert_eq!(world.upstream_requests(), 0);
    world.issue("one", 3600);
    every_second(&world, 1, 0);
    assert_eq!(world.upstream_requests(), 1);
}

#[test]
fn a_short_lived_token_is_renewed_at_half_its_lifetime() {
    let world = World::new();
    for _ in 0..3 {
        world.issue("short", 240);
    }
    every_second(&world, 300, 0);
    assert_eq!(world.upstream_requests(), 3, "the first, and one after 120 and 240 s");
}

#[test]
fn isolates_do_not_all_renew_at_the_same_moment() {
    for (jitter, secs) in [(0, 2700), (u32::MAX, 2610)] {
        let mut isolate = isolate(&vars());
        Rc::get_mut(&mut isolate.broker).unwrap().jitter = jitter;
        let world = World::of(isolate);
        world.issue("hour", 3600);
        every_second(&world, 1, 0);
        let due = (0..3000).find(|_| {
            world.broker.clock.advance(Millis::from_secs(1));
            let served = world.broker.recall(&world.grant, MinTtl::default()).unwrap();
            served.follow_up == FollowUp::Renew
        });
        let asked_at = world.broker.memory.recall(&world.grant.token_key).unwrap().requested_at;
        let renewed_at = asked_at.until(world.broker.clock.now());
        assert!(due.is_some());
        assert_eq!(renewed_at.whole_secs(), secs, "{jitter}");
    }
}

#[test]
fn a_min_ttl_that_upstream_does_not_meet_does_not_become_a_habit() {
    let world = World::new();
    for _ in 0..2 {
        world.issue("hour", 3599);
    }
    every_second(&world, 100, 3600);
    assert_eq!(world.upstream_requests(), 2);
}

#[test]
fn nobody_is_told_of_a_failure_while_a_good_token_is_at_hand() {
    let world = World::new();
    world.broker.servers.endpoint.answer(400, r#"{"error":"unauthorized_client"}"#);
    let mut waiting = pin!(settled(Sent::default().begin(&world.isolate)));
    assert!(poll(waiting.as_mut()).is_pending(), "upstream is at it");
    let meanwhile = token("meanwhile", UnixMillis(START), Millis::from_secs(3600));
    world.broker.memory.remember(world.grant.token_key, meanwhile, UnixMillis(START));
    let Poll::Ready(answered) = poll(waiting.as_mut()) else { panic!("upstream has answered") };
    let response = Response::of(&answered);
    assert_eq!(response.token(), "meanwhile");
    assert!(response.cache_status().ends_with("detail=stale-if-error"));
    assert_eq!(world.logged()["upstream_status"], 400, "the log has it all the same");
}
