//! When a token is served and when it is due for renewal: the boundaries, and the properties that
//! hold for every token at every instant.

use crate::support::tokens::token;
use edge_token_broker::base::limits::EXPIRES_IN_MAX_SECS;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::tokens::token::CachedToken;
use edge_token_broker::tokens::token::{Freshness, serve_floor};
use proptest::prelude::*;

const START: UnixMillis = UnixMillis(1_700_000_000_000);

fn living(secs: u64) -> CachedToken {
    token("t", START, Millis::from_secs(secs))
}

/// The state of a token of `lifetime_secs` when `left_ms` are left.
fn left(lifetime_secs: u64, left_ms: u64) -> Freshness {
    let token = living(lifetime_secs);
    token.freshness(token.expires_at.minus(Millis(left_ms)))
}

#[test]
fn the_serve_floor_is_60_seconds_or_a_tenth_of_the_lifetime() {
    for (lifetime, floor) in
        [(3600, 60_000), (600, 60_000), (599, 59_900), (300, 30_000), (10, 1000), (1, 100)]
    {
        assert_eq!(serve_floor(Millis::from_secs(lifetime)), Millis(floor));
        assert_eq!(left(lifetime, floor), Freshness::Expired, "{lifetime} s at the floor");
        assert_eq!(left(lifetime, floor - 1), Freshness::Expired, "{lifetime} s below the floor");
        assert_ne!(left(lifetime, floor + 1), Freshness::Expired, "{lifetime} s above the floor");
    }
}

#[test]
fn renewal_is_due_5_15_or_60_minutes_ahead_and_never_before_half_the_lifetime() {
    const MINUTE: u64 = 60;
    for (lifetime, ahead_ms) in [
        (1, 500),
        (60, 30_000),
        (300, 150_000),
        (10 * MINUTE, 300_000),
        (20 * MINUTE, 300_000),
        (20 * MINUTE + 1, 600_500),
        (30 * MINUTE, 900_000),
        (60 * MINUTE, 900_000),
        (90 * MINUTE - 1, 900_000),
        (90 * MINUTE, 2_700_000),
        (120 * MINUTE, 3_600_000),
        (1440 * MINUTE, 3_600_000),
    ] {
        assert_eq!(left(lifetime, ahead_ms + 1), Freshness::Fresh, "{lifetime} s");
        assert_eq!(left(lifetime, ahead_ms), Freshness::Stale, "{lifetime} s");
    }
}

#[test]
fn upstreams_refresh_in_decides_where_it_was_sent() {
    let mut token = living(86_400);
    token.refresh_at = Some(START.plus(Millis::from_secs(43_200)));
    assert_eq!(token.renew_at(), START.plus(Millis::from_secs(43_200)));
    assert_eq!(token.freshness(UnixMillis(token.renew_at().0 - 1)), Freshness::Fresh);
    assert_eq!(token.freshness(token.renew_at()), Freshness::Stale);
}

proptest! {
    #[test]
    fn never_served_at_or_after_expiry(secs in 1..=EXPIRES_IN_MAX_SECS, late in any::<u32>()) {
        let token = living(secs);
        prop_assert_eq!(token.freshness(token.expires_at.plus(Millis(late.into()))), Freshness::Expired);
    }

    #[test]
    fn served_exactly_above_the_serve_floor(secs in 1..=EXPIRES_IN_MAX_SECS, part in 0.0..1.0_f64) {
        let token = living(secs);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "any instant within the lifetime will do")]
        let now = START.plus(Millis((secs as f64 * 1000.0 * part) as u64));
        let above = now.until(token.expires_at) > serve_floor(token.lifetime());
        prop_assert_eq!(token.freshness(now) != Freshness::Expired, above);
    }

    #[test]
    fn a_token_only_ages(secs in 1..=EXPIRES_IN_MAX_SECS, a in any::<u32>(), b in any::<u32>()) {
        let rank = |age: u32| match living(secs).freshness(START.plus(Millis(u64::from(age) * 1000))) {
            Freshness::Fresh => 0,
            Freshness::Stale => 1,
            Freshness::Expired => 2,
        };
        prop_assert!(rank(a.min(b)) <= rank(a.max(b)));
    }

    #[test]
    fn any_instants_at_all_are_survived(requested in any::<u64>(), secs in any::<u64>(), now in any::<u64>(), refresh in any::<Option<u64>>()) {
        let mut token = token("t", UnixMillis(requested), Millis::from_secs(secs));
        token.refresh_at = refresh.map(UnixMillis);
        let state = token.freshness(UnixMillis(now));
        prop_assert!(state == Freshness::Expired || now < token.expires_at.0);
    }
}
