//! The token request of the client credentials grant (RFC 6749 §4.4.2).

use super::{ENDPOINT, ask, body, head, vars, with_secret, world};
use crate::support::world::{World, isolate};
use base64ct::{Base64, Encoding};
use edge_token_broker::config::Config;
use edge_token_broker::upstream::token_key::TokenKey;

#[test]
fn a_client_secret_goes_into_the_header() {
    let world = world(&with_secret(""), Some("read write"));
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    assert_eq!(body(&world, 0), "grant_type=client_credentials&scope=read+write");
    let basic = ["Basic ", &Base64::encode_string(b"app:s3cret")].concat();
    assert_eq!(head(&world, 0), (ENDPOINT.to_owned(), Some(basic)));
}

#[test]
fn client_id_and_secret_are_form_encoded_before_they_go_into_the_header() {
    let entry = with_secret("").replace("\"app\"", "\"an app:1\"");
    let vars = vars(&entry, None).with("SECRET", "p%&+ä:/=x");
    let world = World::of(isolate(&vars));
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    let basic = Base64::encode_string(b"an+app%3A1:p%25%26%2B%C3%A4%3A%2F%3Dx");
    assert_eq!(head(&world, 0).1.unwrap(), ["Basic ", &basic].concat());
}

#[test]
fn a_client_secret_goes_into_the_body_on_request() {
    let world = world(&with_secret(r#","auth_method":"client_secret_post""#), None);
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    assert_eq!(body(&world, 0), "grant_type=client_credentials&client_id=app&client_secret=s3cret");
    assert_eq!(head(&world, 0), (ENDPOINT.to_owned(), None));
}

#[test]
fn fixed_parameters_are_sent_and_may_have_a_grant_type() {
    let parameters = r#","parameters":{"audience":"https://api.example/","organization":"o 1"}"#;
    let auth0 = world(&with_secret(parameters), None);
    auth0.issue("one", 3600);
    assert_eq!(ask(&auth0).token(), "one");
    assert_eq!(
        body(&auth0, 0),
        "grant_type=client_credentials&audience=https%3A%2F%2Fapi.example%2F&organization=o+1"
    );
    let parameters = r#","parameters":{"grant_type":"account_credentials","account_id":"7"}"#;
    let zoom = world(&with_secret(parameters), None);
    zoom.issue("one", 3600);
    assert_eq!(ask(&zoom).token(), "one");
    assert_eq!(body(&zoom, 0), "grant_type=account_credentials&account_id=7");
}

fn key_of(entry: &str) -> TokenKey {
    Config::parse(&vars(entry, None)).unwrap().grants().next().unwrap().token_key
}

#[test]
fn everything_that_changes_the_token_is_in_its_key() {
    let bearer = |claims: &str| {
        let vars = vars(
            &format!(
                r#"{{"token_endpoint":"{ENDPOINT}","client_id":"app","grant":"jwt_bearer","private_key":"KEY","assertion":{{{claims}}}}}"#
            ),
            None,
        );
        let vars = vars.with("KEY", &crate::support::keys::fixture("p256.pem"));
        Config::parse(&vars).unwrap().grants().next().unwrap().token_key
    };
    let secret = with_secret("");
    let mut keys = vec![
        key_of(&secret),
        key_of(&secret.replace("as.example/token", "as.example/token2")),
        key_of(&secret.replace("token_endpoint", "issuer")),
        key_of(&secret.replace("token_endpoint", "resource")),
        key_of(&secret.replace("\"app\"", "\"app2\"")),
        key_of(&secret.replace("SECRET", "OTHER")),
        key_of(&with_secret(r#","parameters":{"audience":"a"}"#)),
        key_of(&with_secret(r#","parameters":{"audience":"b"}"#)),
        key_of(&with_secret(r#","parameters":{"audience":"a","x":"y"}"#)),
        key_of(&with_secret(r#","parameters":{"audience":"axy"}"#)),
        key_of(&with_secret(r#","parameters":{"resource":"a"}"#)),
        key_of(&with_secret(r#","default_expires_in":600"#)),
        key_of(&with_secret(r#","response_fields":["a"]"#)),
        key_of(&with_secret(r#","response_fields":["a","b"]"#)),
        bearer(r#""sub":"a""#),
        bearer(r#""sub":"b""#),
        bearer(r#""sub":1"#),
        bearer(r#""sub":"1""#),
        bearer(r#""sub":["1"]"#),
        bearer(r#""sub":"a","aud":"a""#),
    ];
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn how_the_secret_is_sent_changes_no_token() {
    let post = key_of(&with_secret(r#","auth_method":"client_secret_post""#));
    assert_eq!(key_of(&with_secret("")), post);
}

#[test]
fn two_credentials_that_differ_in_their_audience_share_no_token() {
    let of = |audience: &str| with_secret(&format!(r#","parameters":{{"audience":"{audience}"}}"#));
    let credentials = format!(r#"{{"x":{},"y":{}}}"#, of("a"), of("b"));
    let vars = vars(&of("a"), None).with("CREDENTIALS", &credentials);
    let vars = vars.with(
        "CLIENTS",
        &format!(
            r#"{{"c":{{"key_sha256":["{}"],"allow":[{{"credential":"x"}},{{"credential":"y"}}]}}}}"#,
            crate::support::config::DIGEST
        ),
    );
    let world = World::of(isolate(&vars));
    world.issue("of a", 3600);
    world.issue("of b", 3600);
    for _ in 0..2 {
        for (credential, token) in [("x", "of a"), ("y", "of b")] {
            let target = format!("/token?credential={credential}");
            let sent = crate::support::sent::Sent::get(&target);
            assert_eq!(sent.to(&world.isolate).token(), token);
        }
    }
    assert_eq!(world.upstream_requests(), 2);
}
