//! Asking the authorization server: which secret, whether again, and what each answer means.

use crate::support::endpoint::SimulatedEndpoint;
use crate::support::world::{World, text};
use edge_token_broker::base::time::Millis;
use edge_token_broker::error::BrokerError;
use edge_token_broker::oauth::error_response::ErrorResponse;
use edge_token_broker::oauth::token_response::AnswerFault;
use edge_token_broker::tokens::min_ttl::MinTtl;
use edge_token_broker::upstream::error::{Outage, UpstreamError};
use edge_token_broker::upstream::exchange::{BodyFault, TransportFailure};

#[test]
fn a_refused_secret_makes_way_for_the_next() {
    for (status, error, code) in [
        (401, "invalid_client", 7_000_215),
        (401, "invalid_client", 7_000_222),
        (401, "invalid_client", 1),
    ] {
        let world = World::with_secrets("first", "second");
        world.refuse(status, error, code);
        world.issue("one", 3600);
        let (served, line) = world.obtain();
        assert_eq!(text(&served.unwrap()), "one");
        let requests = world.broker.servers.endpoint.requests.borrow();
        assert!(requests[0].1.contains("client_secret=first"));
        assert!(requests[1].1.contains("client_secret=second"));
        assert_eq!(line.upstream.aadsts, Some(code), "the operator sees that a secret was refused");
    }
}

#[test]
fn when_every_secret_is_refused_the_first_refusal_is_reported() {
    let world = World::with_secrets("first", "second");
    world.refuse(401, "invalid_client", 7_000_215);
    world.refuse(401, "invalid_client", 7_000_222);
    let error = world.obtain().0.unwrap_err();
    assert_eq!(response(&error).aadsts(), Some(7_000_215));
    assert_eq!(error.name(), "credential_refused");
    assert_eq!(world.upstream_requests(), 2);
}

#[test]
fn other_refusals_do_not_try_the_next_secret() {
    for (error, code, name) in [
        ("unauthorized_client", 700_016, "credential_refused"),
        ("invalid_request", 90002, "credential_refused"),
        ("invalid_scope", 1_002_012, "scope_refused"),
        ("invalid_resource", 500_011, "scope_refused"),
        ("invalid_request", 700_022, "scope_refused"),
        ("something_new", 4711, "credential_refused"),
    ] {
        let world = World::with_secrets("first", "second");
        world.refuse(400, error, code);
        assert_eq!(world.obtain().0.unwrap_err().name(), name, "{error} {code}");
        assert_eq!(world.upstream_requests(), 1, "{error} {code}");
    }
}

/// The error after these answers, and how many requests were sent.
fn outage(prepare: impl FnOnce(&SimulatedEndpoint)) -> (BrokerError, usize) {
    let world = World::new();
    prepare(&world.broker.servers.endpoint);
    let error = world.obtain().0.unwrap_err();
    assert!(
        world.broker.servers.endpoint.answers.borrow().is_empty(),
        "every prepared answer was fetched"
    );
    (error, world.upstream_requests())
}

fn response(error: &BrokerError) -> &ErrorResponse {
    match error {
        BrokerError::Upstream(error) => error.response().unwrap(),
        other => panic!("{other:?} is not upstream's"),
    }
}

fn unavailable(cause: Outage, retry_after_secs: u64) -> BrokerError {
    UpstreamError::Unavailable { cause, retry_after_secs, response: None }.into()
}

#[test]
fn a_passing_fault_is_retried_once_after_half_a_second_to_one_and_a_half() {
    let faults: [&dyn Fn(&SimulatedEndpoint); 4] = [
        &|endpoint| endpoint.fail(TransportFailure::NoConnection),
        &|endpoint| endpoint.answer(408, ""),
        &|endpoint| endpoint.answer(503, "<html>"),
        &|endpoint| {
            endpoint.answer(400, r#"{"error":"temporarily_unavailable","error_codes":[90033]}"#);
        },
    ];
    for fault in faults {
        let world = World::new();
        fault(&world.broker.servers.endpoint);
        world.issue("one", 3600);
        assert_eq!(text(&world.obtain().0.unwrap()), "one");
        let requests = world.broker.servers.endpoint.requests.borrow();
        let pause = requests[1].0.0 - requests[0].0.0 - 50;
        assert!((500..=1500).contains(&pause), "{pause} ms");
        assert_eq!(requests[0].1, requests[1].1);
    }
}

#[test]
fn a_fault_that_does_not_pass_is_unavailable() {
    let twice = |endpoint: &SimulatedEndpoint| {
        endpoint.answer(500, "");
        endpoint.fail(TransportFailure::NoConnection);
    };
    assert_eq!(outage(twice), (unavailable(Outage::NoConnection, 1), 2));
}

#[test]
fn there_is_one_retry_in_all_however_many_secrets() {
    let world = World::with_secrets("first", "second");
    world.broker.servers.endpoint.answer(500, "");
    world.refuse(401, "invalid_client", 7_000_215);
    world.broker.servers.endpoint.answer(502, "");
    assert_eq!(world.obtain().0.unwrap_err(), unavailable(Outage::Failing, 1));
    assert_eq!(world.upstream_requests(), 3);
}

#[test]
fn an_upstream_that_says_when_is_not_asked_before() {
    let cases: [(u16, Option<&str>, Outage, u64); 8] = [
        (503, Some("17"), Outage::Failing, 17),
        (500, Some("0"), Outage::Failing, 1),
        (429, Some("30"), Outage::Throttled, 30),
        (429, None, Outage::Throttled, 60),
        (429, Some("soon"), Outage::Throttled, 60),
        (429, Some("99999"), Outage::Throttled, 3600),
        (429, Some("99999999999999999999999"), Outage::Throttled, 3600),
        // START is Tue, 14 Nov 2023 22:13:20 GMT; the answer comes 50 ms later.
        (429, Some("Tue, 14 Nov 2023 22:13:50 GMT"), Outage::Throttled, 30),
    ];
    for (status, retry_after, cause, secs) in cases {
        let result =
            outage(|endpoint| endpoint.answer_with(status, retry_after, "Too Many Requests"));
        assert_eq!(result, (unavailable(cause, secs), 1), "{status} {retry_after:?}");
    }
}

#[test]
fn a_date_that_has_passed_is_one_second() {
    let past = |endpoint: &SimulatedEndpoint| {
        endpoint.answer_with(503, Some("Sun, 06 Nov 1994 08:49:37 GMT"), "");
    };
    assert_eq!(outage(past), (unavailable(Outage::Failing, 1), 1));
}

#[test]
fn upstreams_numbers_survive_an_outage() {
    for status in [400, 429, 503] {
        let body = r#"{"error":"temporarily_unavailable","error_codes":[90033],"trace_id":"tr"}"#;
        let (error, _) = outage(|endpoint| endpoint.answer_with(status, Some("9"), body));
        assert_eq!(error.name(), "upstream_unavailable");
        assert_eq!(response(&error).aadsts(), Some(90033), "{status}");
    }
}

#[test]
fn a_status_that_decides_needs_no_body() {
    let statuses = [
        (429, "upstream_unavailable"),
        (503, "upstream_unavailable"),
        (302, "not_a_token_response"),
    ];
    for (status, name) in statuses {
        let (error, _) =
            outage(|endpoint| endpoint.answer_without_body(status, Some("9"), BodyFault::Unread));
        assert_eq!(error.name(), name, "{status}");
    }
    let (error, _) =
        outage(|endpoint| endpoint.answer_without_body(200, Some("9"), BodyFault::TooLarge));
    assert_eq!(error, not_understood(AnswerFault::TooLarge, 9));
}

#[test]
fn throttling_hidden_in_an_error_response_is_throttling() {
    let (error, requests) = outage(|endpoint| {
        endpoint.answer(400, r#"{"error":"invalid_grant","error_codes":[50196]}"#);
    });
    let throttled = matches!(
        error,
        BrokerError::Upstream(UpstreamError::Unavailable {
            cause: Outage::Throttled,
            retry_after_secs: 60,
            ..
        })
    );
    assert!(throttled && requests == 1, "{error:?}");
}

#[test]
fn a_timeout_is_not_retried() {
    let timeout = |endpoint: &SimulatedEndpoint| endpoint.fail(TransportFailure::TimedOut);
    assert_eq!(outage(timeout), (unavailable(Outage::TimedOut, 1), 1));
}

fn not_understood(fault: AnswerFault, retry_after_secs: u64) -> BrokerError {
    let response = None;
    UpstreamError::NotATokenResponse { fault, retry_after_secs, in_a_row: 1, response }.into()
}

#[test]
fn the_fault_of_what_is_no_token_response_is_told() {
    for (status, body, fault) in [
        (200, "<html>", AnswerFault::NotATokenResponse),
        (200, "{}", AnswerFault::AccessToken),
        (302, "", AnswerFault::Redirect),
        (307, "", AnswerFault::Redirect),
        (404, "", AnswerFault::UnexpectedStatus(404)),
        (400, "Bad Request", AnswerFault::UnexpectedStatus(400)),
        (204, "", AnswerFault::UnexpectedStatus(204)),
    ] {
        // `Retry-After` keeps the broker from a retry.
        let result = outage(|endpoint| endpoint.answer_with(status, Some("9"), body));
        assert_eq!(result, (not_understood(fault, 9), 1), "{status} {body}");
    }
}

#[test]
fn a_token_that_expired_on_the_way_is_not_served() {
    let world = World::new();
    world.broker.servers.endpoint.latency.set(Millis::from_secs(9));
    world.issue("late", 9);
    assert_eq!(world.obtain().0.unwrap_err(), unavailable(Outage::ExpiredOnArrival, 1));
    assert!(world.broker.recall(&world.grant, MinTtl::default()).is_none());
}

#[test]
fn the_log_knows_how_long_upstream_took_pauses_included() {
    let world = World::new();
    world.broker.servers.endpoint.answer(500, "");
    world.issue("one", 3600);
    let trail = world.obtain().1.upstream;
    assert_eq!((trail.requests, trail.status), (2, Some(200)));
    assert!((600..=1600).contains(&trail.ms.unwrap()));
}
