//! Client assertions of requests that were lost: by a panic, or with the memory of a ledger.

use edge_token_broker::base::digest;
use edge_token_broker::base::keyspace;
use edge_token_broker::base::limits::{ASSERTION_AT_ONCE, ASSERTION_LEASE};
use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::Millis;

use crate::support::assertions::{Desk, assertion, token_request};
use crate::support::clock::{poll, run};
use crate::support::sent::{Response, Sent, settled};

/// A request whose future is lost after it has reached upstream, and the panic that lost it.
fn lost(desk: &Desk, sent: &Sent) {
    let before = desk.world.upstream_requests();
    let mut lost = Box::pin(settled(sent.begin(&desk.world.isolate)));
    while desk.world.upstream_requests() == before {
        assert!(poll(lost.as_mut()).is_pending());
    }
}

fn with_nonce(mut sent: Sent, nonce: &'static str) -> Sent {
    sent.platform.nonce = Some(nonce);
    sent
}

#[test]
fn a_request_that_begins_anew_after_a_panic_is_not_blocked_by_itself() {
    let desk = Desk::new();
    let jwt = assertion("j");
    desk.world.issue("lost", 3600);
    let sent = with_nonce(token_request(&jwt, "scope=s"), "same");
    lost(&desk, &sent);
    // The memory of the isolate is gone; the ledger still has the reservation.
    let anew = desk.another();
    anew.replayed(&token_request(&jwt, "scope=s"));
    anew.world.issue("one", 3600);
    assert_eq!(anew.send(&sent).token(), "one");
    anew.spent(&jwt);
}

#[test]
fn a_panic_after_the_use_was_recorded_does_not_spend_it_for_the_same_request() {
    let desk = Desk::new();
    let sent = with_nonce(token_request(&assertion("j"), "scope=s"), "same");
    desk.world.issue("one", 3600);
    assert_eq!(desk.send(&sent).token(), "one");
    let anew = desk.another();
    anew.world.issue("two", 3600);
    assert_eq!(anew.send(&sent).token(), "two", "the first answer was never sent");
    anew.spent(&assertion("j"));
}

#[test]
fn a_request_that_vanished_leaves_a_503_and_then_a_token() {
    let desk = Desk::new();
    let jwt = assertion("j");
    desk.world.issue("lost", 3600);
    lost(&desk, &token_request(&jwt, "scope=s"));
    desk.clock().advance(ASSERTION_AT_ONCE);
    let anew = desk.another();
    let busy = anew.send(&token_request(&jwt, "scope=s"));
    assert_eq!((busy.status, busy.error()), (503, "temporarily_unavailable"));
    assert_eq!(busy.header("Retry-After"), Some("5"));
    assert_eq!(anew.outcome(), "assertion_under_way");
    desk.clock().advance(ASSERTION_LEASE);
    anew.still_good(&jwt);
}

#[test]
fn a_ledger_that_lost_its_memory_still_lets_one_request_win() {
    let (here, there) = (Desk::new(), assertion("j"));
    let (jwt, other) = (there, here.another());
    here.world.issue("one", 3600);
    let sent = token_request(&jwt, "scope=s");
    let mut first = Box::pin(settled(sent.begin(&here.world.isolate)));
    while here.world.upstream_requests() == 0 {
        assert!(poll(first.as_mut()).is_pending());
    }
    here.ledgers.evict();
    other.world.issue("two", 3600);
    assert_eq!(other.send(&sent).token(), "two");
    let late = Response::of(&run(first));
    assert_eq!((late.status, late.error()), (401, "invalid_client"));
    here.spent(&jwt);
}

#[test]
fn a_use_that_the_version_before_stored_is_refused() {
    let desk = Desk::new();
    let jwt = assertion("j");
    let name = keyspace::hex_name("used:", &digest::of_fields(&[b"j"]));
    let until = desk.clock().now().plus(Millis::from_secs(660));
    desk.ledgers.storage("assertions:own").values.borrow_mut().insert(name, until);
    desk.spent(&jwt);
}

#[test]
fn an_assertion_costs_the_ledger_two_calls_and_a_replay_one_in_each_isolate() {
    let desk = Desk::new();
    let jwt = assertion("j");
    let calls = || desk.ledgers.calls.replace(0);
    desk.world.issue("one", 3600);
    assert_eq!(desk.send(&token_request(&jwt, "scope=s")).token(), "one");
    assert_eq!(calls(), 2);
    let other = desk.another();
    for _ in 0..3 {
        desk.replayed(&token_request(&jwt, "scope=s"));
        other.replayed(&token_request(&jwt, "scope=s"));
    }
    assert_eq!(calls(), 1);
}
