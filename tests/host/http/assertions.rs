//! A client assertion is good once: for one token, or for one report of a rejected token. What fails
//! does not spend it.

use edge_token_broker::base::ports::{Clock, StoreError};
use edge_token_broker::base::time::Millis;
use edge_token_broker::callers::registry::Registry;

use crate::support::assertions::{Desk, assertion, revocation, token_request};
use crate::support::clock::{poll, run};
use crate::support::platform::SimulatedLimiter;
use crate::support::sent::{Response, settled};
use crate::support::store::SimulatedStore;

#[test]
fn a_passing_fault_of_upstream_does_not_spend_an_assertion() {
    let desk = Desk::new();
    let jwt = assertion("j");
    desk.world.broker.servers.endpoint.answer_with(429, Some("5"), "{}");
    for _ in 0..2 {
        let busy = desk.send(&token_request(&jwt, "scope=s"));
        assert_eq!(busy.status, 503, "{}", busy.body);
        assert!(busy.header("Retry-After").is_some());
    }
    desk.clock().advance(Millis::from_secs(6));
    desk.still_good(&jwt);
}

#[test]
fn a_refusal_of_upstream_does_not_spend_an_assertion() {
    for (status, error, code) in
        [(401, "invalid_client", 7_000_215), (400, "invalid_scope", 70_011)]
    {
        let desk = Desk::new();
        let jwt = assertion("j");
        desk.world.refuse(status, error, code);
        assert!(desk.send(&token_request(&jwt, "scope=s")).status >= 400);
        desk.clock().advance(Millis::from_secs(100));
        desk.still_good(&jwt);
    }
}

#[test]
fn a_fault_of_the_request_does_not_spend_an_assertion() {
    let desk = Desk::new();
    let jwt = assertion("j");
    for fault in ["scope=other", "scope=%22", "min_ttl=x", "scope=s&scope=s"] {
        assert_eq!(desk.send(&token_request(&jwt, fault)).status, 400, "{fault}");
    }
    assert_eq!(desk.send(&revocation(&jwt, "")).status, 400);
    desk.still_good(&jwt);
}

#[test]
fn a_rate_limit_does_not_spend_an_assertion() {
    let desk = Desk::with(|isolate| isolate.client_limit = SimulatedLimiter::of(1));
    let counted = &desk.world.isolate.client_limit.counted;
    counted.borrow_mut().push("own".to_owned());
    let jwt = assertion("j");
    for sent in [token_request(&jwt, "scope=s"), revocation(&jwt, "token=t")] {
        assert_eq!(desk.send(&sent).status, 429);
    }
    counted.borrow_mut().clear();
    desk.still_good(&jwt);
}

#[test]
fn an_issuer_or_a_registry_that_is_down_does_not_spend_an_assertion() {
    let down = SimulatedStore::default();
    down.failure.set(Some(StoreError::TimedOut));
    let registry = down.clone();
    let desk = Desk::with(|isolate| isolate.callers.registry = Registry::new(registry));
    let jwt = assertion("j");
    let issuers = &desk.world.isolate.callers.jwts.issuers;
    let served = issuers.bodies.take();
    assert_eq!(desk.send(&token_request(&jwt, "scope=s")).status, 503);
    issuers.bodies.replace(served);
    down.failure.set(None);
    desk.clock().advance(Millis::from_secs(60));
    desk.still_good(&jwt);
}

#[test]
fn a_report_of_a_rejected_token_counts_as_a_use_and_one_that_failed_does_not() {
    let desk = Desk::new();
    let (first, second) = (assertion("a"), assertion("b"));
    desk.world.issue("one", 3600);
    assert_eq!(desk.send(&token_request(&first, "scope=s")).token(), "one");
    desk.world.broker.servers.endpoint.answer_with(429, Some("5"), "{}");
    assert_eq!(desk.send(&revocation(&second, "token=one")).status, 503);
    desk.clock().advance(Millis::from_secs(6));
    desk.world.issue("two", 3600);
    assert_eq!(desk.send(&revocation(&second, "token=one")).status, 200);
    assert_eq!(desk.outcome(), "revoked");
    desk.spent(&second);
}

#[test]
fn a_report_that_has_no_effect_counts_as_a_use_too() {
    let desk = Desk::new();
    let jwt = assertion("j");
    assert_eq!(desk.send(&revocation(&jwt, "token=unknown")).status, 200);
    desk.spent(&jwt);
}

#[test]
fn a_token_from_memory_spends_as_one_from_upstream_does() {
    let desk = Desk::new();
    desk.still_good(&assertion("a"));
    let jwt = assertion("b");
    assert_eq!(desk.send(&token_request(&jwt, "scope=s")).token(), "one");
    desk.spent(&jwt);
}

#[test]
fn of_two_at_once_the_first_is_good_here_and_everywhere() {
    let desk = Desk::new();
    let jwt = assertion("j");
    desk.world.issue("one", 3600);
    let sent = token_request(&jwt, "scope=s");
    let mut first = Box::pin(settled(sent.begin(&desk.world.isolate)));
    while desk.world.upstream_requests() == 0 {
        assert!(poll(first.as_mut()).is_pending());
    }
    for other in [&desk, &desk.another()] {
        other.replayed(&sent);
        other.replayed(&token_request(&jwt, "scope=other"));
        other.replayed(&revocation(&jwt, "token=t"));
    }
    assert_eq!(Response::of(&run(first)).token(), "one");
    desk.spent(&jwt);
}

#[test]
fn one_of_many_at_once_that_fails_leaves_the_assertion_good() {
    let desk = Desk::new();
    let jwt = assertion("j");
    desk.world.broker.servers.endpoint.answer_with(429, Some("5"), "{}");
    let sent = token_request(&jwt, "scope=s");
    let mut first = Box::pin(settled(sent.begin(&desk.world.isolate)));
    while desk.world.upstream_requests() == 0 {
        assert!(poll(first.as_mut()).is_pending());
    }
    desk.replayed(&sent);
    assert_eq!(Response::of(&run(first)).status, 503);
    desk.clock().advance(Millis::from_secs(6));
    desk.still_good(&jwt);
}

#[test]
fn a_ledger_that_fails_is_no_reason_for_having_no_token() {
    let desk = Desk::new();
    desk.ledgers.hangs.set(true);
    let before = desk.clock().now();
    let jwt = assertion("j");
    desk.world.issue("one", 3600);
    assert_eq!(desk.send(&token_request(&jwt, "scope=s")).token(), "one");
    assert_eq!(desk.world.logged()["coordinator"], "timeout");
    let waited = before.until(desk.clock().now());
    assert!(waited < Millis::from_secs(6), "it waits for it once: {waited:?}");
    desk.replayed(&token_request(&jwt, "scope=s"));
}
