//! The answers of GitHub: a token and its end, or none.

use super::github::{PLAIN, world};
use crate::support::world::START;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::oauth::token_response::AnswerFault;
use edge_token_broker::upstream::github::token;
use serde_json::json;

/// The lifetime of a token with this `expires_at`, if it has one.
fn lifetime(expires_at: &str) -> Option<Millis> {
    let body = json!({"token": "t", "expires_at": expires_at}).to_string();
    match token::parse(body.as_bytes(), &[], UnixMillis(START)) {
        Ok(issued) => Some(issued.expires_in),
        Err(fault) => {
            assert_eq!(fault, AnswerFault::ExpiresAt);
            None
        }
    }
}

#[test]
fn expires_at_is_an_instant_in_the_future() {
    // START is 2023-11-14T22:13:20Z.
    for (expires_at, seconds) in [
        ("2023-11-14T23:13:20Z", 3600),
        ("2023-11-14t23:13:20z", 3600),
        ("2023-11-14T23:13:20.999Z", 3600),
        ("2023-11-14T23:13:20.123456789+00:00", 3600),
        ("2023-11-15T01:13:20+02:00", 3600),
        ("2023-11-14T15:43:20-07:30", 3600),
        ("2023-11-14T22:13:21Z", 1),
        ("2024-02-29T22:13:20Z", 107 * 86400),
    ] {
        assert_eq!(lifetime(expires_at), Some(Millis(seconds * 1000)), "{expires_at}");
    }
    for expires_at in [
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:13:19Z",
        "1969-12-31T23:59:59Z",
        "2016-07-11T22:14:10Z",
        "",
        "2023-11-14",
        "2023-11-14T23:13:20",
        "2023-11-14 23:13:20Z",
        "2023-11-14T23:13:20.Z",
        "2023-11-14T23:13:20.Zulu",
        "2023-13-14T23:13:20Z",
        "2023-11-14T24:13:20Z",
        "2023-11-14T23:13:20+0200",
        "2023-11-14T23:13:20+2:00",
        "2023-11-14T23:13:20+99:00",
        "2O23-11-14T23:13:20Z",
        "20231114T231320Z",
        "Tue, 14 Nov 2023 23:13:20 GMT",
        "1700003600",
        "\u{2003}023-11-14T23:13:20Z",
    ] {
        assert_eq!(lifetime(expires_at), None, "{expires_at}");
    }
}

#[test]
fn an_answer_without_a_usable_token_is_none() {
    for (body, fault) in [
        ("", AnswerFault::NotATokenResponse),
        ("[]", AnswerFault::NotATokenResponse),
        (r#"{"token":"a","token":"b"}"#, AnswerFault::NotATokenResponse),
        (r#"{"expires_at":"2023-11-14T23:13:20Z"}"#, AnswerFault::AccessToken),
        (r#"{"token":"a\nb","expires_at":"2023-11-14T23:13:20Z"}"#, AnswerFault::AccessToken),
        (r#"{"token":"a"}"#, AnswerFault::ExpiresAt),
        (r#"{"token":"a","expires_at":1700003600}"#, AnswerFault::ExpiresAt),
    ] {
        assert_eq!(token::parse(body.as_bytes(), &[], UnixMillis(START)), Err(fault), "{body}");
    }
    let world = world(PLAIN);
    for _ in 0..2 {
        world.broker.servers.endpoint.answer(201, r#"{"token":"t","expires_at":"yesterday"}"#);
    }
    let response = world.request();
    assert_eq!((response.status, world.upstream_requests()), (502, 2));
    let told = response.body["error_description"].as_str().unwrap();
    assert!(told.contains("expires_at is not an instant in the future"), "{told}");
}
