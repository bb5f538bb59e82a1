//! The answer of an API: what is left out, what is added, and the line in the log.

use edge_token_broker::base::ports::Clock as _;
use edge_token_broker::base::time::Millis;
use edge_token_broker::http::exchange::{Ended, NoAnswer};
use serde_json::Value;

use crate::support::apis::{FINGERPRINT, PAGE, api_world, call, end, usual};
use crate::support::clock::run;
use crate::support::sent::Response;
use crate::support::world::World;

/// The changes to the headers of an answer: those to leave out, and those to add.
fn changes(text: &str) -> (Vec<&str>, Vec<(&str, &str)>) {
    let lines = || text.lines().filter(|line| !line.is_empty());
    let left_out = lines().filter(|line| !line.contains('\t')).collect();
    (left_out, lines().filter_map(|line| line.split_once('\t')).collect())
}

#[track_caller]
fn logged(world: &World, field: &str) -> Value {
    world.logged().get(field).cloned().unwrap_or_default()
}

#[test]
fn cookies_and_cors_of_the_api_are_left_out() {
    let world = usual();
    let mut onward = call("/users").onward(&world.isolate);
    let names = "access-control-allow-origin\nalt-svc\netag\nset-cookie\nx-request-id\n";
    let text = onward.answered(200, names, None);
    let (left_out, added) = changes(&text);
    assert_eq!(left_out, ["access-control-allow-origin", "alt-svc", "set-cookie"]);
    assert_eq!(added, []);
    end(onward);
}

#[test]
fn the_request_id_is_added_where_the_api_has_none() {
    let world = usual();
    let mut onward = call("/users").onward(&world.isolate);
    assert_eq!(changes(&onward.answered(200, "etag\n", None)).1, [("X-Request-Id", "id")]);
    end(onward);
}

#[test]
fn a_listed_page_may_read_all_that_is_passed_on() {
    let world = usual();
    let mut onward = call("/users").on_page(PAGE).onward(&world.isolate);
    let text = onward.answered(200, "etag\nset-cookie\nx-request-id\n", None);
    let exposed =
        "Cache-Status, RateLimit, Retry-After, WWW-Authenticate, X-Request-Id, etag, x-request-id";
    let expected = [
        ("Access-Control-Allow-Origin", PAGE),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", exposed),
        ("Vary", "Origin"),
    ];
    assert_eq!(changes(&text).1, expected);
    end(onward);
    let mut foreign = call("/users").on_page("https://evil.example").onward(&world.isolate);
    assert_eq!(changes(&foreign.answered(200, "x-request-id\n", None)).1, []);
    end(foreign);
}

#[test]
fn a_page_of_the_api_is_no_page_of_the_broker() {
    let world = usual();
    let mut sent = call("/users").by_nobody();
    sent.platform.certificate = Some(FINGERPRINT.to_owned());
    let mut onward = sent.onward(&world.isolate);
    let text = onward.answered(200, "x-request-id\n", None);
    assert_eq!(changes(&text).1, [("Content-Security-Policy", "sandbox")]);
    end(onward);
}

#[test]
fn headers_that_connection_names_go_no_further() {
    let world = usual();
    let mut sent = call("/users");
    let headers = [
        ("authorization", "Bearer key"),
        ("connection", "X-Hop"),
        ("x-hop", "1"),
        ("x-ok", "1"),
        ("upgrade", "h2c"),
    ];
    sent.platform.headers = headers.map(|(name, value)| (name.into(), value.into())).into();
    let mut onward = sent.onward(&world.isolate);
    assert_eq!(onward.withheld(), "authorization\nconnection\nx-hop\nupgrade");
    assert_eq!(changes(&onward.answered(200, "x-a\nx-request-id\n", Some("x-a"))).0, ["x-a"]);
    end(onward);
    sent.platform.headers = vec![("upgrade".into(), "WebSocket".into())];
    let onward = sent.onward(&world.isolate);
    assert_eq!(onward.withheld(), "");
    end(onward);
}

#[test]
fn the_line_has_times_and_bytes_and_no_path() {
    let world = usual();
    let mut onward = call("/users/secret?q=secret").onward(&world.isolate);
    world.broker.clock.advance(Millis(12));
    onward.answered(404, "", None);
    assert!(world.isolate.log.sink.lines.borrow().is_empty(), "it has not ended yet");
    onward.ended(Ended { request_bytes: Some(3), response_bytes: Some(4), is_cut_off: false });
    let expected = [
        ("route", "api".into()),
        ("status", 404.into()),
        ("outcome", "passed".into()),
        ("client_id", "c".into()),
        ("credential", "default".into()),
        ("scope", "s".into()),
        ("tier", "isolate".into()),
        ("api", "graph".into()),
        ("first_byte_ms", 12.into()),
        ("request_bytes", 3.into()),
        ("response_bytes", 4.into()),
        ("path", Value::Null),
        ("repeated", Value::Null),
    ];
    for (field, value) in expected {
        assert_eq!(logged(&world, field), value, "{field}");
    }
    assert!(!world.logged().to_string().contains("secret"));
}

#[test]
fn the_operator_can_ask_for_the_path() {
    let world = api_world(r#","log_path":true"#, r#"{"api":"graph","paths":["a/*"]}"#);
    end(call("/a/b%20c?q=secret").onward(&world.isolate));
    assert_eq!(logged(&world, "path"), "/a/b%20c");
    call("/x").to(&world.isolate);
    assert_eq!((logged(&world, "path"), logged(&world, "status")), ("/x".into(), 403.into()));
}

#[test]
fn what_was_cut_off_is_told_from_what_has_passed() {
    let world = usual();
    let mut onward = call("/users").onward(&world.isolate);
    onward.answered(200, "", None);
    onward.ended(Ended { is_cut_off: true, ..Ended::default() });
    assert_eq!(
        (logged(&world, "outcome"), logged(&world, "status")),
        ("cut_off".into(), 200.into())
    );
    call("/users").onward(&world.isolate).abandoned(Some(3));
    assert_eq!(
        (logged(&world, "outcome"), logged(&world, "status")),
        ("caller_gone".into(), Value::Null)
    );
}

#[test]
fn an_api_that_does_not_answer_is_told_from_the_broker() {
    let world = usual();
    let cases =
        [(NoAnswer::TimedOut, 504, "api_timeout"), (NoAnswer::Unreachable, 502, "api_unreachable")];
    for (why, status, outcome) in cases {
        let onward = call("/users").on_page(PAGE).onward(&world.isolate);
        let refused = Response::of(&onward.failed(why));
        assert_eq!((refused.status, refused.error()), (status, "temporarily_unavailable"));
        assert_eq!(refused.cache_status(), format!("detail={outcome}"));
        assert_eq!(refused.header("Access-Control-Allow-Origin"), Some(PAGE));
        assert_eq!(logged(&world, "outcome"), outcome);
        assert_eq!(logged(&world, "status"), status);
    }
}

/// A stale token is renewed beside the request. What ends last writes the one line.
#[test]
fn the_line_waits_for_the_renewal() {
    for renewal_is_first in [true, false] {
        let world = usual();
        world.broker.clock.advance(Millis::from_secs(3600 - 600));
        world.issue("two", 3600);
        let mut onward = call("/users").onward(&world.isolate);
        let work = onward.take_follow_up().unwrap();
        onward.answered(200, "", None);
        if renewal_is_first {
            run(work);
            end(onward);
        } else {
            end(onward);
            assert!(world.isolate.log.sink.lines.borrow().is_empty());
            run(work);
        }
        assert_eq!(world.isolate.log.sink.lines.borrow().len(), 1);
        assert_eq!(
            (logged(&world, "renewal"), logged(&world, "response_bytes")),
            ("renewed".into(), 2.into())
        );
        assert_eq!(logged(&world, "upstream_requests"), 1);
        let now = world.broker.clock.now();
        assert!(
            now.until(world.broker.memory.recall(&world.grant.token_key).unwrap().expires_at)
                > Millis::from_secs(3000)
        );
    }
}
