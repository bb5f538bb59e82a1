//! Faults of a credential at an OAuth server.

use super::{vars, with_secret};
use crate::support::bindings::Vars;
use crate::support::config::{assert_faults, faults};
use crate::support::keys::{fixture, pair};
use edge_token_broker::jwt::signing::KeyFault;

fn with_keys(entry: &str) -> Vars {
    let vars =
        vars(entry, None).with("KEY", &fixture("rsa2048.pem")).with("EC", &fixture("p256.pem"));
    vars.with("CERT", &pair("cert.pem", "rsa2048.pem"))
}

#[test]
fn a_credential_has_one_server() {
    for (server, other) in
        [("issuer", "resource"), ("issuer", "token_endpoint"), ("tenant", "issuer")]
    {
        let entry = format!(
            r#"{{"{server}":"https://as.example","{other}":"https://as.example","client_id":"app","client_secret":"SECRET"}}"#
        );
        let expected =
            format!("CREDENTIALS.x.{other}: stands beside {server}: a credential has one server");
        assert_faults(&vars(&entry, None), &[&expected]);
    }
}

#[test]
fn faults_of_the_server() {
    let url = "must be an https URL (http for loopback hosts only)";
    for (server, value, expected) in [
        ("issuer", "as.example", url),
        ("issuer", "http://as.example", url),
        ("issuer", "https://as.example?a=b", url),
        ("issuer", "https://as.example/#a", url),
        ("issuer", "https://<tenant>.auth0.com/", url),
        ("issuer", "https://u:p@as.example", url),
        ("issuer", "", url),
        (
            "issuer",
            "https://as.example/.well-known/openid-configuration",
            "names the metadata; an issuer is the text of issuer in them, before /.well-known",
        ),
        ("resource", "http://mcp.example", url),
        ("token_endpoint", "http://as.example/token", url),
        ("token_endpoint", "/token", url),
    ] {
        let entry =
            format!(r#"{{"{server}":"{value}","client_id":"app","client_secret":"SECRET"}}"#);
        assert_faults(&vars(&entry, None), &[&format!("CREDENTIALS.x.{server}: {expected}")]);
    }
    let entry = r#"{"issuer":7,"client_id":"app","client_secret":"SECRET"}"#;
    assert_faults(&vars(entry, None), &["CREDENTIALS.x.issuer: must be text"]);
}

#[test]
fn faults_of_single_fields() {
    let reserved = "cannot be set here, because the broker itself sets it: remove it";
    let lifetime = "must be whole seconds, from 1 to 31536000";
    for (more, field, expected) in [
        (r#","tenant_id":"t""#, "tenant_id", "is not a known field"),
        (r#","authority_host":"https://a""#, "authority_host", "is not a known field"),
        (
            r#","auth_method":"none""#,
            "auth_method",
            "must be client_secret_basic or client_secret_post",
        ),
        (r#","auth_method":1"#, "auth_method", "must be text"),
        (r#","grant":"password""#, "grant", "must be client_credentials or jwt_bearer"),
        (r#","key_id":"k""#, "key_id", "has a meaning only beside private_key: remove it"),
        (
            r#","signing_alg":"RS256""#,
            "signing_alg",
            "has a meaning only beside private_key or certificate: remove it",
        ),
        (
            r#","assertion_audience":"a""#,
            "assertion_audience",
            "has a meaning only beside private_key or certificate: remove it",
        ),
        (
            r#","assertion":{}"#,
            "assertion",
            "has a meaning only beside the grant jwt_bearer: remove it",
        ),
        (r#","parameters":[]"#, "parameters", "must be a table (JSON object)"),
        (r#","parameters":{"a":1}"#, "parameters.a", "must be text"),
        (r#","parameters":{"a":""}"#, "parameters.a", "must not be empty"),
        (
            r#","parameters":{"a":"<id>"}"#,
            "parameters.a",
            "is the placeholder of an example: write your own value",
        ),
        (r#","parameters":{"a":"1","a":"2"}"#, "parameters.a", "appears twice"),
        (r#","parameters":{"":"1"}"#, "parameters.", reserved),
        (r#","parameters":{"client_id":"1"}"#, "parameters.client_id", reserved),
        (r#","parameters":{"client_secret":"1"}"#, "parameters.client_secret", reserved),
        (r#","parameters":{"client_assertion":"1"}"#, "parameters.client_assertion", reserved),
        (
            r#","parameters":{"client_assertion_type":"1"}"#,
            "parameters.client_assertion_type",
            reserved,
        ),
        (r#","parameters":{"assertion":"1"}"#, "parameters.assertion", reserved),
        (r#","parameters":{"scope":"1"}"#, "parameters.scope", reserved),
        (r#","parameters":{"claims":"1"}"#, "parameters.claims", reserved),
        (r#","default_expires_in":0"#, "default_expires_in", lifetime),
        (r#","default_expires_in":31536001"#, "default_expires_in", lifetime),
        (r#","default_expires_in":1.5"#, "default_expires_in", lifetime),
        (r#","default_expires_in":"600""#, "default_expires_in", lifetime),
        (r#","response_fields":"id""#, "response_fields", "must be a list"),
        (r#","response_fields":[]"#, "response_fields", "must not be empty"),
        (r#","response_fields":[1]"#, "response_fields[0]", "must be text"),
        (r#","response_fields":["a","access_token"]"#, "response_fields[1]", reserved),
        (r#","response_fields":["error"]"#, "response_fields[0]", reserved),
        (
            r#","certificate":"CERT""#,
            "certificate",
            "stands beside client_secret: a credential has one kind of proof",
        ),
    ] {
        let expected = format!("CREDENTIALS.x.{field}: {expected}");
        assert_faults(&with_keys(&with_secret(more)), &[&expected]);
    }
}

#[test]
fn the_fixed_resource_stands_in_no_parameter() {
    let entry = with_secret(r#","parameters":{"resource":"https://other.example"}"#)
        .replace("token_endpoint", "resource");
    assert_faults(
        &vars(&entry, None),
        &[
            "CREDENTIALS.x.parameters.resource: cannot be set here, because the broker itself sets it: remove it",
        ],
    );
}

#[test]
fn faults_of_proofs_and_grants() {
    let alg = "must go with signing_alg: RS256 or PS256 for RSA, ES256 for P-256, EdDSA for Ed25519, and \
               for a JWK what its alg says";
    let ids = "must have one id for each key of private_key, in the same order";
    for (fields, field, expected) in [
        (r#""client_id":"app""#, "client_secret", "is missing"),
        (r#""client_secret":"SECRET""#, "client_id", "is missing"),
        (
            r#""client_id":"app","client_secret":"NONE""#,
            "client_secret",
            "must name an existing secret binding (the name of the binding, not the secret itself)",
        ),
        (
            r#""client_id":"app","private_key":"SECRET""#,
            "private_key",
            &KeyFault::NotPem.to_string(),
        ),
        (r#""client_id":"app","private_key":"KEY","signing_alg":"ES256""#, "private_key", alg),
        (
            r#""client_id":"app","private_key":["KEY","EC"],"signing_alg":"RS256""#,
            "private_key[1]",
            alg,
        ),
        (r#""client_id":"app","private_key":"KEY","signing_alg":"HS256""#, "signing_alg", alg),
        (r#""client_id":"app","certificate":"CERT","signing_alg":"ES256""#, "signing_alg", alg),
        (r#""client_id":"app","private_key":["KEY","EC"],"key_id":"k""#, "key_id", ids),
        (r#""client_id":"app","private_key":"KEY","key_id":["a","b"]"#, "key_id", ids),
        (
            r#""client_id":"app","private_key":"KEY","assertion_audience":"""#,
            "assertion_audience",
            "must not be empty",
        ),
        (
            r#""client_id":"app","private_key":"KEY","auth_method":"client_secret_post""#,
            "auth_method",
            "has a meaning only beside client_secret: remove it",
        ),
        (
            r#""client_id":"app","grant":"jwt_bearer","private_key":"KEY""#,
            "assertion",
            "is missing",
        ),
        (
            r#""grant":"jwt_bearer","private_key":"KEY","assertion":{"sub":"u"}"#,
            "client_id",
            "is missing",
        ),
        (
            r#""client_id":"app","grant":"jwt_bearer","private_key":"KEY","assertion":{"exp":1}"#,
            "assertion.exp",
            "cannot be set here, because the broker itself sets it: remove it",
        ),
        (
            r#""client_id":"app","grant":"jwt_bearer","private_key":"KEY","assertion":{"a":null}"#,
            "assertion.a",
            "must be text, a whole number or a boolean, or a list of these; nothing empty",
        ),
        (
            r#""client_id":"app","grant":"jwt_bearer","private_key":"KEY","assertion":{},"parameters":{"grant_type":"x"}"#,
            "parameters.grant_type",
            "cannot be set here, because the broker itself sets it: remove it",
        ),
    ] {
        let entry = format!(r#"{{"token_endpoint":"https://as.example/token",{fields}}}"#);
        assert_faults(&with_keys(&entry), &[&format!("CREDENTIALS.x.{field}: {expected}")]);
    }
}

#[test]
fn an_assertion_is_signed_with_a_key_and_not_a_secret() {
    let entry = with_secret(r#","grant":"jwt_bearer","assertion":{}"#);
    assert_eq!(
        faults(&vars(&entry, None)),
        [
            "CREDENTIALS.x.private_key: is missing",
            "CREDENTIALS.x.client_secret: has a meaning only beside the grant client_credentials: remove it",
        ]
    );
}
