//! Answers that the broker does not understand. They are a passing fault, as of a load balancer in
//! between, until they have come several times in a row.

use crate::support::sent::{Response, Sent};
use crate::support::world::World;
use edge_token_broker::base::time::Millis;
use edge_token_broker::upstream::exchange::BodyFault;
use serde_json::Value;

const TRUNCATED: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_tok"#;

/// Status and body.
const ODD: [(u16, &str); 12] = [
    (200, "<html>"),
    (200, TRUNCATED),
    (200, ""),
    (200, "[]"),
    (200, "{}"),
    (200, r#"{"access_token":"t","token_type":"pop","expires_in":9}"#),
    (204, ""),
    (400, "Bad Request"),
    (401, ""),
    (403, "<p>no</p>"),
    (404, ""),
    (404, r#"{"message":"no Route matched"}"#),
];

const REDIRECTS: [u16; 3] = [301, 302, 307];

/// Seconds in `Retry-After`.
fn retry_after(response: &Response) -> u64 {
    response.header("Retry-After").expect("Retry-After").parse().unwrap()
}

fn description(response: &Response) -> &str {
    response.body.get("error_description").and_then(Value::as_str).unwrap()
}

#[test]
fn an_answer_that_is_not_understood_is_retried_once() {
    for (status, body) in ODD {
        let world = World::new();
        world.broker.servers.endpoint.answer(status, body);
        world.issue("one", 3600);
        assert_eq!(world.request().token(), "one", "{status} {body}");
        let requests = world.broker.servers.endpoint.requests.borrow();
        let pause = requests[1].0.0 - requests[0].0.0 - 50;
        assert!((500..=1500).contains(&pause), "{status} {body}: {pause} ms");
    }
}

#[test]
fn a_body_over_the_limit_is_retried_once() {
    let world = World::new();
    world.broker.servers.endpoint.answer_without_body(200, None, BodyFault::TooLarge);
    world.issue("one", 3600);
    assert_eq!((world.request().token(), world.upstream_requests()), ("one", 2));
}

/// What a connection that breaks can leave of an answer that would have been understood, or not.
const CUT_OFF: [u16; 5] = [200, 204, 400, 401, 404];

#[test]
fn an_answer_that_was_cut_off_is_retried_once_with_the_same_secret() {
    for status in CUT_OFF {
        let world = World::with_secrets("first", "second");
        world.broker.servers.endpoint.answer_without_body(status, None, BodyFault::CutOff);
        world.issue("one", 3600);
        assert_eq!(world.request().token(), "one", "{status}");
        let requests = world.broker.servers.endpoint.requests.borrow();
        assert_eq!((requests.len(), &requests[0].1), (2, &requests[1].1), "{status}");
    }
}

#[test]
fn an_answer_that_was_cut_off_keeps_its_status_and_its_retry_after() {
    for status in CUT_OFF {
        let world = World::new();
        world.broker.servers.endpoint.answer_without_body(status, Some("7"), BodyFault::CutOff);
        let response = world.request();
        assert_eq!((response.status, response.error()), (502, "server_error"));
        assert_eq!((retry_after(&response), world.upstream_requests()), (7, 1), "{status}");
        assert!(description(&response).contains("cut off"), "{}", description(&response));
        let line = world.logged();
        assert_eq!(
            (&line["outcome"], &line["upstream_status"]),
            (&"not_a_token_response".into(), &status.into())
        );
        assert!(line["reason"].as_str().unwrap().contains("cut off"), "{line}");
    }
}

#[test]
fn a_status_that_says_enough_counts_although_its_body_was_cut_off() {
    for (status, expected) in [(503, 503), (429, 503), (408, 503), (302, 502)] {
        let world = World::new();
        world.broker.servers.endpoint.answer_without_body(status, Some("7"), BodyFault::CutOff);
        let response = world.request();
        assert_eq!((response.status, retry_after(&response)), (expected, 7), "{status}");
        assert!(!description(&response).contains("cut off"), "{}", description(&response));
    }
}

#[test]
fn a_redirect_is_not_retried() {
    for status in REDIRECTS {
        let world = World::new();
        world.broker.servers.endpoint.answer(status, "");
        let response = world.request();
        assert_eq!((response.status, response.error()), (502, "server_error"));
        assert_eq!((retry_after(&response), world.upstream_requests()), (1, 1), "{status}");
    }
}

#[test]
fn there_is_no_retry_before_a_time_that_upstream_names() {
    let world = World::new();
    world.broker.servers.endpoint.answer_with(404, Some("7"), "");
    assert_eq!(retry_after(&world.request()), 7);
    world.broker.clock.advance(Millis::from_secs(6));
    assert_eq!((world.request().status, world.upstream_requests()), (502, 1));
}

#[test]
fn it_is_forgotten_after_a_second_and_not_after_a_minute() {
    for (status, body) in ODD {
        let world = World::new();
        for _ in 0..2 {
            world.broker.servers.endpoint.answer(status, body);
        }
        for _ in 0..2 {
            let response = world.request();
            assert_eq!((response.status, response.error()), (502, "server_error"), "{body}");
            assert_eq!(retry_after(&response), 1, "{status} {body}");
            assert!(description(&response).contains("retry"), "{}", description(&response));
        }
        assert_eq!(world.upstream_requests(), 2, "{status} {body}");
        world.broker.clock.advance(Millis::from_secs(1));
        world.issue("one", 3600);
        assert_eq!(world.request().token(), "one", "{status} {body}");
    }
}

/// What the caller gets in each of `rounds` rounds of `answers`, each when the last one is over.
fn rounds(world: &World, rounds: usize, answers: &[(u16, &str)]) -> Vec<Response> {
    let round = |_| {
        for (status, body) in answers {
            world.broker.servers.endpoint.answer(*status, body);
        }
        let response = world.request();
        world.broker.clock.advance(Millis::from_secs(retry_after(&response)));
        assert!(world.broker.servers.endpoint.answers.borrow().is_empty());
        response
    };
    (0..rounds).map(round).collect()
}

#[test]
fn it_is_remembered_longer_each_time_like_other_passing_faults() {
    for answers in [[(200, "<html>"); 2].as_slice(), &[(302, "")]] {
        let world = World::new();
        let told: Vec<_> = rounds(&world, 8, answers).iter().map(retry_after).collect();
        assert_eq!(told[0], 1);
        assert!(told.is_sorted() && (31..=60).contains(&told[7]), "{told:?}");
    }
}

#[test]
fn after_several_in_a_row_the_advice_is_about_host_and_tenant() {
    let world = World::new();
    let told = rounds(&world, 4, &[(404, ""), (200, "<html>")]);
    for (round, response) in told.iter().enumerate() {
        let advice = description(response).contains("check the server of the credential");
        assert_eq!(advice, round >= 2, "round {round}: {}", description(response));
    }
    // Another failure in between: they are in a row no more.
    rounds(&world, 1, &[(503, ""), (503, "")]);
    let [first, ..] = &rounds(&world, 1, &[(404, ""), (404, "")])[..] else { panic!() };
    assert!(
        !description(first).contains("check the server of the credential"),
        "{}",
        description(first)
    );
}

#[test]
fn a_refusal_is_no_answer_that_is_not_understood() {
    let world = World::new();
    world.refuse(401, "invalid_client", 7_000_215);
    let response = world.request();
    assert_eq!((response.status, response.header("Retry-After")), (502, None));
}

#[test]
fn a_rejected_token_may_be_reported_again_after_it() {
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    for _ in 0..2 {
        world.broker.servers.endpoint.answer(200, "<html>");
    }
    let report = Sent::post("/revoke", "token=one");
    let told = report.to(&world.isolate);
    assert_eq!((told.status, retry_after(&told)), (502, 1));
    world.broker.clock.advance(Millis::from_secs(1));
    world.issue("two", 3600);
    assert_eq!(report.to(&world.isolate).status, 200);
    assert_eq!(world.request().token(), "two");
}
