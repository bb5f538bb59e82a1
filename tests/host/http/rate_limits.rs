//! Which limit a 429 tells of (draft-ietf-httpapi-ratelimit-headers-10 §4), and that no other answer has
//! the field.

use edge_token_broker::error::{BrokerError, Limit};
use edge_token_broker::http::error::{Dialect, WireError};

use super::every_error::all;
use crate::support::platform::SimulatedLimiter;
use crate::support::sent::Sent;
use crate::support::world::{World, isolate, vars};

/// A world whose client may send `requests`, and whose addresses may fail `failures` times.
fn limited(requests: usize, failures: usize) -> World {
    let mut isolate = isolate(&vars());
    isolate.client_limit = SimulatedLimiter::of(requests);
    isolate.failure_limit = SimulatedLimiter::of(failures);
    World::of(isolate)
}

fn wrong() -> Sent {
    Sent::default().by("Bearer wrong").at_address("192.0.2.1")
}

#[test]
fn a_429_says_which_limit_has_nothing_left() {
    for target in ["/token", "/oauth2/v2.0/token", "/revoke"] {
        let form = "grant_type=client_credentials&client_id=c&token=t&client_secret=";
        let sent = |secret: &str| match target {
            "/token" => Sent::get(target).by(&format!("Bearer {secret}")),
            _ => Sent::post(target, &[form, secret].concat()).by_nobody(),
        };
        let world = limited(0, 0);
        for (secret, expected) in
            [("key", r#""client";r=0"#), ("wrong", r#""failed-authentication";r=0"#)]
        {
            let slowed = sent(secret).at_address("192.0.2.1").to(&world.isolate);
            assert_eq!((slowed.status, slowed.error()), (429, "slow_down"), "{target}");
            assert_eq!(slowed.header("RateLimit"), Some(expected));
            // Neither is known.
            assert_eq!(slowed.header("RateLimit-Policy"), None);
            assert_eq!(slowed.header("Retry-After"), Some("10"));
        }
    }
}

#[test]
fn a_managed_identity_is_told_too() {
    let slowed = Sent::managed_identity("resource=s").to(&limited(0, 0).isolate);
    assert_eq!((slowed.status, slowed.header("RateLimit")), (429, Some(r#""client";r=0"#)));
}

#[test]
fn no_other_answer_has_the_field() {
    let world = limited(3, 1);
    world.issue("one", 3600);
    let refused = wrong().to(&world.isolate);
    let served = Sent::default().to(&world.isolate);
    let not_granted = Sent::get("/token?scope=no").to(&world.isolate);
    world.broker.clock.advance(edge_token_broker::base::time::Millis::from_secs(3600));
    world.broker.servers.endpoint.answer_with(429, Some("5"), "{}");
    let busy = Sent::default().to(&world.isolate);
    for (answer, status) in [(refused, 401), (served, 200), (not_granted, 403), (busy, 503)] {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("RateLimit"), None);
    }
}

/// Of a full memory of assertions neither: it is no quota that comes back after some time.
#[test]
fn no_other_error_has_the_field() {
    for error in all() {
        let is_rate = matches!(error, BrokerError::SlowDown(limit) if limit != Limit::Assertions);
        for dialect in [Dialect::TokenEndpoint, Dialect::Bearer, Dialect::ManagedIdentity] {
            assert_eq!(WireError::new(&error, dialect).rate_limit.is_some(), is_rate, "{error:?}");
        }
    }
}
