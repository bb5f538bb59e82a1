//! What a preflight permits: the headers of the broker's own, and whatever else the page names.

use std::rc::Rc;

use edge_token_broker::base::limits::PREFLIGHT_HEADERS_MAX_BYTES;

use crate::support::sent::{Response, Sent};
use crate::support::world::{SimulatedIsolate, isolate, vars};

const PAGE: &str = "https://board.example";

fn site() -> Rc<SimulatedIsolate> {
    let clients = format!(
        r#"{{"c":{{"service_binding":true,"origins":["{PAGE}"],"allow":[{{"credential":"default","scope":"s"}}]}}}}"#
    );
    Rc::new(isolate(&vars().with("CLIENTS", &clients)))
}

fn ask(origin: &'static str, headers: Option<&str>) -> Response {
    let mut ask = Sent { method: "OPTIONS", ..Sent::get("/token").by_nobody() }.on_page(origin);
    let named = |names: &str| ("access-control-request-headers".to_owned(), names.to_owned());
    ask.platform.headers = headers.map(named).into_iter().collect();
    ask.to(&site())
}

/// The headers that the answer permits, in lower case.
fn permitted(headers: Option<&str>) -> Vec<String> {
    let allowed = ask(PAGE, headers);
    assert_eq!(allowed.status, 200);
    let names = allowed.header("Access-Control-Allow-Headers").unwrap().to_ascii_lowercase();
    names.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_headers_of_the_broker_and_of_trace_context_are_permitted_unasked() {
    for asked in [None, Some(""), Some("authorization"), Some("x y"), Some("x-one")] {
        let permitted = permitted(asked);
        for needed in [
            "authorization",
            "client-request-id",
            "content-type",
            "x-request-id",
            "traceparent",
            "tracestate",
            "baggage",
        ] {
            assert!(permitted.contains(&needed.to_owned()), "{asked:?}: {permitted:?}");
        }
    }
}

#[test]
fn headers_that_libraries_add_to_all_requests_of_a_page_are_permitted() {
    for asked in [
        "sentry-trace",
        "b3,x-b3-traceid,x-b3-spanid,x-b3-sampled",
        "uber-trace-id",
        "x-datadog-trace-id,x-datadog-parent-id,x-datadog-origin,x-datadog-sampling-priority",
        "request-id,request-context",
        "newrelic",
        "x-amzn-trace-id",
        "elastic-apm-traceparent",
        "x-instana-t, x-instana-s, x-instana-l",
        "x-dtpc",
        "X-Requested-With",
        "authorization,x_of.some~vendor",
    ] {
        let permitted = permitted(Some(asked));
        for name in asked.split(',') {
            assert!(permitted.contains(&name.trim().to_ascii_lowercase()), "{permitted:?}");
        }
    }
}

#[test]
fn what_is_no_name_of_a_header_is_not_repeated() {
    let own = permitted(None);
    for asked in [
        "*",
        "a*",
        "x: y",
        "x y",
        "x\r\nSet-Cookie: a=b",
        "x\u{0}",
        "\u{e9}",
        "\"x\"",
        "x;y",
        ",,, ,",
        "(x)",
    ] {
        assert_eq!(permitted(Some(asked)), own, "{asked:?}");
    }
    let mut with_one = own;
    with_one.push("x-one".to_owned());
    assert_eq!(permitted(Some("*, x y, x-one, a/b")), with_one);
}

#[test]
fn a_list_that_is_too_long_is_not_repeated() {
    let most = ["x"; PREFLIGHT_HEADERS_MAX_BYTES / 2].join(",");
    assert_eq!(permitted(Some(&format!("{most},"))).last().unwrap(), "x");
    assert_eq!(permitted(Some(&format!("{most},x"))), permitted(None));
}

#[test]
fn a_page_that_no_client_lists_is_permitted_nothing() {
    let refused = ask("https://other.example", Some("x-one"));
    assert_eq!(refused.status, 405);
    assert_eq!(refused.header("Access-Control-Allow-Headers"), None);
}
