//! A token that an API has answered with 401.

use edge_token_broker::base::limits::FAILURE_REUSE;
use edge_token_broker::base::time::Millis;
use edge_token_broker::tokens::coordinator::{Handout, Source};
use edge_token_broker::tokens::ports::Coordinated;
use serde_json::Value;

use crate::support::apis::{call, end, usual};
use crate::support::clock::run;
use crate::support::world::World;

/// `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
const CHALLENGE: &str = r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYwNDEwNjY1MSJ9fX0=""#;

fn renewal(world: &World) -> Value {
    world.logged().get("renewal").cloned().unwrap_or_default()
}

#[test]
fn it_is_replaced_and_the_request_is_repeated() {
    let world = usual();
    let mut onward = call("/users").onward(&world.isolate);
    world.issue("two", 3600);
    assert_eq!(run(onward.rejected(None, true)).as_deref(), Some("Bearer two"));
    onward.answered(200, "", None);
    end(onward);
    assert_eq!(renewal(&world), "revoked");
    assert_eq!(world.logged().get("repeated").unwrap(), true);
    assert_eq!(call("/users").onward(&world.isolate).authorization(), "Bearer two");
    assert_eq!(world.upstream_requests(), 2);
}

#[test]
fn the_claims_of_the_challenge_go_upstream() {
    let world = usual();
    let mut onward = call("/users").onward(&world.isolate);
    world.issue("two", 3600);
    assert!(run(onward.rejected(Some(CHALLENGE), true)).is_some());
    let requests = world.broker.servers.endpoint.requests.borrow();
    let (_, last) = requests.last().unwrap();
    assert!(last.contains("nbf") && last.contains("1604106651"), "{last}");
    end(onward);
}

#[test]
fn claims_that_cannot_go_upstream_are_left_out() {
    let world = usual();
    let mut onward = call("/users").onward(&world.isolate);
    world.issue("two", 3600);
    assert!(run(onward.rejected(Some(r#"Bearer claims="eyJ4IjoxfQ==""#), true)).is_some());
    assert!(!world.broker.servers.endpoint.requests.borrow().last().unwrap().1.contains("claims"));
    end(onward);
}

#[test]
fn a_request_that_cannot_be_repeated_leaves_the_new_token_to_the_next_one() {
    let world = usual();
    let mut onward = call("/users").onward(&world.isolate);
    world.issue("two", 3600);
    assert_eq!(run(onward.rejected(None, false)), None);
    end(onward);
    assert_eq!((renewal(&world), world.logged().get("repeated")), ("revoked".into(), None));
    let next = call("/users").onward(&world.isolate);
    assert_eq!(next.authorization(), "Bearer two");
    end(next);
}

#[test]
fn a_request_is_never_sent_three_times() {
    let world = usual();
    let mut onward = call("/users").onward(&world.isolate);
    world.issue("two", 3600);
    assert!(run(onward.rejected(None, true)).is_some());
    world.broker.clock.advance(Millis::from_secs(600));
    world.issue("three", 3600);
    assert_eq!(run(onward.rejected(None, true)), None);
    end(onward);
}

/// An API that answers 401 to everything is no load on the one coordinator of the token.
#[test]
fn a_report_that_changes_nothing_is_not_made_again_for_a_moment() {
    let world = usual();
    let mut onward = call("/users").onward(&world.isolate);
    let coordinator = &world.broker.coordinator;
    let held = || Ok(unchanged(&world));
    coordinator.wants.borrow_mut().clear();
    coordinator.answers.borrow_mut().extend([held(), held(), held()]);
    for _ in 0..5 {
        assert_eq!(run(onward.rejected(None, true)), None);
    }
    assert_eq!(coordinator.wants.borrow().len(), 1);
    // A challenge is another report.
    assert_eq!(run(onward.rejected(Some(CHALLENGE), true)), None);
    assert_eq!(coordinator.wants.borrow().len(), 2);
    world.broker.clock.advance(FAILURE_REUSE);
    assert_eq!(run(onward.rejected(None, true)), None);
    assert_eq!(coordinator.wants.borrow().len(), 3);
    end(onward);
}

/// What a coordinator hands out that keeps the token.
fn unchanged(world: &World) -> Coordinated {
    let token = world.broker.memory.recall(&world.grant.token_key).unwrap();
    let handed = Ok(Handout { token, source: Source::Held });
    Coordinated { handed, trail: None, failing_for: Millis(0) }
}

/// The limits of `POST /revoke`: an API that answers 401 to everything causes one upstream request a minute.
#[test]
fn the_limits_hold_for_all_callers_together() {
    let world = usual();
    for n in 0..20 {
        let mut onward = call("/users").onward(&world.isolate);
        world.issue(&format!("next{n}"), 3600);
        assert_eq!(run(onward.rejected(None, true)).is_some(), n == 0);
        end(onward);
        world.broker.clock.advance(Millis::from_secs(1));
    }
    assert_eq!((world.upstream_requests(), renewal(&world)), (2, "not_yet".into()));
}

/// Another request has replaced the token meanwhile.
#[test]
fn a_token_that_was_replaced_meanwhile_takes_no_request() {
    let world = usual();
    let [mut first, mut second] = [(); 2].map(|()| call("/users").onward(&world.isolate));
    world.issue("two", 3600);
    for onward in [&mut first, &mut second] {
        assert_eq!(run(onward.rejected(None, true)).as_deref(), Some("Bearer two"));
    }
    assert_eq!(world.upstream_requests(), 2);
    end(second);
    assert_eq!(renewal(&world), "already_renewed");
    end(first);
}

/// One client's 401 does not take the token from the others.
#[test]
fn while_upstream_fails_the_token_stays() {
    let world = usual();
    let mut onward = call("/users").onward(&world.isolate);
    for _ in 0..2 {
        world.broker.servers.endpoint.answer(500, "{}");
    }
    assert_eq!(run(onward.rejected(None, true)), None);
    end(onward);
    assert_eq!(call("/users").onward(&world.isolate).authorization(), "Bearer one");
}
