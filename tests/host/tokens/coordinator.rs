//! The coordinator's state machine: each rule by example.

use edge_token_broker::base::time::Millis;
use edge_token_broker::tokens::coordinator::{Event, Snapshot, Source, Want};
use edge_token_broker::tokens::min_ttl::MinTtl;

use crate::support::driven::{Driven, HOUR, at, down, hour_token, throttled};
use crate::support::tokens::token;

fn renewed() -> Want {
    Want { renewed: true, ..Want::default() }
}

fn min_ttl(secs: u64) -> Want {
    Want { min_ttl: MinTtl::asked(Millis::from_secs(secs)), ..Want::default() }
}

#[test]
fn many_callers_share_one_flight() {
    let mut driven = Driven::default();
    let waiters: Vec<_> = (0..500).map(|_| driven.acquire(Want::default(), 0)).collect();
    assert_eq!((driven.asked, driven.replies.len()), (1, 0));
    driven.land(Ok(hour_token(0)), 1);
    assert_eq!(driven.source(waiters[0]), Some(Source::Flight));
    assert!(waiters[1..].iter().all(|waiter| driven.source(*waiter) == Some(Source::Collapsed)));
    assert_eq!(driven.published.len(), 1);
}

#[test]
fn who_left_and_comes_back_leads_the_flight_again() {
    let mut driven = Driven::default();
    let leader = driven.acquire(Want::default(), 0);
    let other = driven.acquire(Want::default(), 0);
    driven.on(Event::Left(leader), at(4));
    let again = driven.acquire(Want::default(), 4);
    driven.on(Event::Left(other), at(4));
    let other_again = driven.acquire(Want::default(), 4);
    driven.land(Ok(hour_token(0)), 6);
    assert_eq!((driven.asked, driven.reply(leader), driven.reply(other)), (1, None, None));
    assert_eq!(driven.source(again), Some(Source::Flight));
    assert_eq!(driven.source(other_again), Some(Source::Collapsed));
}

#[test]
fn a_short_lived_token_is_renewed_at_half_its_lifetime_however_often_isolates_ask() {
    let mut driven = Driven::default();
    let short = |secs| Ok(token("t", at(secs), Millis::from_secs(240)));
    driven.acquire(Want::default(), 0);
    driven.land(short(0), 0);
    let mut asked = Vec::new();
    for secs in 1..400 {
        let before = driven.asked;
        driven.acquire(renewed(), secs);
        if driven.asked > before {
            asked.push(secs);
            driven.land(short(secs), secs);
        }
    }
    // A tenth of the renew-ahead earlier, for the jitter.
    assert_eq!(asked, [109, 218, 327]);
}

#[test]
fn a_fresh_token_is_handed_out_at_once() {
    let mut driven = Driven::with_token();
    let waiter = driven.acquire(Want::default(), 1000);
    assert_eq!(driven.source(waiter), Some(Source::Held));
    assert_eq!(driven.asked, 1);
}

#[test]
fn nothing_is_fetched_for_who_has_a_token() {
    let mut driven = Driven::default();
    driven.acquire(Want { touch: true, ..Want::default() }, 0);
    assert_eq!((driven.asked, driven.replies.len()), (0, 1));
    let mut driven = Driven::with_token();
    driven.acquire(Want { touch: true, ..Want::default() }, 2000);
    assert_eq!(driven.saved.facts.asked_at, Some(at(2000)));
}

#[test]
fn a_stale_token_is_handed_out_at_once_and_renewed_behind_it() {
    let mut driven = Driven::with_token();
    let first = driven.acquire(Want::default(), 2800);
    let second = driven.acquire(Want::default(), 2801);
    assert_eq!([driven.source(first), driven.source(second)], [Some(Source::Held); 2]);
    assert_eq!(driven.asked, 2, "one flight for both");
}

#[test]
fn who_wants_the_renewed_token_waits_for_it() {
    let mut driven = Driven::with_token();
    let waiter = driven.acquire(renewed(), 2800);
    assert!(driven.reply(waiter).is_none());
    driven.land(Ok(hour_token(2800)), 2801);
    assert_eq!(driven.source(waiter), Some(Source::Flight));
    let generations: Vec<_> = driven.published.iter().map(|token| token.generation).collect();
    assert!(generations[0] < generations[1]);
}

#[test]
fn who_asks_a_little_earlier_than_the_others_gets_a_renewed_token_as_well() {
    let mut driven = Driven::with_token();
    let too_early = driven.acquire(renewed(), 2609);
    assert_eq!((driven.source(too_early), driven.asked), (Some(Source::Held), 1));
    let early = driven.acquire(renewed(), 2611);
    assert_eq!((driven.source(early), driven.asked), (None, 2));
}

#[test]
fn an_expired_token_is_never_handed_out() {
    let mut driven = Driven::with_token();
    let waiter = driven.acquire(Want::default(), HOUR - 60);
    assert!(driven.reply(waiter).is_none());
    driven.land(Err(down()), HOUR - 59);
    assert_eq!(driven.reply(waiter), Some(&Err(down())));
}

#[test]
fn the_alarm_renews_before_anybody_has_to_ask_while_the_token_is_in_use() {
    let mut driven = Driven::with_token();
    let alarm = driven.alarm.unwrap();
    assert_eq!(alarm, at(HOUR - 15 * 60), "without jitter: 15 minutes ahead");
    driven.on(Event::Alarm, alarm);
    assert_eq!(driven.asked, 2);
    driven.land(Ok(hour_token(2700)), 2700);
    // Nobody has asked within the token's lifetime when the next one is due.
    driven.on(Event::Alarm, driven.alarm.unwrap());
    assert_eq!(driven.asked, 2);
    // Once it has expired, all is forgotten.
    driven.on(Event::Alarm, driven.alarm.unwrap());
    assert_eq!((driven.saved.token.as_ref(), driven.alarm), (None, None));
}

#[test]
fn the_alarm_leaves_a_short_lived_token_alone_for_half_its_lifetime() {
    for (lifetime, secs) in [(600, 300), (300, 150), (60, 30), (40, 20), (2, 1), (1, 1)] {
        let mut driven = Driven::default();
        driven.acquire(Want::default(), 0);
        driven.land(Ok(token("t", at(0), Millis::from_secs(lifetime))), 0);
        assert_eq!(driven.alarm, Some(at(secs)), "{lifetime} s");
    }
}

#[test]
fn what_is_kept_warm_is_renewed_although_nobody_asks() {
    let mut driven = Driven { keep_warm: true, ..Driven::default() };
    driven.evict();
    driven.acquire(Want::default(), 0);
    driven.land(Ok(hour_token(0)), 0);
    for round in 1..50 {
        let alarm = driven.alarm.unwrap();
        driven.on(Event::Alarm, alarm);
        assert_eq!(driven.asked, round + 1);
        driven.on(Event::Landed(Ok(token("t", alarm, Millis::from_secs(HOUR)))), alarm);
    }
    // Until the configuration no longer says so.
    driven.keep_warm = false;
    driven.evict();
    let asked = driven.asked;
    driven.on(Event::Alarm, driven.alarm.unwrap());
    driven.on(Event::Alarm, driven.alarm.unwrap());
    assert_eq!((driven.asked, driven.saved.token.as_ref()), (asked, None));
}

#[test]
fn a_token_that_is_asked_for_again_is_renewed_again() {
    let mut driven = Driven::with_token();
    driven.on(Event::Alarm, driven.alarm.unwrap());
    driven.land(Ok(hour_token(2700)), 2700);
    // Nobody has asked for more than a lifetime: it would be forgotten when it expires.
    driven.on(Event::Alarm, driven.alarm.unwrap());
    assert_eq!(driven.alarm, Some(at(2700 + HOUR)));
    driven.acquire(Want::default(), 5400);
    driven.on(Event::Landed(Ok(hour_token(5400))), at(5400));
    assert_eq!(driven.alarm, Some(at(5400 + HOUR - 15 * 60)));
}

#[test]
fn an_alarm_that_waits_to_forget_is_pulled_back_when_somebody_asks() {
    let mut driven = Driven { saved: Driven::with_token().saved, ..Driven::default() };
    // As if the alarm had found the fresh token of a long-lived kind idle.
    driven.saved.facts.asked_at = None;
    driven.evict();
    driven.acquire(Want::default(), 100);
    assert_eq!((driven.asked, driven.alarm), (0, Some(at(HOUR - 15 * 60))));
}

#[test]
fn a_failure_is_remembered_for_its_time_and_then_probed_once() {
    let mut driven = Driven::default();
    driven.acquire(Want::default(), 0);
    driven.land(Err(throttled(30)), 0);
    for secs in [1, 10, 29] {
        let waiter = driven.acquire(Want::default(), secs);
        assert_eq!(driven.reply(waiter), Some(&Err(throttled(30 - secs))), "counts down");
    }
    assert_eq!(driven.asked, 1);
    for _ in 0..100 {
        driven.acquire(Want::default(), 30);
    }
    assert_eq!(driven.asked, 2);
}

#[test]
fn passing_faults_back_off_from_one_second_to_a_minute() {
    let mut driven = Driven::default();
    let mut now = at(0);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        driven.on(Event::Acquire { waiter: 0, want: Want::default() }, now);
        driven.on(Event::Landed(Err(down())), now);
        pauses.push(now.until(driven.alarm.unwrap()).0);
        now = driven.alarm.unwrap();
        // The window is over, the failure is not forgotten: the next one is not a first one.
        driven.on(Event::Alarm, now);
    }
    assert_eq!(pauses, [1000, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    // Nobody has asked for a minute: forgotten.
    driven.on(Event::Alarm, driven.alarm.unwrap());
    assert_eq!((driven.saved, driven.alarm), (Snapshot::default(), None));
}

#[test]
fn while_upstream_fails_a_token_above_its_floor_is_still_handed_out() {
    let mut driven = Driven::with_token();
    let waiter = driven.acquire(renewed(), 2800);
    driven.land(Err(down()), 2801);
    assert_eq!(driven.source(waiter), Some(Source::HeldWhileFailing));
    let waiter = driven.acquire(Want::default(), 2801);
    assert_eq!(driven.source(waiter), Some(Source::HeldWhileFailing));
}

#[test]
fn min_ttl_renews_first_and_then_takes_the_best_there_is() {
    let mut driven = Driven::with_token();
    let waiter = driven.acquire(min_ttl(3000), 1000);
    assert!(driven.reply(waiter).is_none());
    driven.land(Ok(hour_token(1000)), 1001);
    assert_eq!(driven.source(waiter), Some(Source::Flight));
    // Upstream has no longer one: it is not asked again for a minute.
    let waiter = driven.acquire(min_ttl(7200), 1002);
    assert_eq!(driven.source(waiter), Some(Source::Held));
    assert_eq!(driven.asked, 2);
}

#[test]
fn min_ttl_takes_the_best_there_is_while_upstream_fails() {
    let mut driven = Driven::with_token();
    let leader = driven.acquire(min_ttl(3000), 1000);
    let other = driven.acquire(min_ttl(3000), 1000);
    driven.land(Err(down()), 1001);
    let later = driven.acquire(min_ttl(3000), 1001);
    for waiter in [leader, other, later] {
        assert_eq!(driven.source(waiter), Some(Source::HeldWhileFailing));
    }
    // Who is content with it is not told of a failure.
    let waiter = driven.acquire(Want::default(), 1001);
    assert_eq!(driven.source(waiter), Some(Source::Held));
    assert_eq!(driven.asked, 2);
}

#[test]
fn a_token_that_expires_sooner_does_not_replace_the_one_in_hand() {
    let mut driven = Driven::with_token();
    driven.acquire(min_ttl(3500), 1000);
    driven.land(Ok(token("short", at(1000), Millis::from_secs(300))), 1000);
    let waiter = driven.acquire(Want::default(), 1001);
    let handout = driven.reply(waiter).unwrap().as_ref().unwrap();
    assert_eq!(handout.token.access_token.expose(), "t0");
    assert_eq!(driven.published.len(), 1);
}

#[test]
fn what_was_saved_outlives_an_eviction() {
    let mut driven = Driven::with_token();
    driven.evict();
    let waiter = driven.acquire(Want::default(), 10);
    assert_eq!(driven.source(waiter), Some(Source::Held));
    let mut driven = Driven::default();
    driven.acquire(Want::default(), 0);
    driven.land(Err(throttled(30)), 0);
    driven.evict();
    let waiter = driven.acquire(Want::default(), 1);
    assert_eq!(driven.reply(waiter), Some(&Err(throttled(29))));
}

#[test]
fn a_coordinator_that_lost_its_storage_goes_on_from_the_callers_generation() {
    for known_generation in [57, at(0).0 + 5] {
        let mut driven = Driven::default();
        driven.acquire(Want { known_generation, ..Want::default() }, 0);
        driven.land(Ok(hour_token(0)), 0);
        assert!(driven.published[0].generation > known_generation);
    }
}
