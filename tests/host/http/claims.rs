//! `claims` in a token request: a client capability, or an API's challenge.

use std::rc::Rc;

use edge_token_broker::base::time::Millis;
use serde_json::Value;

use crate::support::config::DIGEST;
use crate::support::endpoint::issued;
use crate::support::sent::{Response, Sent};
use crate::support::world::{SimulatedIsolate, World, isolate, vars};

const NBF: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}"#;
const CP1: &str = r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#;
const CAE_ERROR: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1726077595"},"xms_caeerror":{"value":"10012"}}}"#;
const AFTER_IT: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1726077595"}}}"#;

/// What MSAL sends with every `claims`: hints for an ID token, which this grant does not issue.
const MSAL_CHALLENGE: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1700000000"}},"id_token":{"signin_state":{"essential":false},"login_hint":{"essential":false},"tenant_region_sub_scope":{"essential":false}}}"#;
const MSAL_CP1: &str = r#"{"access_token":{"xms_cc":{"values":["CP1"]}},"id_token":{"signin_state":{"essential":false},"login_hint":{"essential":false},"tenant_region_sub_scope":{"essential":false}}}"#;

/// The same request on both routes.
fn on_both_routes(claims: &str) -> [Sent; 2] {
    let claims: String = form_urlencoded::byte_serialize(claims.as_bytes()).collect();
    let form = format!("grant_type=client_credentials&claims={claims}");
    let post = Sent::post("/oauth2/v2.0/token", &form).by("Basic YzprZXk=");
    [Sent::get(&format!("/token?claims={claims}")), post]
}

/// The `claims` of each request that went upstream; empty where there were none.
fn sent_on(isolate: &SimulatedIsolate) -> Vec<String> {
    let requests = isolate.broker.servers.endpoint.requests.borrow();
    let claims = |body: &str| {
        let pairs = form_urlencoded::parse(body.as_bytes()).into_owned();
        pairs.filter(|(name, _)| name == "claims").map(|(_, claims)| claims).collect()
    };
    requests.iter().map(|(_, body)| claims(body)).collect()
}

/// An isolate with two clients of the same scope: `c`, whose key is `key`, with a grant that says
/// this, and `other` with a plain one.
fn with_cae(cae: bool) -> Rc<SimulatedIsolate> {
    let other = "2b8a2e3f0b6d0ac1a6a4ae0cb0b66a1f0ad0b2b49c2ed3b1b3b5d54e6b8d2c3f";
    let entry = |digest, more: &str| {
        format!(
            r#"{{"key_sha256":["{digest}"],"allow":[{{"credential":"default","scope":"s"{more}}}]}}"#
        )
    };
    let clients = format!(
        r#"{{"c":{},"other":{}}}"#,
        entry(DIGEST, &format!(r#","cae":{cae}"#)),
        entry(other, "")
    );
    Rc::new(isolate(&vars().with("CLIENTS", &clients)))
}

fn issue(isolate: &SimulatedIsolate, token: &str) {
    isolate.broker.servers.endpoint.answer(200, &issued(token, 3600));
}

fn description(response: &Response) -> &str {
    response.body.get("error_description").and_then(Value::as_str).unwrap()
}

#[test]
fn a_challenge_renews_the_token_in_hand_with_the_claims() {
    for sent in on_both_routes(NBF) {
        let world = World::new();
        world.issue("one", 3600);
        assert_eq!(world.request().token(), "one");
        world.issue("two", 3600);
        assert_eq!(sent.to(&world.isolate).token(), "two");
        assert_eq!(sent_on(&world.isolate), ["", NBF]);
        // It is the token of all others, in every tier.
        assert_eq!(world.request().token(), "two");
        assert_eq!(world.another_isolate().request().token(), "two");
    }
}

#[test]
fn a_challenge_is_met_at_the_pace_of_the_broker_and_not_of_the_caller() {
    for sent in on_both_routes(NBF) {
        let world = World::new();
        world.issue("one", 3600);
        world.request();
        world.issue("two", 3600);
        for _ in 0..5 {
            assert_eq!(sent.to(&world.isolate).token(), "two", "the newest in hand");
        }
        world.broker.clock.advance(Millis::from_secs(61));
        world.issue("three", 3600);
        assert_eq!(sent.to(&world.isolate).token(), "three");
        assert_eq!(sent_on(&world.isolate), ["", NBF, NBF]);
    }
}

#[test]
fn a_challenge_with_no_token_in_hand_is_one_request_with_the_claims() {
    for sent in on_both_routes(NBF) {
        let world = World::new();
        world.issue("one", 3600);
        assert_eq!(sent.to(&world.isolate).token(), "one");
        assert_eq!(sent_on(&world.isolate), [NBF]);
        assert_eq!(world.request().cache_status(), "hit; ttl=3599; detail=isolate");
        // A token that only KV has is in hand.
        let other = world.another_isolate();
        world.issue("two", 3600);
        assert_eq!(sent.to(&other.isolate).token(), "two");
        assert_eq!(sent_on(&world.isolate), [NBF, NBF]);
        // And so is none that has expired.
        world.broker.clock.advance(Millis::from_secs(3700));
        world.issue("three", 3600);
        assert_eq!(sent.to(&world.isolate).token(), "three");
    }
}

#[test]
fn a_refusal_of_the_claims_is_told_and_left_to_nobody() {
    for sent in on_both_routes(NBF) {
        // With a token in hand.
        let world = World::new();
        world.issue("one", 3600);
        world.request();
        world.refuse(400, "invalid_request", 50_076);
        let refused = sent.to(&world.isolate);
        assert_eq!((refused.status, refused.error()), (502, "server_error"));
        assert_eq!(world.request().token(), "one");
        let unwilling = Sent::get("/token?min_ttl=9999");
        world.issue("two", 3600);
        assert_eq!(unwilling.to(&world.isolate).token(), "two");
        // With none.
        let world = World::new();
        world.refuse(400, "invalid_request", 50_076);
        assert_eq!(sent.to(&world.isolate).status, 502);
        world.issue("one", 3600);
        assert_eq!(world.request().token(), "one");
        assert_eq!(sent_on(&world.isolate), [NBF, ""]);
    }
}

#[test]
fn refused_claims_are_not_sent_again_and_again_with_no_token_in_hand() {
    for sent in on_both_routes(NBF) {
        let world = World::new();
        world.refuse(400, "invalid_request", 50_076);
        assert_eq!(sent.to(&world.isolate).status, 502);
        // Within the minute the request is an ordinary one, and its failure is everybody's.
        world.refuse(400, "unauthorized_client", 700_016);
        for _ in 0..5 {
            assert_eq!(sent.to(&world.isolate).status, 502);
        }
        assert_eq!(sent_on(&world.isolate), [NBF, ""]);
    }
}

#[test]
fn a_throttle_is_true_for_all() {
    let world = World::new();
    world.broker.servers.endpoint.answer_with(429, Some("30"), "");
    for sent in on_both_routes(NBF) {
        let throttled = sent.to(&world.isolate);
        assert_eq!((throttled.status, throttled.header("Retry-After")), (503, Some("30")));
    }
    assert_eq!(world.request().status, 503);
    assert_eq!(world.upstream_requests(), 1);
}

#[test]
fn the_capability_is_ignored_without_cae() {
    for sent in on_both_routes(CP1) {
        let isolate = with_cae(false);
        issue(&isolate, "one");
        assert_eq!(Sent::default().to(&isolate).token(), "one");
        assert_eq!(sent.to(&isolate).cache_status(), "hit; ttl=3599; detail=isolate");
        assert_eq!(sent_on(&isolate), [""]);
    }
}

#[test]
fn the_capability_is_part_of_what_the_token_is_with_cae() {
    for sent in on_both_routes(CP1) {
        let isolate = with_cae(true);
        for text in ["plain", "capable"] {
            issue(&isolate, text);
        }
        for _ in 0..2 {
            assert_eq!(Sent::default().to(&isolate).token(), "plain");
            assert_eq!(sent.to(&isolate).token(), "capable");
        }
        assert_eq!(sent_on(&isolate), ["", CP1]);
        // A challenge beside the capability, as MSAL merges them, renews the capable one alone.
        let both = r#"{"access_token":{"xms_cc":{"values":["cp1"]},"nbf":{"essential":true,"value":"1700000000"}}}"#;
        issue(&isolate, "challenged");
        assert_eq!(on_both_routes(both)[0].to(&isolate).token(), "challenged");
        let merged = r#"{"access_token":{"nbf":{"essential":true,"value":"1700000000"},"xms_cc":{"values":["CP1"]}}}"#;
        assert_eq!(sent_on(&isolate), ["", CP1, merged]);
        assert_eq!(Sent::default().to(&isolate).token(), "plain");
        // Each renewal of it has the capability.
        isolate.broker.clock.advance(Millis::from_secs(3700));
        issue(&isolate, "again");
        assert_eq!(sent.to(&isolate).token(), "again");
        assert_eq!(sent_on(&isolate).last().unwrap(), CP1);
    }
}

#[test]
fn other_claims_are_refused_by_name_and_never_echoed() {
    let cases = [
        (r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#, "acrs"),
        (r#"{"access_token":{"capolids":{"values":["x"]}}}"#, "capolids"),
        (r#"{"access_token":{"xms_cc":{"values":["CP1","evil"]}}}"#, "xms_cc"),
        (r#"{"access_token":{"nbf":{"value":"1 or 1"}}}"#, "nbf"),
        (r#"{"access_token":{"nbf":{"value":"1","more":"evil"}}}"#, "nbf"),
        (r#"{"access_token":{"xms_rp_ipaddr":{"value":"evil\"}"}}}"#, "xms_rp_ipaddr"),
        (r#"{"access_token":{"evil":{"value":"x"},"xms_caeerror":{"value":"10012"}}}"#, "nbf"),
        (r#"{"xms_caeerror":{"value":"10012"}}"#, "nbf"),
        (r#"{"evil":{"value":"x"}}"#, "nbf"),
    ];
    for (claims, name) in cases {
        for sent in on_both_routes(claims) {
            let world = World::new();
            let refused = sent.to(&world.isolate);
            assert_eq!((refused.status, refused.error()), (400, "invalid_request"), "{claims}");
            let description = description(&refused);
            assert!(description.contains(name), "{claims}: {description}");
            assert!(!description.contains("evil"), "{claims}: {description}");
            assert_eq!(world.upstream_requests(), 0);
        }
    }
    for claims in
        ["{", "[]", "7", "null", r#"{"access_token":7}"#, r#"{"access_token":{"nbf":1,"nbf":2}}"#]
    {
        for sent in on_both_routes(claims) {
            let refused = sent.to(&World::new().isolate);
            assert_eq!((refused.status, refused.error()), (400, "invalid_request"), "{claims}");
        }
    }
}

#[test]
fn claims_that_ask_for_nothing_are_none() {
    for claims in [
        "{}",
        r#"{"access_token":{}}"#,
        r#"{"access_token":null,"id_token":null,"userinfo":{}}"#,
        r#"{"id_token":{"auth_time":{"essential":true}},"userinfo":{"email":null,"name":{}}}"#,
        r#"{"access_token":{"nbf":null,"xms_cc":{"values":[]},"acrs":null}}"#,
        r#"{"access_token":{"xms_caeerror":{"value":"10012"}}}"#,
    ] {
        for sent in on_both_routes(claims) {
            let world = World::new();
            world.issue("one", 3600);
            world.request();
            assert_eq!(sent.to(&world.isolate).token(), "one", "{claims}");
            assert_eq!(sent_on(&world.isolate), [""]);
        }
    }
}

#[test]
fn a_challenge_is_understood_as_it_is_sent() {
    let address = r#"{"access_token":{"nbf":{"essential":true,"value":"1702682181"},"xms_rp_ipaddr":{"value":"2001:db8::1"}}}"#;
    for (claims, expected) in [
        (address, address),
        (MSAL_CHALLENGE, NBF),
        (r#" { "access_token" : { "nbf" : { "value" : 1700000000, "essential" : true } } } "#, NBF),
        // In base64, as `WWW-Authenticate` has it.
        (
            "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzAwMDAwMDAwIn19fQ==",
            NBF,
        ),
        // As the tests of the Azure SDKs have it: with a diagnosis, which shapes no token.
        (CAE_ERROR, AFTER_IT),
    ] {
        for sent in on_both_routes(claims) {
            let world = World::new();
            world.issue("one", 3600);
            assert_eq!(sent.to(&world.isolate).token(), "one");
            assert_eq!(sent_on(&world.isolate), [expected]);
        }
    }
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    world.issue("two", 3600);
    let claims: String = form_urlencoded::byte_serialize(CAE_ERROR.as_bytes()).collect();
    let report = Sent::post("/revoke", &format!("token=one&claims={claims}"));
    assert_eq!(report.to(&world.isolate).status, 200);
    assert_eq!(sent_on(&world.isolate), ["", AFTER_IT]);
}

#[test]
fn the_claims_of_msal_have_its_capability_and_nothing_of_an_id_token() {
    for sent in on_both_routes(MSAL_CP1) {
        let isolate = with_cae(true);
        issue(&isolate, "capable");
        assert_eq!(sent.to(&isolate).token(), "capable");
        assert_eq!(sent_on(&isolate), [CP1]);
    }
}
