//! What the error responses of servers mean, and what callers and operators read of them.

use super::{ENDPOINT, ask, description, vars, with_secret, world};
use crate::support::keys::fixture;
use crate::support::sent::Response;
use crate::support::world::{World, isolate};

const REFUSED: &str = "the authorization server refused the broker's own credential";

/// What becomes of an answer, and in how many requests.
fn answer(status: u16, body: &str) -> (Response, usize, World) {
    let world = world(&with_secret("").replace("\"SECRET\"", r#"["SECRET","OTHER"]"#), None);
    let endpoint = &world.broker.servers.endpoint;
    for _ in 0..2 {
        endpoint.answer(status, body);
    }
    let reply = ask(&world);
    let requests = world.upstream_requests();
    (reply, requests, world)
}

#[test]
fn the_words_of_rfc_6749_say_who_must_act() {
    // Both secrets are tried, one request is retried, and a refusal of anything else ends it.
    let cases = [
        (401, "invalid_client", 502, "server_error", 2),
        (400, "invalid_client", 502, "server_error", 2),
        (400, "invalid_grant", 502, "server_error", 1),
        (400, "unauthorized_client", 502, "server_error", 1),
        (401, "unauthorized_client", 502, "server_error", 2),
        (401, "access_denied", 502, "server_error", 2),
        (400, "unsupported_grant_type", 502, "server_error", 1),
        (400, "invalid_request", 502, "server_error", 1),
        (403, "access_denied", 502, "server_error", 1),
        (400, "some_word", 502, "server_error", 1),
        (200, "some_word", 502, "server_error", 1),
        (403, "some_word", 502, "server_error", 2),
        (400, "invalid_scope", 403, "insufficient_scope", 1),
        (400, "invalid_target", 403, "insufficient_scope", 1),
        (400, "invalid_resource", 403, "insufficient_scope", 1),
        (400, "temporarily_unavailable", 503, "temporarily_unavailable", 2),
        (400, "server_error", 503, "temporarily_unavailable", 2),
        (500, "invalid_client", 503, "temporarily_unavailable", 2),
        (503, "server_error", 503, "temporarily_unavailable", 2),
        (400, "slow_down", 503, "temporarily_unavailable", 1),
    ];
    for (status, word, expected, error, requests) in cases {
        let (reply, sent, _) = answer(status, &format!(r#"{{"error":"{word}"}}"#));
        assert_eq!((reply.status, reply.error()), (expected, error), "{status} {word}");
        assert_eq!(sent, requests, "{status} {word}");
    }
}

#[test]
fn without_a_word_the_status_decides() {
    for (status, body, expected, requests) in [
        (401, "", 502, 2),
        (403, "", 502, 2),
        (401, r#"{"message":"no"}"#, 502, 2),
        (403, r#"{"status":403,"message":"invalid client secret"}"#, 502, 2),
        (400, r#"{"status":400,"message":"invalid client"}"#, 502, 1),
        (404, r#"{"message":"Not Found"}"#, 502, 1),
        // What stands in between answers so.
        (404, "<html>", 502, 2),
        (408, "", 503, 2),
        (429, "slow", 503, 1),
        (502, "<html>", 503, 2),
    ] {
        let (reply, sent, _) = answer(status, body);
        assert_eq!((reply.status, sent), (expected, requests), "{status} {body}");
    }
}

#[test]
fn a_refusal_has_the_words_of_the_server_and_what_to_do() {
    for (status, body, expected) in [
        (
            401,
            r#"{"error":"invalid_client","error_description":"Client authentication failed."}"#,
            " (invalid_client); the client key is fine. An operator must act: the authorization server \
             says: Client authentication failed; check client_id, the proof and its auth_method or \
             assertion_audience",
        ),
        (
            400,
            r#"{"error":"unauthorized_client"}"#,
            " (unauthorized_client); the client key is fine. An operator must act: the authorization \
             server says: unauthorized_client; check client_id and the proof, and permit the application this grant there",
        ),
        (
            403,
            r#"{"status":403,"message":"invalid client secret"}"#,
            "; the client key is fine. An operator must act: the authorization server says: invalid \
             client secret; check client_id, the proof and its auth_method or assertion_audience",
        ),
        (
            401,
            "",
            "; the client key is fine. An operator must act: check client_id, the proof and its \
             auth_method or assertion_audience",
        ),
    ] {
        let (reply, ..) = answer(status, body);
        assert_eq!(description(&reply), [REFUSED, expected].concat());
    }
}

#[test]
fn a_refused_scope_has_the_words_of_the_server() {
    let (reply, ..) = answer(
        400,
        r#"{"error":"invalid_scope","error_description":"One or more scopes are not configured"}"#,
    );
    assert_eq!(description(&reply), "One or more scopes are not configured");
    let (reply, ..) = answer(400, r#"{"error":"invalid_scope"}"#);
    assert_eq!(description(&reply), "the authorization server refused the scope (invalid_scope)");
}

#[test]
fn numbers_of_entra_mean_nothing_at_other_servers() {
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: expired","error_codes":[7000222]}"#;
    let (reply, sent, world) = answer(400, body);
    assert_eq!(sent, 2);
    assert!(!description(&reply).contains("microsoftonline"), "{}", description(&reply));
    assert!(description(&reply).contains("says: AADSTS7000222: expired;"));
    assert!(reply.body.get("error_codes").is_none());
    assert!(world.logged().get("aadsts").is_none());
}

#[test]
fn a_rate_limit_with_a_time_is_a_throttle() {
    let secs = crate::support::world::START / 1000 + 90;
    for (status, reset) in [(429, secs.to_string()), (403, "90".to_owned())] {
        let world = world(&with_secret(""), None);
        world.broker.servers.endpoint.answer_limited(
            status,
            &reset,
            r#"{"message":"API rate limit"}"#,
        );
        let reply = ask(&world);
        assert_eq!((reply.status, reply.header("Retry-After")), (503, Some("90")));
        assert_eq!(world.upstream_requests(), 1);
    }
}

#[test]
fn a_refused_assertion_is_a_refused_proof() {
    let entry = format!(
        r#"{{"token_endpoint":"{ENDPOINT}","client_id":"app","grant":"jwt_bearer","private_key":"KEY","assertion":{{"sub":"u"}}}}"#
    );
    let world = World::of(isolate(&vars(&entry, None).with("KEY", &fixture("p256.pem"))));
    let body =
        r#"{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}"#;
    world.broker.servers.endpoint.answer(400, body);
    let reply = ask(&world);
    assert_eq!(reply.status, 502);
    assert_eq!(
        description(&reply),
        "the authorization server refused the broker's own credential (invalid_grant); the client key is \
         fine. An operator must act: the authorization server says: user hasn't approved this consumer; \
         check the claims in assertion, assertion_audience, the key, and that the clock is right"
    );
}

#[test]
fn only_the_status_200_has_a_token() {
    let world = world(&with_secret(""), None);
    for _ in 0..2 {
        world.broker.servers.endpoint.answer(201, &crate::support::endpoint::issued("one", 3600));
    }
    assert_eq!(ask(&world).status, 502);
}
