//! Requests with JWTs whose issuer gives no keys: what the caller gets, what the log has, and that they
//! count as failed authentication.

use crate::support::issuer::{JWKS, METADATA, SimulatedIssuer, k1};
use crate::support::jwt::{ISSUER, claims, signed_text};
use crate::support::platform::SimulatedLimiter;
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate, vars};

/// A world whose client trusts the issuer, and the issuer, which serves `k1`. An address may fail to
/// authenticate `failures` times.
fn world(failures: Option<usize>) -> (World, SimulatedIssuer) {
    let clients = format!(
        r#"{{"c":{{"jwt":[{{"issuer":"{ISSUER}","audience":"broker"}}],
            "allow":[{{"credential":"default","scope":"s"}}]}}}}"#
    );
    let mut isolate = isolate(&vars().with("CLIENTS", &clients));
    isolate.failure_limit = SimulatedLimiter { limit: failures, ..SimulatedLimiter::default() };
    let issuer = SimulatedIssuer::new(&isolate.broker.clock);
    issuer.serve(&k1());
    isolate.callers.jwts.issuers = issuer.clone();
    (World::of(isolate), issuer)
}

fn send(world: &World, kid: &str, seed: u8) -> Response {
    let jwt = signed_text(kid, seed, &claims(""));
    Sent::default().by(&format!("Bearer {jwt}")).at_address("192.0.2.1").to(&world.isolate)
}

fn text(response: &Response) -> String {
    response.body.get("error_description").unwrap().to_string()
}

#[test]
fn jwts_of_an_issuer_without_keys_count_as_failed_authentication() {
    let (world, issuer) = world(Some(2));
    issuer.bodies.borrow_mut().clear();
    let statuses = [1, 2, 3].map(|_| send(&world, "k1", 9).status);
    assert_eq!(statuses, [503, 503, 429]);
    issuer.serve(&k1());
    world.broker.clock.advance(edge_token_broker::base::limits::ISSUER_FAILURE_MEMORY);
    world.issue("one", 3600);
    assert_eq!(
        send(&world, "k1", 1).token(),
        "one",
        "a good proof is served from there all the same"
    );
    assert_eq!(world.isolate.failure_limit.counted.borrow().len(), 3);
}

#[test]
fn jwts_of_a_key_that_is_not_yet_known_count_as_failed_authentication() {
    let (world, _) = world(Some(3));
    // The first one brings the first keys, and the second one makes the issuer be asked for newer ones.
    let statuses = ["k1", "x", "y", "z"].map(|kid| send(&world, kid, 9).status);
    assert_eq!(statuses, [401, 401, 503, 429]);
}

#[test]
fn the_caller_gets_the_same_words_whatever_the_issuer_answers_and_the_log_the_cause() {
    let down = "the keys of the JWT's issuer cannot be fetched; retry later";
    for (url, body, cause) in [
        (METADATA, "<html>", "metadata: the answer is not JSON"),
        (JWKS, "[]", "keys: the answer is JSON without a list of keys"),
    ] {
        let (world, issuer) = world(None);
        issuer.bodies.borrow_mut().insert(url.to_owned(), body.to_owned());
        for asks in [true, false] {
            let response = send(&world, "k1", 1);
            assert_eq!((response.status, text(&response)), (503, format!("{down:?}")));
            assert_eq!(response.header("Retry-After"), Some("10"));
            let line = world.logged();
            assert_eq!(
                (&line["outcome"], &line["issuer"]),
                (&"issuer_unavailable".into(), &ISSUER.into())
            );
            assert_eq!(line["reason"], format!("JWT issuer unavailable: {cause}"));
            assert_eq!(line.get("issuer_fault").is_some(), asks);
        }
    }
    let (world, _) = world(None);
    let [_, _, pending] = ["k1", "x", "y"].map(|kid| send(&world, kid, 9));
    assert_eq!((pending.status, text(&pending)), (503, format!("{down:?}")));
    assert_eq!(pending.header("Retry-After"), Some("60"));
    let reason = world.logged()["reason"].to_string();
    assert!(reason.contains("no known key verifies the JWT"), "{reason}");
}
