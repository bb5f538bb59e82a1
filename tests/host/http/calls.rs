//! Calls by RPC: the same exchange as over HTTP, with an argument in place of a request.

use std::rc::Rc;

use edge_token_broker::base::ports::Store;
use edge_token_broker::http::call::{Call, Method};
use edge_token_broker::http::error::{Dialect, WireError};
use edge_token_broker::http::exchange::{Progress, call};
use serde_json::{Value, json};

use super::every_error::{all, id, is_of_an_api};
use crate::support::bindings::Vars;
use crate::support::clock::run;
use crate::support::config::DIGEST;
use crate::support::platform::{SimulatedLimiter, SimulatedRequest};
use crate::support::ports::SimulatedPorts;
use crate::support::sent::{Response, Sent, settled};
use crate::support::world::{START, SimulatedIsolate, World, isolate, vars};

const TOKEN: Method = Method::GetToken;
const REVOKE: Method = Method::Revoke;

/// `c` may call by service binding, and has two grants; `k` may not.
fn bindings() -> Vars {
    let allow = r#"[{"credential":"default","scope":"s"},{"credential":"default","scope":"t"}]"#;
    let clients = format!(
        r#"{{"c":{{"service_binding":true,"allow":{allow}}},"k":{{"key_sha256":["{DIGEST}"],"allow":{allow}}}}}"#
    );
    vars().with("CLIENTS", &clients)
}

fn world() -> World {
    World::of(isolate(&bindings()))
}

fn begin(
    isolate: &Rc<SimulatedIsolate>,
    method: Method,
    argument: &str,
    client_id: Option<&str>,
) -> Progress<SimulatedPorts> {
    let client_id = client_id.map(str::to_owned);
    let request = Rc::new(SimulatedRequest::default());
    call(isolate, &request, &Call { method, argument, client_id })
}

/// What a call of the client `c` comes to, when all is done.
fn called(isolate: &Rc<SimulatedIsolate>, method: Method, argument: &str) -> Response {
    run(async {
        let answered = settled(begin(isolate, method, argument, Some("c"))).await;
        let response = Response::of(&answered);
        if let Some(work) = answered.follow_up {
            work.await;
        }
        response
    })
}

#[test]
fn a_token_has_its_instants_in_milliseconds() {
    let world = world();
    world.issue("t1", 3600);
    let got = called(&world.isolate, TOKEN, r#"{"scope":"s","requestId":"my-id"}"#);
    let expected = json!({
        "token": "t1",
        "expiresOnTimestamp": START + 3_600_000,
        "refreshAfterTimestamp": START + 3_600_000 - 15 * 60_000,
        "tokenType": "Bearer",
        "scope": "s",
    });
    assert_eq!((got.status, got.body), (200, expected));
    let line = world.logged();
    let fields = ["route", "status", "outcome", "client_id", "proof", "scope", "request_id"];
    let logged: Vec<_> = fields.iter().map(|field| line[field].clone()).collect();
    let expected = json!(["rpc_token", 200, "miss", "c", "service_binding", "s", "my-id"]);
    assert_eq!(Value::Array(logged), expected);
    assert_eq!(line.get("method"), None);
}

#[test]
fn a_hit_takes_no_future_and_is_that_of_http() {
    let world = world();
    world.issue("t1", 3600);
    called(&world.isolate, TOKEN, r#"{"scope":"s"}"#);
    let hit = begin(&world.isolate, TOKEN, r#"{"scope":"s"}"#, Some("c"));
    let Progress::Done(answered) = hit else { panic!("it waits") };
    assert_eq!(Response::of(&answered).text("token"), "t1");
    let over_http = Sent::get("/token?scope=s").to(&world.isolate);
    assert_eq!(over_http.status, 200);
    assert_eq!(over_http.token(), "t1");
    assert_eq!(world.upstream_requests(), 1);
}

#[test]
fn a_call_begins_with_kv_where_memory_has_nothing() {
    let world = world();
    world.issue("t1", 3600);
    called(&world.isolate, TOKEN, r#"{"scope":"s"}"#);
    let other = world.another_isolate();
    let Progress::ReadStore(pending) = begin(&other.isolate, TOKEN, r#"{"scope":"s"}"#, Some("c"))
    else {
        panic!("it does not read KV")
    };
    let loaded = run(pending.store().load(&pending.token_key().kv_name()));
    let Progress::Done(answered) = pending.resume(loaded) else { panic!("it waits") };
    assert_eq!(Response::of(&answered).text("token"), "t1");
}

#[test]
fn a_token_with_more_time_left_is_asked_for_in_seconds() {
    let world = world();
    world.issue("t1", 3600);
    world.issue("t2", 7200);
    called(&world.isolate, TOKEN, r#"{"scope":"s"}"#);
    assert_eq!(called(&world.isolate, TOKEN, r#"{"scope":"s","minTtl":3000}"#).text("token"), "t1");
    assert_eq!(called(&world.isolate, TOKEN, r#"{"scope":"s","minTtl":3601}"#).text("token"), "t2");
}

#[test]
fn the_members_of_a_token_response_come_along_and_replace_none_of_the_brokers() {
    let vars = bindings().with(
        "CREDENTIALS",
        r#"json:{"x":{"token_endpoint":"https://as.example/token","client_id":"i",
           "client_secret":"AZ_CLIENT_SECRET","response_fields":["instance_url","token","tokenType"]}}"#,
    );
    let clients = r#"{"c":{"service_binding":true,"allow":[{"credential":"x"}]}}"#;
    let world = World::of(isolate(&vars.with("CLIENTS", clients)));
    let answer = r#"{"access_token":"t1","token_type":"Bearer","expires_in":3600,"token":"false",
        "tokenType":"MAC","instance_url":"https://na1.example"}"#;
    world.broker.servers.endpoint.answer(200, answer);
    let got = called(&world.isolate, TOKEN, r#"{"credential":"x"}"#);
    assert_eq!(got.text("token"), "t1");
    assert_eq!(got.text("tokenType"), "Bearer");
    assert_eq!(got.text("instance_url"), "https://na1.example");
    assert_eq!(got.body.get("scope"), None);
}

#[track_caller]
fn refused(client_id: Option<&str>, method: Method, argument: &str) -> (String, u64, String) {
    let world = world();
    let response = Response::of(&run(settled(begin(&world.isolate, method, argument, client_id))));
    assert_eq!(world.upstream_requests(), 0);
    assert_eq!(world.logged().get("route").unwrap(), method.route());
    let status = response.body.get("status").and_then(Value::as_u64).unwrap();
    assert_eq!(status, u64::from(response.status));
    (response.text("name").to_owned(), status, response.text("message").to_owned())
}

#[test]
fn only_the_binding_says_who_calls() {
    for method in [TOKEN, REVOKE] {
        let argument = r#"{"scope":"s","client_id":"c"}"#;
        for client_id in [None, Some("nobody"), Some("k"), Some("")] {
            let (name, status, message) = refused(client_id, method, argument);
            assert_eq!((&*name, status), ("invalid_token", 401), "{client_id:?}");
            let missing =
                message.starts_with("client authentication is missing: the service binding");
            assert_eq!(missing, client_id.is_none());
        }
        let (name, _, message) = refused(Some("c"), method, argument);
        assert_eq!(name, "invalid_request");
        assert_eq!(message, "parameter client_id is not known: leave it out");
    }
}

#[test]
fn an_argument_of_another_form_is_an_invalid_request_that_names_the_member() {
    let long = format!(r#"{{"claims":"{}"}}"#, "x".repeat(16 * 1024 + 1));
    let secret = format!(r#"{{"etb_{}":"x"}}"#, "k".repeat(40));
    for (argument, words) in [
        ("null", "the argument must be one plain object of texts and numbers"),
        ("[]", "the argument must be one plain object of texts and numbers"),
        ("", "the argument must be one plain object of texts and numbers"),
        (r#"{"scope":{}}"#, "parameter scope must be a text"),
        (r#"{"scope":7}"#, "parameter scope must be a text"),
        (r#"{"credential":true}"#, "parameter credential must be a text"),
        (r#"{"minTtl":"300"}"#, "parameter minTtl must be a whole number of seconds"),
        (r#"{"minTtl":0.5}"#, "parameter minTtl must be a whole number of seconds"),
        (r#"{"minTtl":-1}"#, "parameter minTtl must be a whole number of seconds"),
        (r#"{"minTtl":null}"#, "parameter minTtl must be a whole number of seconds"),
        (r#"{"min_ttl":300}"#, "parameter min_ttl is not known: leave it out"),
        (r#"{"requestId":7}"#, "parameter requestId must be a text"),
        (&long, "parameter claims is over 16 KiB"),
        (&secret, "parameter (of another form) is not known: leave it out"),
    ] {
        let expected = ("invalid_request".to_owned(), 400, words.to_owned());
        assert_eq!(refused(Some("c"), TOKEN, argument), expected, "{argument}");
    }
    let (_, _, words) = refused(Some("c"), REVOKE, r#"{"minTtl":3}"#);
    assert_eq!(words, "parameter minTtl is not known: leave it out");
    let (_, _, words) = refused(Some("c"), REVOKE, "{}");
    assert_eq!(words, "parameter token is missing");
}

#[test]
fn what_is_not_granted_is_refused_as_over_http() {
    for (argument, query) in [
        (r#"{"scope":"other"}"#, "?scope=other"),
        (r#"{"scope":"s","credential":"other"}"#, "?scope=s&credential=other"),
        ("{}", ""),
        (r#"{"scope":""}"#, "?scope="),
        (r#"{"scope":"\"","claims":"{}"}"#, "?scope=%22&claims=%7B%7D"),
        (r#"{"scope":"s","claims":"["}"#, "?scope=s&claims=%5B"),
        (r#"{"resource":"https://other.example"}"#, "?resource=https://other.example"),
        (r#"{"scope":"s","organization":"o"}"#, "?scope=s&organization=o"),
    ] {
        let (name, status, message) = refused(Some("c"), TOKEN, argument);
        let http = Sent::get(&format!("/token{query}")).to(&world().isolate);
        let expected = (http.error(), u64::from(http.status), http.text("error_description"));
        assert_eq!((&*name, status, &*message), expected, "{argument}");
    }
}

#[test]
fn every_error_has_the_code_of_get_token_and_one_more_form() {
    for error in all().into_iter().filter(|error| !is_of_an_api(error)) {
        let http = WireError::new(&error, Dialect::Bearer);
        let wire = WireError::new(&error, Dialect::Call);
        assert_eq!((wire.status, wire.error), (http.status, http.error), "{error:?}");
        assert_eq!(wire.retry_after_secs, http.retry_after_secs);
        let json: Value = serde_json::from_str(&wire.to_json(&id())).unwrap();
        assert_eq!(json["name"], wire.error);
        assert_eq!(json["message"], wire.error_description);
        assert_eq!(json["requestId"], "id");
        assert_eq!(json.get("retryAfter").and_then(Value::as_u64), wire.retry_after_secs);
        let codes = json.get("errorCodes").and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!(codes, wire.trace.error_codes.len());
        assert_eq!(json.get("traceId").and_then(Value::as_str), wire.trace.trace_id.as_deref());
    }
}

#[test]
fn a_call_counts_against_the_limit_of_its_client() {
    let mut isolate = isolate(&bindings());
    isolate.client_limit = SimulatedLimiter::of(1);
    let world = World::of(isolate);
    world.issue("t1", 3600);
    assert_eq!(called(&world.isolate, TOKEN, r#"{"scope":"s"}"#).status, 200);
    let refused = called(&world.isolate, TOKEN, r#"{"scope":"s"}"#);
    assert_eq!((refused.text("name"), refused.status), ("slow_down", 429));
    assert_eq!(refused.body["retryAfter"], 10);
    assert_eq!(called(&world.isolate, REVOKE, r#"{"token":"x"}"#).text("name"), "slow_down");
    assert_eq!(*world.isolate.client_limit.counted.borrow(), ["c", "c", "c"]);
}

#[test]
fn failed_authentication_has_one_count_for_all_calls() {
    let mut isolate = isolate(&bindings());
    isolate.failure_limit = SimulatedLimiter::of(1);
    let isolate = Rc::new(isolate);
    let of_nobody =
        |method| Response::of(&run(settled(begin(&isolate, method, "{}", Some("nobody")))));
    assert_eq!(of_nobody(TOKEN).text("name"), "invalid_token");
    let refused = of_nobody(REVOKE);
    assert_eq!((refused.text("name"), refused.status), ("slow_down", 429));
    assert_eq!(called(&isolate, TOKEN, r#"{"scope":"other"}"#).text("name"), "insufficient_scope");
    assert_eq!(*isolate.failure_limit.counted.borrow(), ["service binding"; 2]);
}

#[test]
fn a_rejected_token_is_replaced() {
    let world = world();
    world.issue("t1", 3600);
    world.issue("t2", 3600);
    called(&world.isolate, TOKEN, r#"{"scope":"s"}"#);
    world.broker.clock.advance(edge_token_broker::base::time::Millis::from_secs(120));
    let revoked = called(&world.isolate, REVOKE, r#"{"token":"t1","scope":"s"}"#);
    assert_eq!((revoked.status, revoked.body), (200, json!({})));
    assert_eq!(world.logged()["route"], "rpc_revoke");
    assert_eq!(called(&world.isolate, TOKEN, r#"{"scope":"s"}"#).text("token"), "t2");
}

#[test]
fn a_fault_of_the_configuration_comes_first() {
    let isolate = Rc::new(isolate(&bindings().with("AZ_TENANT", "")));
    let refused = called(&isolate, TOKEN, "null");
    assert_eq!((refused.text("name"), refused.status), ("temporarily_unavailable", 503));
    assert!(refused.body["retryAfter"].as_u64().is_some());
}
