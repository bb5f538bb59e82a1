//! Numbers of upstream set no pace: however small `refresh_in` and `expires_in` are, renewals of one
//! token keep their distance.

use edge_token_broker::base::limits::{KV_TTL_MIN_SECS, KV_WRITE_SPACING, REFRESH_IN_MIN};
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::tokens::coordinator::{Event, Want};
use edge_token_broker::tokens::min_ttl::MinTtl;
use edge_token_broker::tokens::token::{CachedToken, Freshness};

use crate::support::driven::{Driven, HOUR, START, at};
use crate::support::tokens::token;
use crate::support::world::World;

/// A token that upstream wants to be renewed after so many milliseconds.
fn refreshed(requested_at: UnixMillis, lifetime_secs: u64, refresh_in: u64) -> CachedToken {
    let mut token = token("t", requested_at, Millis::from_secs(lifetime_secs));
    token.refresh_at = Some(requested_at.plus(Millis(refresh_in)));
    token
}

#[test]
fn a_refresh_in_of_a_second_is_no_renewal_each_second_by_alarm() {
    for keep_warm in [false, true] {
        let mut driven = Driven { keep_warm, random: u32::MAX, ..Driven::default() };
        driven.evict();
        driven.acquire(Want::default(), 0);
        driven.land(Ok(refreshed(at(0), HOUR, 1000)), 0);
        let mut last = at(0);
        for _ in 0..20 {
            let alarm = driven.alarm.unwrap();
            let before = driven.asked;
            driven.on(Event::Alarm, alarm);
            assert_eq!(driven.asked, before + 1);
            assert!(last.until(alarm) >= REFRESH_IN_MIN, "{:?}", last.until(alarm));
            driven.on(Event::Landed(Ok(refreshed(alarm, HOUR, 1000))), alarm);
            last = alarm;
        }
    }
}

#[test]
fn a_refresh_in_of_a_second_is_no_renewal_each_second_for_isolates() {
    let mut driven = Driven::default();
    driven.acquire(Want::default(), 0);
    driven.land(Ok(refreshed(at(0), HOUR, 1000)), 0);
    for secs in 0..300 {
        let before = driven.asked;
        driven.acquire(Want { renewed: true, ..Want::default() }, secs);
        driven.acquire(Want::default(), secs);
        driven.acquire(
            Want { min_ttl: MinTtl::asked(Millis::from_secs(2 * HOUR)), ..Want::default() },
            secs,
        );
        if driven.asked > before {
            driven.land(Ok(refreshed(at(secs), HOUR, 1000)), secs);
        }
    }
    // The first, one at once for `min_ttl`, then one each half minute.
    assert!(driven.asked <= 12, "{} upstream requests in five minutes", driven.asked);
    assert_eq!(driven.published.len(), driven.asked);
}

#[test]
fn a_refresh_in_of_a_second_does_not_make_a_token_due_at_once() {
    let fresh = refreshed(at(0), HOUR, 1000);
    assert_eq!(fresh.freshness(at(29)), Freshness::Fresh);
    assert_eq!(fresh.freshness(at(30)), Freshness::Stale);
}

#[test]
fn without_a_coordinator_a_refresh_in_of_a_second_is_no_write_each_second() {
    let world = World::new();
    for _ in 0..100 {
        let body = r#"{"token_type":"Bearer","expires_in":3600,"refresh_in":1,"access_token":"t"}"#;
        world.broker.servers.endpoint.answer(200, body);
    }
    for _ in 0..100 {
        world.request();
        world.broker.clock.advance(Millis::from_secs(1));
    }
    assert!(world.upstream_requests() <= 4, "{} upstream requests", world.upstream_requests());
    assert!(world.broker.kv.ttls.borrow().len() <= 4);
}

#[test]
fn however_short_lived_a_token_is_its_renewals_are_a_second_apart() {
    for lifetime_secs in 1..4000 {
        for refresh_in in [None, Some(0), Some(1), Some(1000), Some(10_000), Some(1_000_000)] {
            let mut token = refreshed(UnixMillis(START), lifetime_secs, refresh_in.unwrap_or(0));
            token.refresh_at = token.refresh_at.filter(|_| refresh_in.is_some());
            let spacing = token.renewal_spacing();
            assert!(spacing >= KV_WRITE_SPACING, "{lifetime_secs} s, {refresh_in:?}: {spacing:?}");
            let first = token.requested_at.until(token.not_renewed_before());
            assert!(first >= KV_WRITE_SPACING, "{lifetime_secs} s, {refresh_in:?}: {first:?}");
            // A write to KV is shared by all locations.
            let kept = lifetime_secs > KV_TTL_MIN_SECS && refresh_in.is_some();
            assert!(!kept || spacing > Millis::from_secs(3), "{lifetime_secs} s, {refresh_in:?}");
        }
    }
}
