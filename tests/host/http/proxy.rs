//! Requests for an API: who may send what, and what is sent on.

use base64ct::{Base64, Encoding};
use edge_token_broker::base::limits::FIRST_BYTE_TIMEOUT;

use crate::support::apis::{FINGERPRINT, PAGE, api_vars, api_world, call, end, usual};
use crate::support::platform::SimulatedLimiter;
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate};

/// The broker itself refuses, and says so in `Cache-Status`.
#[track_caller]
fn assert_refused(world: &World, sent: &Sent, status: u16, error: &str, outcome: &str) -> Response {
    let refused = sent.to(&world.isolate);
    assert_eq!((refused.status, refused.error()), (status, error), "{}", refused.body);
    assert_eq!(refused.cache_status(), format!("detail={outcome}"));
    assert_eq!(world.logged().get("outcome").unwrap(), outcome);
    assert_eq!(world.logged().get("route").unwrap(), "api");
    refused
}

fn by(method: &'static str, sent: Sent) -> Sent {
    Sent { method, ..sent }
}

#[test]
fn what_is_granted_is_sent_on_with_the_token() {
    let world = usual();
    let onward = call("/users/a%20b?$select=id&client_id=x").onward(&world.isolate);
    assert_eq!(onward.url(), "https://api.example/v1/users/a%20b?$select=id&client_id=x");
    assert_eq!(
        (onward.api().header.as_str(), onward.authorization().as_str()),
        ("authorization", "Bearer one")
    );
    assert_eq!(onward.api().first_byte_timeout, FIRST_BYTE_TIMEOUT);
    end(onward);
    for (method, path) in [("HEAD", "/users"), ("POST", "/users"), ("GET", "/users/")] {
        end(by(method, call(path)).onward(&world.isolate));
    }
    assert_eq!(world.upstream_requests(), 1);
}

#[test]
fn a_refusal_says_which_of_the_two_is_not_granted() {
    let world = usual();
    let refuse = |method, path, outcome| {
        let refused =
            assert_refused(&world, &by(method, call(path)), 403, "insufficient_scope", outcome);
        refused.text("error_description").to_owned()
    };
    let texts = [
        refuse("DELETE", "/users/a", "method_not_granted"),
        refuse("GET", "/me", "path_not_granted"),
        refuse("POST", "/users/a", "path_not_granted"),
    ];
    assert!(texts[0].contains("method") && texts[1].contains("path") && texts[1] == texts[2]);
}

/// Libraries of APIs show their user nothing but the challenge.
#[test]
fn the_challenge_says_why_in_words() {
    let world = usual();
    let refused = call("/me").to(&world.isolate);
    let expected = format!(
        r#"Bearer realm="edge-token-broker", error="insufficient_scope", error_description="{}""#,
        refused.text("error_description")
    );
    assert_eq!(refused.header("WWW-Authenticate"), Some(expected.as_str()));
    let nobody = call("/me").by_nobody().to(&world.isolate);
    let challenge = nobody.header("WWW-Authenticate").unwrap();
    assert!(
        challenge.starts_with(r#"Bearer realm="edge-token-broker", error_description="client"#)
    );
    // What the clients of Key Vault look for.
    assert!(challenge.ends_with(
        r#"", authorization="https://edge-token-broker/common", resource="https://edge-token-broker""#
    ));
}

#[test]
fn an_unknown_api_looks_like_one_that_is_not_granted() {
    let world = usual();
    let of = |target| {
        assert_refused(&world, &Sent::get(target), 403, "insufficient_scope", "api_not_granted")
            .body
    };
    assert_eq!(of("/api/none/x"), of("/api/other/x"));
    let nobody = |target| Sent::get(target).by("Bearer wrong").to(&world.isolate).body;
    assert_eq!(nobody("/api/none/x"), nobody("/api/graph/users"));
}

#[test]
fn a_path_that_would_leave_the_base_is_refused_after_authentication() {
    let world = usual();
    for path in ["/users/..%2f..%2fadmin", "/users/%2e%2e/x", "/users\\..\\x", "/users/%zz"] {
        let refused =
            assert_refused(&world, &call(path), 400, "invalid_request", "invalid_request");
        assert!(refused.text("error_description").contains("path"), "{}", refused.body);
        assert_refused(
            &world,
            &call(path).by("Bearer wrong"),
            401,
            "invalid_token",
            "invalid_client",
        );
    }
}

#[test]
fn a_client_key_may_be_where_libraries_have_theirs() {
    let world = api_world(r#","header":"X-Api-Key""#, r#"{"api":"graph"}"#);
    let basic = |text: &str| format!("Basic {}", Base64::encode_string(text.as_bytes()));
    for authorization in ["Bearer key", "bearer key", "token key", &basic("c:key")] {
        let onward = call("/x").by(authorization).onward(&world.isolate);
        assert_eq!(
            (onward.api().header.as_str(), onward.authorization().as_str()),
            ("x-api-key", "one")
        );
        end(onward);
    }
    for authorization in
        ["token no", "Basic !", &basic("other:key"), &basic("key"), "key", "Digest x"]
    {
        let sent = call("/x").by(authorization);
        assert_refused(&world, &sent, 401, "invalid_token", "invalid_client");
    }
    let mut in_field = call("/x").by_nobody();
    in_field.platform.headers = vec![("x-api-key".into(), "key".into())];
    end(in_field.onward(&world.isolate));
    in_field.platform.headers = vec![("x-api-key".into(), "no".into())];
    assert_refused(&world, &in_field, 401, "invalid_token", "invalid_client");
    assert_refused(&world, &call("/x").by_nobody(), 401, "invalid_token", "invalid_client");
    end(call("/x").by_nobody().bound_as("c").onward(&world.isolate));
}

#[test]
fn a_cookie_is_no_proof_but_may_have_the_token() {
    let world = api_world(r#","header":"Cookie","prefix":"session=""#, r#"{"api":"graph"}"#);
    let mut sent = call("/x").by_nobody();
    sent.platform.headers = vec![("cookie".into(), "session=key".into())];
    assert_refused(&world, &sent, 401, "invalid_token", "invalid_client");
    let onward = call("/x").onward(&world.isolate);
    assert_eq!(onward.authorization(), "session=one");
    end(onward);
}

#[test]
fn a_prefix_of_the_api_is_one_of_the_client_key_too() {
    let world = api_world(r#","prefix":"GoogleLogin auth=""#, r#"{"api":"graph"}"#);
    let mut sent = call("/x").by("GoogleLogin auth=key");
    sent.platform.headers = vec![("authorization".into(), "GoogleLogin auth=key".into())];
    let onward = sent.onward(&world.isolate);
    assert_eq!(onward.authorization(), "GoogleLogin auth=one");
    end(onward);
}

#[test]
fn a_proof_that_a_browser_adds_is_good_for_listed_pages_only() {
    let world = usual();
    let ambient = |origin: Option<&'static str>| {
        let mut sent = call("/users").by_nobody();
        sent.platform.certificate = Some(FINGERPRINT.to_owned());
        sent.platform.origin = origin;
        sent
    };
    for origin in [None, Some(PAGE), Some("https://broker.example")] {
        end(ambient(origin).onward(&world.isolate));
    }
    // A link or an image of another site sends no `Origin`.
    for site in ["cross-site", "same-site", "same-origin", "none"] {
        let mut sent = ambient(None);
        sent.platform.headers = vec![("sec-fetch-site".into(), site.into())];
        if site.ends_with("-site") {
            assert_refused(&world, &sent, 403, "insufficient_scope", "origin_not_listed");
        } else {
            end(sent.onward(&world.isolate));
        }
    }
    for origin in ["https://evil.example", "null", "http://broker.example"] {
        let sent = ambient(Some(origin));
        assert_refused(&world, &sent, 403, "insufficient_scope", "origin_not_listed");
        // A browser sends what its user has once entered to every page's requests.
        let basic = format!("Basic {}", Base64::encode_string(b"c:key"));
        let sent = call("/users").by(&basic).on_page(origin);
        assert_refused(&world, &sent, 403, "insufficient_scope", "origin_not_listed");
    }
    // With a key of its own a program may say what it likes.
    end(call("/users").on_page("https://evil.example").onward(&world.isolate));
}

#[test]
fn the_broker_is_no_api_of_itself() {
    let world = usual();
    for origin in ["https://api.example", "https://API.example", "https://api.example:443"] {
        let sent = Sent { origin, ..call("/users") };
        assert_refused(&world, &sent, 503, "temporarily_unavailable", "misconfigured");
    }
    let logged = world.logged();
    assert_eq!(logged.get("faults").unwrap()[0], "APIS.graph.base: is the broker itself");
}

#[test]
fn without_a_token_nothing_is_sent_on() {
    let world = World::of_api(isolate(&api_vars("", r#"{"api":"graph"}"#)));
    world.refuse(401, "invalid_client", 7_000_215);
    assert_refused(&world, &call("/x"), 502, "server_error", "credential_refused");
    let down = World::of_api(isolate(&api_vars("", r#"{"api":"graph"}"#)));
    for _ in 0..2 {
        down.broker.servers.endpoint.answer(500, "{}");
    }
    let refused = call("/x").to(&down.isolate);
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.header("Retry-After").is_some());
}

#[test]
fn the_grant_of_an_api_gives_no_token() {
    let world = usual();
    let refused = Sent::get("/token?scope=s").to(&world.isolate);
    assert_eq!((refused.status, refused.error()), (403, "insufficient_scope"));
    let revoked = Sent::post("/revoke", "token=one").to(&world.isolate);
    assert_eq!(revoked.status, 403, "{}", revoked.body);
}

#[test]
fn each_client_has_a_limit_at_each_api() {
    let mut limited = isolate(&api_vars("", r#"{"api":"graph"},{"api":"other"}"#));
    limited.api_limit = SimulatedLimiter::of(1);
    let world = World::of_api(limited);
    world.issue("one", 3600);
    end(call("/x").onward(&world.isolate));
    let slowed = assert_refused(&world, &call("/x"), 429, "slow_down", "slow_down");
    assert_eq!(slowed.header("RateLimit"), Some(r#""api";r=0"#));
    world.issue("two", 3600);
    end(Sent::get("/api/other/x").onward(&world.isolate));
    assert_eq!(*world.isolate.api_limit.counted.borrow(), ["graph c", "graph c", "other c"]);
}

#[test]
fn over_plain_http_nothing_is_sent_on() {
    let world = usual();
    let sent = Sent { origin: "http://broker.example", ..call("/users") };
    assert_refused(&world, &sent, 400, "invalid_request", "invalid_request");
}

#[test]
fn a_preflight_permits_the_method_that_the_page_wants() {
    let world = usual();
    let mut sent = by("OPTIONS", call("/users")).by_nobody().on_page(PAGE);
    sent.platform.headers = vec![("access-control-request-method".into(), "PATCH".into())];
    let permitted = sent.to(&world.isolate);
    assert_eq!(permitted.header("Access-Control-Allow-Methods"), Some("PATCH"));
    assert_eq!(permitted.header("Access-Control-Allow-Origin"), Some(PAGE));
    assert_eq!(permitted.header("Access-Control-Allow-Credentials"), Some("true"));
    let foreign = sent.clone().on_page("https://evil.example").to(&world.isolate);
    assert_eq!(foreign.header("Access-Control-Allow-Origin"), None);
    assert_eq!(foreign.header("Access-Control-Allow-Credentials"), None);
    // Without the field it is a method like any other.
    let plain = by("OPTIONS", call("/users")).on_page(PAGE);
    assert_refused(&world, &plain, 403, "insufficient_scope", "method_not_granted");
}
