//! How much time a token must have left for a caller: in the coordinator, and on the way there.
//! `http/kept.rs` has the tiers of an isolate.

use edge_token_broker::base::cbor;
use edge_token_broker::base::time::Millis;
use edge_token_broker::tokens::coordinator::{Source, Want};
use edge_token_broker::tokens::min_ttl::MinTtl;

use crate::support::driven::{Driven, HOUR, at, hour_token};
use crate::support::tokens::token;

const KEEPS: MinTtl = MinTtl { asked: Millis(0), keeps: true };

fn keeps() -> Want {
    Want { min_ttl: KEEPS, ..Want::default() }
}

#[test]
fn a_coordinator_replaces_a_token_first_for_a_caller_that_keeps_it() {
    for (left, source) in [(361, Some(Source::Held)), (360, Some(Source::Held)), (359, None)] {
        let mut driven = Driven::with_token();
        let waiter = driven.acquire(keeps(), HOUR - left);
        assert_eq!(driven.source(waiter), source, "{left} s left");
    }
    let mut driven = Driven::with_token();
    let waiter = driven.acquire(keeps(), HOUR - 359);
    driven.land(Ok(hour_token(HOUR - 359)), HOUR - 358);
    assert_eq!(driven.source(waiter), Some(Source::Flight));
}

#[test]
fn half_the_lifetime_of_a_short_lived_token_is_enough() {
    let short = token("t", at(0), Millis::from_secs(300));
    assert!(KEEPS.is_met_by(&short, at(150)));
    assert!(!KEEPS.is_met_by(&short, at(151)));
    let longer = MinTtl { asked: Millis::from_secs(200), ..KEEPS };
    assert!(longer.is_met_by(&short, at(100)));
    assert!(!longer.is_met_by(&short, at(101)));
}

#[test]
fn a_flight_is_for_what_all_of_its_waiters_need() {
    let asked = MinTtl::asked(Millis::from_secs(5));
    let both = MinTtl { keeps: true, ..asked };
    assert_eq!([asked.and(KEEPS), KEEPS.and(asked)], [both; 2]);
    assert_eq!(both.at_most(Millis(1)), MinTtl { asked: Millis(1), keeps: true });
}

#[test]
fn versions_of_the_broker_understand_each_other() {
    let usual = Want { min_ttl: MinTtl::asked(Millis(7)), known_generation: 3, ..Want::default() };
    let bytes = cbor::to_vec(&usual);
    // As the version before this field has written it: four fields, and a list of them.
    assert_eq!(bytes, [0x84, 7, 0xf4, 3, 0xf4]);
    assert_eq!(cbor::of_slice::<Want>(&bytes), Some(usual));
    let bytes = cbor::to_vec(&keeps());
    assert_eq!(bytes, [0x86, 0, 0xf4, 0, 0xf4, 0xf6, 0xf5]);
    assert_eq!(cbor::of_slice::<Want>(&bytes), Some(keeps()));
    let other = [0x86, 0, 0xf4, 0, 0xf4, 0xf6, 0xf4];
    assert_eq!(cbor::of_slice::<Want>(&other), Some(Want::default()));
    assert_eq!(keeps().bounded(at(0)), keeps());
}
