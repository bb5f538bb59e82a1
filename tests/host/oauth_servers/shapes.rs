//! The answers of known servers, each with its oddity.

use super::{ENDPOINT, ask, body, description, jwt, parameter, vars, with_secret, world};
use crate::support::bindings::Vars;
use crate::support::keys::fixture;
use crate::support::world::{START, World, isolate};
use serde_json::json;

#[test]
fn auth0_wants_an_audience_and_has_an_issuer_that_ends_in_a_slash() {
    let entry = r#"{"issuer":"https://acme.auth0.com/","client_id":"app","client_secret":"SECRET","auth_method":"client_secret_post","parameters":{"audience":"https://api.example"}}"#;
    let world = world(entry, None);
    let metadata = json!({
        "issuer": "https://acme.auth0.com/",
        "token_endpoint": "https://acme.auth0.com/oauth/token",
        "mfa_challenge_endpoint": "https://acme.auth0.com/mfa/challenge",
    });
    let url = "https://acme.auth0.com/.well-known/openid-configuration";
    let documents = &world.broker.servers.documents;
    documents.bodies.borrow_mut().insert(url.to_owned(), metadata.to_string());
    let answer = r#"{"access_token":"eyJ.e.s","scope":"read:a write:a","expires_in":86400,"token_type":"Bearer"}"#;
    world.broker.servers.endpoint.answer(200, answer);
    let reply = ask(&world);
    assert_eq!((reply.token(), reply.expires_in()), ("eyJ.e.s", 86400));
    assert_eq!(reply.body["scope"], "read:a write:a");
    assert_eq!(
        body(&world, 0),
        "grant_type=client_credentials&client_id=app&client_secret=s3cret&audience=https%3A%2F%2Fapi.example"
    );
}

fn okta() -> Vars {
    let entry = format!(
        r#"{{"token_endpoint":"{ENDPOINT}","client_id":"0oa1","private_key":"KEY","key_id":"k1"}}"#
    );
    vars(&entry, Some("okta.users.read")).with("KEY", &fixture("rsa2048.pem"))
}

#[test]
fn okta_takes_a_signed_jwt_and_throttles_with_a_time() {
    let world = World::of(isolate(&okta()));
    let endpoint = &world.broker.servers.endpoint;
    let limited = r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit due to too many requests."}"#;
    endpoint.answer_limited(429, &(START / 1000 + 42).to_string(), limited);
    let reply = ask(&world);
    assert_eq!((reply.status, reply.header("Retry-After")), (503, Some("42")));
    let world = World::of(isolate(&okta()));
    let answer = r#"{"token_type":"Bearer","expires_in":3600,"access_token":"eyJ.e.s","scope":"okta.users.read"}"#;
    world.broker.servers.endpoint.answer(200, answer);
    assert_eq!(ask(&world).token(), "eyJ.e.s");
    assert_eq!(jwt(&world, 0, "client_assertion")[0]["kid"], "k1");
    assert_eq!(parameter(&world, 0, "scope").unwrap(), "okta.users.read");
}

#[test]
fn okta_names_a_wrong_key() {
    let world = World::of(isolate(&okta()));
    let refused = r#"{"error":"invalid_client","error_description":"The client_assertion signature is invalid."}"#;
    world.broker.servers.endpoint.answer(401, refused);
    let reply = ask(&world);
    assert!(description(&reply).contains("says: The client_assertion signature is invalid; check"));
}

#[test]
fn keycloak_has_tokens_of_a_minute_and_members_of_its_own() {
    let world = world(&with_secret(""), None);
    let answer = r#"{"access_token":"eyJ.e.s","expires_in":60,"refresh_expires_in":0,"token_type":"Bearer","not-before-policy":0,"scope":"profile email"}"#;
    world.broker.servers.endpoint.answer(200, answer);
    let reply = ask(&world);
    assert_eq!((reply.token(), reply.expires_in()), ("eyJ.e.s", 60));
    assert!(reply.body.get("not-before-policy").is_none());
}

#[test]
fn salesforce_names_no_lifetime_and_an_instance() {
    let more = r#","default_expires_in":900,"response_fields":["instance_url","id"]"#;
    let answer = r#"{"access_token":"00D!AQ","signature":"s=","scope":"api","instance_url":"https://acme.my.salesforce.com","id":"https://login.salesforce.com/id/00D/005","token_type":"Bearer","issued_at":"1710000000000"}"#;
    let world = world(&with_secret(more), None);
    world.broker.servers.endpoint.answer(200, answer);
    for _ in 0..2 {
        let reply = ask(&world);
        assert_eq!((reply.token(), reply.expires_in()), ("00D!AQ", 900));
        assert_eq!(reply.body["instance_url"], "https://acme.my.salesforce.com");
        assert_eq!(reply.body["id"], "https://login.salesforce.com/id/00D/005");
        assert!(reply.body.get("signature").is_none());
    }
    assert_eq!(world.upstream_requests(), 1);
    let another = world.another_isolate();
    let reply = ask(&another);
    assert_eq!(reply.cache_status().split(';').next(), Some("hit"), "from KV");
    assert_eq!(reply.body["instance_url"], "https://acme.my.salesforce.com");
}

#[test]
fn cognito_has_a_token_endpoint_on_another_host_than_its_issuer() {
    let issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc";
    let entry = format!(r#"{{"issuer":"{issuer}","client_id":"app","client_secret":"SECRET"}}"#);
    let world = world(&entry, Some("api/read"));
    let endpoint = "https://acme.auth.eu-west-1.amazoncognito.com/oauth2/token";
    let metadata = json!({"issuer": issuer, "token_endpoint": endpoint});
    let url = format!("{issuer}/.well-known/openid-configuration");
    let documents = &world.broker.servers.documents;
    documents.bodies.borrow_mut().insert(url, metadata.to_string());
    let answer = r#"{"access_token":"eyJ.e.s","expires_in":3600,"token_type":"Bearer"}"#;
    world.broker.servers.endpoint.answer(200, answer);
    assert_eq!(ask(&world).token(), "eyJ.e.s");
    assert_eq!(super::head(&world, 0).0, endpoint);
}

#[test]
fn twitch_has_a_small_bearer_and_months_of_lifetime() {
    let world = world(&with_secret(r#","auth_method":"client_secret_post""#), None);
    let answer = r#"{"access_token":"jostpf5q0uzmxmkba9iyug38kjtgh","expires_in":5011271,"token_type":"bearer"}"#;
    world.broker.servers.endpoint.answer(200, answer);
    let reply = ask(&world);
    assert_eq!(reply.token(), "jostpf5q0uzmxmkba9iyug38kjtgh");
    assert_eq!(reply.expires_in(), 5_011_271);
    assert_eq!(reply.body["token_type"], "Bearer");
}

#[test]
fn paypal_has_a_long_scope_and_members_of_its_own() {
    let world = world(&with_secret(r#","response_fields":["app_id"]"#), None);
    let scope = "https://uri.paypal.com/services/invoicing ".repeat(60);
    let answer = json!({
        "scope": scope,
        "access_token": "A21AAF",
        "token_type": "Bearer",
        "app_id": "APP-80W284485P519543T",
        "expires_in": 31668,
        "nonce": "2020-04-03T15:35:36Z",
    });
    world.broker.servers.endpoint.answer(200, &answer.to_string());
    let reply = ask(&world);
    assert_eq!((reply.token(), reply.expires_in()), ("A21AAF", 31668));
    assert_eq!(reply.body["app_id"], "APP-80W284485P519543T");
}

#[test]
fn zoom_names_a_grant_of_its_own() {
    let more = r#","parameters":{"grant_type":"account_credentials","account_id":"abc"},"response_fields":["api_url"]"#;
    let world = world(&with_secret(more), None);
    let answer = r#"{"access_token":"eyJ.e.s","token_type":"bearer","expires_in":3600,"scope":"user:read:admin","api_url":"https://api.zoom.us"}"#;
    world.broker.servers.endpoint.answer(200, answer);
    let reply = ask(&world);
    assert_eq!(reply.body["api_url"], "https://api.zoom.us");
    assert_eq!(body(&world, 0), "grant_type=account_credentials&account_id=abc");
}

#[test]
fn zoom_says_why_in_words_of_its_own() {
    let world = world(&with_secret(""), None);
    let refused = r#"{"reason":"unsupported grant type","error":"unsupported_grant_type"}"#;
    world.broker.servers.endpoint.answer(400, refused);
    let reply = ask(&world);
    let expected = "says: unsupported grant type; check grant, and what the application is there";
    assert!(description(&reply).ends_with(expected), "{}", description(&reply));
}
