//! `private_key_jwt` (RFC 7523 §2.2), and proofs that are replaced.

use super::{ENDPOINT, ask, description, head, jwt, parameter, vars, with_secret};
use crate::support::keys::{fixture, pair};
use crate::support::world::{START, World, isolate};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

fn world(fields: &str) -> World {
    let entry = format!(r#"{{"token_endpoint":"{ENDPOINT}","client_id":"app",{fields}}}"#);
    let mut vars = vars(&entry, None).with("CERT", &pair("cert.pem", "rsa2048.pem"));
    for (name, file) in [
        ("RSA", "rsa2048.pem"),
        ("RSA2", "other.pem"),
        ("EC", "p256.pem"),
        ("ED", "ed25519.pem"),
        ("EC_JWK", "p256.jwk"),
    ] {
        vars = vars.with(name, &fixture(file));
    }
    let mut jwk: Value = serde_json::from_str(&fixture("rsa2048.jwk")).unwrap();
    jwk["kid"] = json!("of the JWK");
    World::of(isolate(&vars.with("RSA_JWK", &jwk.to_string())))
}

#[test]
fn a_private_key_signs_a_client_assertion() {
    let world = world(r#""private_key":"RSA""#);
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    let [header, claims] = jwt(&world, 0, "client_assertion");
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}));
    let secs = START / 1000;
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("app"), &json!("app")));
    assert_eq!((&claims["aud"], &claims["exp"]), (&json!(ENDPOINT), &json!(secs + 300)));
    assert_eq!(
        parameter(&world, 0, "client_assertion_type").unwrap(),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert_eq!(parameter(&world, 0, "client_id").unwrap(), "app");
    assert_eq!(parameter(&world, 0, "grant_type").unwrap(), "client_credentials");
    assert_eq!(head(&world, 0).1, None);
}

#[test]
fn the_algorithm_is_that_of_the_key_or_of_signing_alg() {
    for (fields, alg) in [
        (r#""private_key":"RSA""#, "RS256"),
        (r#""private_key":"RSA","signing_alg":"PS256""#, "PS256"),
        (r#""private_key":"EC""#, "ES256"),
        (r#""private_key":"ED""#, "EdDSA"),
        (r#""private_key":"ED","signing_alg":"Ed25519""#, "EdDSA"),
        (r#""private_key":"EC_JWK""#, "ES256"),
        (r#""certificate":"CERT""#, "RS256"),
        (r#""certificate":"CERT","signing_alg":"PS256""#, "PS256"),
    ] {
        let world = world(fields);
        world.issue("one", 3600);
        assert_eq!(ask(&world).token(), "one", "{fields}");
        assert_eq!(jwt(&world, 0, "client_assertion")[0]["alg"], alg, "{fields}");
    }
}

#[test]
fn the_id_of_the_key_is_that_of_the_configuration_or_of_the_jwk() {
    for (fields, kid) in [
        (r#""private_key":"RSA_JWK""#, json!("of the JWK")),
        (r#""private_key":"RSA_JWK","key_id":"mine""#, json!("mine")),
        (r#""private_key":"RSA","key_id":"mine""#, json!("mine")),
        (r#""private_key":"RSA","key_id":["mine"]"#, json!("mine")),
    ] {
        let world = world(fields);
        world.issue("one", 3600);
        assert_eq!(ask(&world).token(), "one");
        assert_eq!(jwt(&world, 0, "client_assertion")[0]["kid"], kid, "{fields}");
    }
}

#[test]
fn a_certificate_is_named_by_its_thumbprint() {
    let world = world(r#""certificate":"CERT","assertion_audience":"https://as.example/""#);
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    let [header, claims] = jwt(&world, 0, "client_assertion");
    assert_eq!(header["x5t#S256"].as_str().unwrap().len(), 43);
    assert_eq!(claims["aud"], "https://as.example/");
}

#[test]
fn a_refused_key_makes_way_for_the_next_one() {
    let world = world(r#""private_key":["RSA","RSA2","EC"],"key_id":["a","b","c"]"#);
    for _ in 0..2 {
        world.broker.servers.endpoint.answer(401, r#"{"error":"invalid_client"}"#);
    }
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    let ids = [0, 1, 2].map(|at| jwt(&world, at, "client_assertion")[0]["kid"].clone());
    assert_eq!(ids, [json!("a"), json!("b"), json!("c")]);
}

#[test]
fn a_refused_secret_makes_way_for_the_next_one() {
    let entry = with_secret("").replace("\"SECRET\"", r#"["SECRET","OTHER"]"#);
    let world = super::world(&entry, None);
    world.broker.servers.endpoint.answer(401, "");
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    for (at, pair) in ["app:s3cret", "app:other"].iter().enumerate() {
        let basic = ["Basic ", &Base64::encode_string(pair.as_bytes())].concat();
        assert_eq!(head(&world, at).1.unwrap(), basic);
    }
}

#[test]
fn a_signer_that_fails_or_hangs_is_a_passing_fault() {
    for hangs in [false, true] {
        let world = world(r#""private_key":"EC""#);
        let signer = &world.broker.servers.signer;
        signer.fails.set(!hangs);
        signer.hangs.set(hangs);
        let reply = ask(&world);
        assert_eq!(reply.status, 503);
        assert_eq!(description(&reply), "the broker cannot sign its assertion; retry later");
        assert_eq!(world.upstream_requests(), 0);
    }
}
