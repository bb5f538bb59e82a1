//! Every 401 has a challenge (RFC 9110 §15.5.2), and every other status the header that it requires.

use crate::support::jwt::compact;
use crate::support::sent::{Response, Sent};
use crate::support::world::World;

const BASIC: &str = r#"Basic realm="edge-token-broker""#;
const BEARER: &str = r#"Bearer realm="edge-token-broker""#;
const BEARER_INVALID: &str = r#"Bearer realm="edge-token-broker", error="invalid_token""#;

const TOKEN_ENDPOINT: &str = "/oauth2/v2.0/token";
const GRANT: &str = "grant_type=client_credentials";
const WRONG_SECRET: &str = "client_id=c&client_secret=wrong";

fn assertion() -> String {
    let jwt = compact(r#"{"alg":"ES256","kid":"k"}"#, r#"{"iss":"c","sub":"c"}"#);
    format!(
        "client_assertion={jwt}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
         client-assertion-type%3Ajwt-bearer"
    )
}

fn bearer_jwt() -> String {
    let jwt = compact(r#"{"alg":"ES256","kid":"k"}"#, r#"{"iss":"https://i.example"}"#);
    format!("Bearer {jwt}")
}

fn form(fields: &[&str]) -> String {
    fields.join("&")
}

/// Asserts a 401, and returns its challenge.
#[track_caller]
fn challenge(sent: &Sent) -> String {
    let Response { status, headers, body } = sent.to(&World::new().isolate);
    assert_eq!(status, 401, "{body}");
    headers.get("WWW-Authenticate").cloned().unwrap_or_default()
}

#[test]
fn a_401_of_the_token_endpoint_has_a_basic_challenge_wherever_the_proof_was() {
    for target in [TOKEN_ENDPOINT, "/default/oauth2/v2.0/token"] {
        let post = |fields: &[&str]| Sent::post(target, &form(fields)).by_nobody();
        for sent in [
            post(&[GRANT, WRONG_SECRET]),
            post(&[GRANT]),
            post(&[GRANT, "client_id=c"]),
            post(&[GRANT, "client_id=nobody&client_secret=x"]),
            post(&[GRANT, &assertion()]),
            post(&[GRANT]).by("Basic !"),
            post(&[GRANT]).by(&bearer_jwt()),
            post(&[GRANT]).bound_as("c"),
        ] {
            assert_eq!(challenge(&sent), BASIC, "{target} {:?}", sent.body);
        }
    }
}

#[test]
fn a_401_of_revoke_has_the_challenge_of_the_way_that_the_caller_took() {
    let revoke = |fields: &[&str]| Sent::post("/revoke", &form(fields)).by_nobody();
    for (sent, expected) in [
        (revoke(&["token=t"]), BASIC),
        (revoke(&["token=t", WRONG_SECRET]), BASIC),
        (revoke(&["token=t", &assertion()]), BASIC),
        (revoke(&["token=t"]).by("Basic !"), BASIC),
        (revoke(&["token=t"]).bound_as("c"), BASIC),
        (revoke(&["token=t"]).by("Bearer wrong"), BEARER_INVALID),
        (revoke(&["token=t"]).by(&bearer_jwt()), BEARER_INVALID),
    ] {
        assert_eq!(challenge(&sent), expected, "{:?} {:?}", sent.authorization, sent.body);
    }
}

#[test]
fn a_401_of_get_token_has_a_bearer_challenge() {
    for (sent, expected) in [
        (Sent::default().by_nobody(), BEARER),
        (Sent::default().by("Bearer wrong"), BEARER_INVALID),
        (Sent::default().by("Basic Yzprpcg=="), BEARER_INVALID),
        (Sent::default().by(&bearer_jwt()), BEARER_INVALID),
        (Sent::default().by_nobody().bound_as("c"), BEARER_INVALID),
    ] {
        assert_eq!(challenge(&sent), expected, "{:?}", sent.authorization);
    }
}

#[test]
fn a_405_says_which_methods_there_are_and_a_503_when_to_come_back() {
    let world = World::new();
    for target in ["/token", TOKEN_ENDPOINT, "/revoke", "/healthz", "/readyz"] {
        for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
            let refused = Sent { method, ..Sent::get(target) }.to(&world.isolate);
            assert_eq!(refused.status, 405, "{method} {target}");
            assert!(refused.header("Allow").is_some_and(|allow| !allow.contains(method)));
        }
    }
    world.broker.servers.endpoint.answer_with(503, Some("7"), "");
    let unavailable = world.request();
    assert_eq!((unavailable.status, unavailable.header("Retry-After")), (503, Some("7")));
}
