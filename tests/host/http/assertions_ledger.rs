//! A ledger that is slow or fails: its client gets tokens, and each assertion is good once all the same.

use edge_token_broker::base::limits::ASSERTION_LEASE;
use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::Millis;

use crate::support::assertions::{Desk, assertion, token_request};

/// No reservation lasts longer. The assertion has not expired.
fn after_the_lease(desk: &Desk) {
    desk.clock().advance(ASSERTION_LEASE);
}

#[test]
fn a_ledger_that_answers_late_does_not_keep_an_assertion_of_a_request_that_failed() {
    let desk = Desk::new();
    let jwt = assertion("j");
    desk.ledgers.loses_answers.set(true);
    desk.world.broker.servers.endpoint.answer_with(429, Some("1"), "{}");
    assert_eq!(desk.send(&token_request(&jwt, "scope=s")).status, 503);
    desk.ledgers.loses_answers.set(false);
    desk.clock().advance(Millis::from_secs(2));
    desk.still_good(&jwt);
}

#[test]
fn a_use_is_recorded_also_where_the_reservation_was_not_answered() {
    for loses in [true, false] {
        let desk = Desk::new();
        let jwt = assertion("j");
        desk.ledgers.loses_answers.set(loses);
        if !loses {
            desk.ledgers.fail_after(0);
        }
        desk.world.issue("one", 3600);
        assert_eq!(desk.send(&token_request(&jwt, "scope=s")).token(), "one");
        desk.ledgers.loses_answers.set(false);
        after_the_lease(&desk);
        desk.another().replayed(&token_request(&jwt, "scope=s"));
    }
}

#[test]
fn a_use_that_the_ledger_fails_to_record_is_told_once_more() {
    let desk = Desk::new();
    let jwt = assertion("j");
    desk.world.issue("one", 3600);
    assert_eq!(desk.send(&token_request(&assertion("first"), "scope=s")).token(), "one");
    // Of two calls the second one fails: the token is in memory, so the request has no other.
    desk.ledgers.fail_after(1);
    assert_eq!(desk.send(&token_request(&jwt, "scope=s")).token(), "one");
    after_the_lease(&desk);
    desk.another().replayed(&token_request(&jwt, "scope=s"));
}

#[test]
fn a_ledger_that_hangs_is_waited_for_once_and_not_by_each_request() {
    let desk = Desk::new();
    desk.world.issue("one", 3600);
    desk.ledgers.hangs.set(true);
    assert_eq!(desk.send(&token_request(&assertion("a"), "scope=s")).token(), "one");
    let before = desk.clock().now();
    assert_eq!(desk.send(&token_request(&assertion("b"), "scope=s")).token(), "one");
    let waited = before.until(desk.clock().now());
    assert!(waited <= Millis::from_secs(1), "{waited:?}");
    desk.replayed(&token_request(&assertion("b"), "scope=s"));
}
