//! The grant `jwt_bearer` (RFC 7523 §2.1).

use super::{ENDPOINT, ask, body, head, jwt, parameter, vars};
use crate::support::bindings::Vars;
use crate::support::keys::{fixture, pair};
use crate::support::world::{START, World, isolate};
use serde_json::json;

fn bearer(more: &str) -> String {
    format!(r#"{{"token_endpoint":"{ENDPOINT}","grant":"jwt_bearer"{more}}}"#)
}

fn with_keys(entry: &str, scope: Option<&str>) -> Vars {
    let certificate = pair("cert.pem", "rsa2048.pem");
    let vars = vars(entry, scope).with("KEY", &fixture("rsa2048.pem"));
    vars.with("CERT", &certificate).with("OTHER_KEY", &fixture("other.pem"))
}

#[test]
fn the_assertion_of_salesforce_has_a_user_and_an_audience_of_its_own() {
    let entry = bearer(
        r#","client_id":"3MVG9","certificate":"CERT","assertion":{"sub":"integration@acme.example","aud":"https://login.salesforce.com"}"#,
    );
    let world = World::of(isolate(&with_keys(&entry, None)));
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    let [header, claims] = jwt(&world, 0, "assertion");
    assert_eq!(header["alg"], "RS256");
    assert!(header["x5t#S256"].is_string());
    let secs = START / 1000;
    assert_eq!(claims["iss"], "3MVG9");
    assert_eq!(claims["sub"], "integration@acme.example");
    assert_eq!(claims["aud"], "https://login.salesforce.com");
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(secs - 30), &json!(secs + 180)));
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
    let grant_type = parameter(&world, 0, "grant_type").unwrap();
    assert_eq!(grant_type, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(head(&world, 0), (ENDPOINT.to_owned(), None));
    assert_eq!(form_urlencoded::parse(body(&world, 0).as_bytes()).count(), 2);
}

#[test]
fn zitadel_needs_no_client_id_and_gets_its_scope_as_a_parameter() {
    let entry = bearer(
        r#","private_key":"KEY","key_id":"k1","assertion_audience":"https://acme.zitadel.cloud","assertion":{"iss":"1003","sub":"1003"}"#,
    );
    let scope = "openid urn:zitadel:iam:org:project:id:1:aud";
    let world = World::of(isolate(&with_keys(&entry, Some(scope))));
    world.issue("one", 43199);
    assert_eq!(ask(&world).token(), "one");
    let [header, claims] = jwt(&world, 0, "assertion");
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("1003"), &json!("1003")));
    assert_eq!(claims["aud"], "https://acme.zitadel.cloud");
    assert_eq!(parameter(&world, 0, "scope").unwrap(), scope);
}

#[test]
fn claims_may_be_numbers_booleans_and_lists() {
    let entry = bearer(
        r#","client_id":"app","private_key":"KEY","assertion":{"n":7,"b":true,"l":["a","b"],"t":"ü\""}"#,
    );
    let world = World::of(isolate(&with_keys(&entry, None)));
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    let [_, claims] = jwt(&world, 0, "assertion");
    assert_eq!((&claims["n"], &claims["b"]), (&json!(7), &json!(true)));
    assert_eq!((&claims["l"], &claims["t"]), (&json!(["a", "b"]), &json!("ü\"")));
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("app"), &json!("app")));
    assert_eq!(claims["aud"], ENDPOINT);
}

#[test]
fn a_refused_assertion_makes_way_for_that_of_the_next_key() {
    let entry = bearer(
        r#","client_id":"app","private_key":["KEY","OTHER_KEY"],"key_id":["old","new"],"assertion":{"sub":"u"}"#,
    );
    let world = World::of(isolate(&with_keys(&entry, None)));
    let endpoint = &world.broker.servers.endpoint;
    endpoint.answer(400, r#"{"error":"invalid_grant","error_description":"invalid assertion"}"#);
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    assert_eq!(jwt(&world, 0, "assertion")[0]["kid"], "old");
    assert_eq!(jwt(&world, 1, "assertion")[0]["kid"], "new");
}
