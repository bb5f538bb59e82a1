//! The way of a request through the tiers, in simulated time.

use std::cell::Cell;

use crate::support::ports::run;
use crate::support::tokens::token;
use crate::support::world::{START, World, text};
use edge_token_broker::base::ports::{Clock, StoreError};
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::tokens::broker::{Broker, FollowUp};
use edge_token_broker::tokens::cache_status::{CacheStatus, Forward, Tier};
use edge_token_broker::tokens::ports::{
    Coordinated, CoordinationError, RecalledFailure, TokenMemory,
};
use edge_token_broker::tokens::token::CachedToken;
use edge_token_broker::upstream::error::UpstreamError;
use edge_token_broker::upstream::token_key::TokenKey;

#[test]
fn a_miss_goes_upstream_and_fills_both_tiers() {
    let mut world = World::new();
    world.issue("one", 3600);
    let served = world.request().unwrap();
    assert_eq!(text(&served), "one");
    assert_eq!(
        served.cache_status,
        CacheStatus::Forwarded { reason: Forward::Miss, collapsed: false }
    );
    // 3600 s from before the request, of which the answer took 50 ms.
    assert_eq!(*world.broker.kv.ttls.borrow(), [3599]);

    let hit = world.request().unwrap();
    assert_eq!(hit.cache_status, CacheStatus::Hit { tier: Tier::Isolate, ttl_secs: 3599 });

    let mut other = world.another_isolate();
    let hit = other.request().unwrap();
    assert_eq!(
        (text(&hit), hit.cache_status),
        ("one", CacheStatus::Hit { tier: Tier::Kv, ttl_secs: 3599 })
    );
    let hit = other.request().unwrap();
    assert_eq!(hit.cache_status, CacheStatus::Hit { tier: Tier::Isolate, ttl_secs: 3599 });
    assert_eq!(world.upstream_requests(), 1);
}

#[test]
fn expiry_counts_from_before_the_request() {
    let mut world = World::new();
    world.broker.endpoint.latency.set(Millis::from_secs(9));
    world.issue("slow", 3600);
    let served = world.request().unwrap();
    assert_eq!(served.token.expires_at.0, START + 3_600_000);
    assert_eq!(*world.broker.kv.ttls.borrow(), [3591]);
}

#[test]
fn a_token_at_its_serve_floor_is_not_served_from_any_tier() {
    let mut world = World::new();
    world.issue("old", 3600);
    world.request().unwrap();
    world.broker.clock.advance(Millis(3_539_949)); // 60.001 s left
    assert_eq!(text(&world.request().unwrap()), "old");
    let mut other = world.another_isolate();
    assert_eq!(text(&other.request().unwrap()), "old");
    world.broker.clock.advance(Millis(1)); // 60 s left
    world.issue("new", 3600);
    assert_eq!(text(&world.request().unwrap()), "new");
    world.broker.kv.values.borrow_mut().clear();
    world.issue("newer", 3600);
    assert_eq!(text(&other.request().unwrap()), "newer");
}

#[test]
fn an_expired_record_in_kv_is_a_miss() {
    let mut world = World::new();
    world.issue("old", 3600);
    world.request().unwrap();
    world.broker.clock.advance(Millis::from_secs(4000));
    let mut other = world.another_isolate();
    world.issue("new", 3600);
    assert_eq!(text(&other.request().unwrap()), "new");
}

#[test]
fn no_kv_write_below_its_shortest_ttl() {
    for (expires_in, writes) in [(60, 0), (61, 1)] {
        let mut world = World::new();
        world.issue("short", expires_in);
        world.request().unwrap();
        assert_eq!(world.broker.kv.ttls.borrow().len(), writes, "{expires_in} s");
        assert!(
            world.broker.recall(&world.grant, Millis(0)).is_some(),
            "isolate memory keeps it all the same"
        );
    }
}

#[test]
fn a_failing_kv_is_a_miss_and_a_note_in_the_log() {
    for failure in
        [StoreError::Unbound, StoreError::Throttled, StoreError::TimedOut, StoreError::Failed]
    {
        let mut world = World::new();
        world.broker.kv.failure.set(Some(failure));
        world.issue("one", 3600);
        assert_eq!(text(&world.request().unwrap()), "one");
        assert_eq!(world.line.kv_read, Some(failure.name()));
        assert_eq!(world.line.kv_write, Some(failure.name()));
    }
}

#[test]
fn a_record_that_does_not_open_is_a_miss_and_a_note_in_the_log() {
    for (garbage, note) in [
        (vec![], "unknown_version"),
        (vec![9; 80], "unknown_version"),
        (vec![2; 80], "not_authentic"),
    ] {
        let mut world = World::new();
        world.broker.kv.values.borrow_mut().insert(world.grant.token_key, garbage);
        world.issue("one", 3600);
        assert_eq!(text(&world.request().unwrap()), "one");
        assert_eq!(world.line.kv_read, Some(note));
    }
}

#[test]
fn a_rotated_secret_does_not_find_the_old_token() {
    let mut before = World::with_secrets("old", "");
    before.issue("one", 3600);
    before.request().unwrap();
    let after = World::with_secrets("new", "");
    assert_ne!(before.grant.token_key, after.grant.token_key);
}

#[test]
fn a_request_that_was_overtaken_while_it_read_kv_takes_the_token_from_memory() {
    let mut world = World::new();
    world.issue("one", 3600);
    world.request().unwrap();
    world.broker.kv.failure.set(Some(StoreError::TimedOut));
    // As if memory had been empty when the request came.
    let served = run(world.broker.obtain(&world.grant, Millis(0), &mut world.line)).unwrap();
    assert_eq!(text(&served), "one");
    assert_eq!(world.upstream_requests(), 1);
}

/// What comes of a request every second, for so many, without a coordinator.
fn every_second(world: &mut World, secs: u64, min_ttl: u64) {
    for _ in 0..secs {
        let min_ttl = Millis::from_secs(min_ttl);
        let served = world
            .broker
            .recall(&world.grant, min_ttl)
            .map_or_else(|| run(world.broker.obtain(&world.grant, min_ttl, &mut world.line)), Ok);
        if served.is_ok_and(|served| served.follow_up == FollowUp::Renew) {
            run(world.broker.renew(&world.grant, &mut world.line));
        }
        world.broker.clock.advance(Millis::from_secs(1));
    }
}

#[test]
fn a_failure_is_asked_for_once_in_its_window_also_without_a_coordinator() {
    let mut world = World::new();
    for _ in 0..2 {
        world.refuse(401, "invalid_client", 7_000_215);
    }
    every_second(&mut world, 100, 0);
    assert_eq!(world.upstream_requests(), 2);
    world.issue("one", 3600);
    every_second(&mut world, 100, 0);
    assert_eq!(world.upstream_requests(), 3);
}

#[test]
fn the_coordinators_failure_is_passed_on_for_a_moment() {
    let mut world = World::new();
    let error = UpstreamError::EXPIRED_ON_ARRIVAL;
    let failing =
        Coordinated { reply: Err(error), trail: None, failing_for: Millis::from_secs(30) };
    world.broker.coordinator.answers.borrow_mut().extend(vec![Ok(failing); 10]);
    every_second(&mut world, 10, 0);
    assert_eq!(world.broker.coordinator.wants.borrow().len(), 5);
    assert_eq!(world.upstream_requests(), 0);
}

#[test]
fn a_coordinator_that_is_lost_does_not_turn_its_failure_memory_off() {
    let mut world = World::new();
    let failing = Coordinated {
        reply: Err(UpstreamError::EXPIRED_ON_ARRIVAL),
        trail: None,
        failing_for: Millis::from_secs(30),
    };
    let lost = vec![Err(CoordinationError::Failed); 40];
    world.broker.coordinator.answers.borrow_mut().push_back(Ok(failing));
    world.broker.coordinator.answers.borrow_mut().extend(lost);
    every_second(&mut world, 30, 0);
    assert_eq!(world.upstream_requests(), 0);
    world.issue("one", 3600);
    every_second(&mut world, 1, 0);
    assert_eq!(world.upstream_requests(), 1);
}

#[test]
fn a_token_that_is_due_from_the_start_is_not_renewed_by_every_request() {
    let mut world = World::new();
    for _ in 0..4 {
        world.issue("short", 240);
    }
    every_second(&mut world, 90, 0);
    assert_eq!(world.upstream_requests(), 4, "the first, and one for each claim of 30 s");
}

#[test]
fn isolates_do_not_all_renew_at_the_same_moment() {
    for (jitter, secs) in [(0, 2700), (u32::MAX, 2610)] {
        let mut world = World::new();
        world.broker.jitter = jitter;
        world.issue("hour", 3600);
        every_second(&mut world, 1, 0);
        let due = (0..3000).find(|_| {
            world.broker.clock.advance(Millis::from_secs(1));
            let served = world.broker.recall(&world.grant, Millis(0)).unwrap();
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
    let mut world = World::new();
    for _ in 0..2 {
        world.issue("hour", 3599);
    }
    every_second(&mut world, 100, 3600);
    assert_eq!(world.upstream_requests(), 2);
}

/// Memory that another request fills while this one waits: empty when first asked.
struct FilledMeanwhile {
    token: CachedToken,
    asked: Cell<u32>,
}

impl TokenMemory for FilledMeanwhile {
    fn claim_replacement(&self, _: &TokenKey, _: &CachedToken, _: UnixMillis) -> bool {
        false
    }

    fn note_replacement(&self, _: &TokenKey, _: &CachedToken) {}

    fn release_replacement(&self, _: &TokenKey) {}

    fn recall(&self, _: &TokenKey) -> Option<CachedToken> {
        self.asked.set(self.asked.get() + 1);
        (self.asked.get() > 1).then(|| self.token.clone())
    }

    fn remember(&self, _: TokenKey, _: CachedToken, _: UnixMillis) {}

    fn claim_renewal(&self, _: &TokenKey, _: UnixMillis) -> bool {
        false
    }

    fn note_no_better_token(&self, _: &TokenKey, _: UnixMillis) {}

    fn no_better_token_lately(&self, _: &TokenKey, _: UnixMillis) -> bool {
        false
    }

    fn failure(&self, _: &TokenKey) -> Option<RecalledFailure> {
        None
    }

    fn remember_failure(&self, _: TokenKey, _: RecalledFailure) {}
}

#[test]
fn nobody_is_told_of_a_failure_while_a_good_token_is_at_hand() {
    let World { broker, grant, mut line } = World::new();
    let token = token("meanwhile", UnixMillis(START), Millis::from_secs(3600));
    let memory = FilledMeanwhile { token, asked: Cell::new(0) };
    let Broker { kv, coordinator, endpoint, clock, entropy, .. } = broker;
    endpoint.answer(400, r#"{"error":"unauthorized_client"}"#);
    let broker = Broker { memory, kv, coordinator, endpoint, clock, entropy, jitter: 0 };
    let served = run(broker.obtain(&grant, Millis(0), &mut line)).unwrap();
    assert_eq!(text(&served), "meanwhile");
    assert_eq!(line.upstream.status, Some(400), "the log has it all the same");
}
