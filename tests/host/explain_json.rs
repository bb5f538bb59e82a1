//! `tools/explain`: its answer as JSON. It is the answer of the page, and has no secret either.

use serde_json::{Value, json};

use crate::explain::{VAULT, bindings, explain};
use crate::explain_apis::with_apis;
use crate::support::config::{DIGEST, GRAPH, TENANT};

/// The exit code and the answer.
fn answer(bindings: &str, question: &[(&str, &str)]) -> (i32, Value) {
    let question = [question, &[("format", "json")]].concat();
    let (code, text) = explain(bindings, &question);
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    (code, serde_json::from_str(&text).unwrap())
}

/// A token of the default credential.
fn graph_token(keep_warm: bool) -> Value {
    json!({
        "scope": GRAPH, "credential": "default", "tenant": TENANT, "application": "app",
        "keep_warm": keep_warm, "cae": false,
    })
}

#[test]
fn everything_has_clients_and_apis() {
    let (code, answer) = answer(&with_apis(), &[]);
    let vault = json!({
        "scope": VAULT, "credential": "fabrikam", "tenant": "fabrikam.example",
        "application": "other", "keep_warm": false, "cae": false,
    });
    let expected = json!({
        "allowed": true,
        "allow_http": false,
        "clients": [
            {
                "id": "billing", "proofs": [{ "field": "key_sha256", "listed": 1 }], "issuers": [], "tokens": [],
                "requests": [
                    { "api": "graph", "methods": ["GET", "HEAD"] },
                    { "api": "vault", "methods": ["GET", "HEAD"] },
                ],
            },
            {
                "id": "reports", "proofs": [{ "field": "key_sha256", "listed": 1 }], "issuers": [],
                "tokens": [graph_token(false)],
                "requests": [
                    { "api": "graph", "methods": ["POST"], "paths": ["/me/**", "/users/*"] },
                ],
            },
        ],
        "apis": [
            {
                "name": "graph", "base": "https://graph.microsoft.com/v1.0",
                "token": graph_token(true), "header": "authorization", "prefix": "Bearer ",
                "first_byte_timeout": 60, "log_path": false,
            },
            {
                "name": "vault", "base": "https://vault.example/", "token": vault,
                "header": "x-key", "prefix": "", "first_byte_timeout": 5, "log_path": true,
            },
        ],
        "federated": [],
    });
    assert_eq!((code, answer), (0, expected));
}

#[test]
fn the_decision_is_that_of_the_page() {
    let questions: [&[(&str, &str)]; 9] = [
        &[("client", "reports"), ("scope", GRAPH)],
        &[("client", "reports"), ("scope", VAULT)],
        &[("client", "billing"), ("scope", GRAPH)],
        &[("client", "nobody")],
        &[("client", "reports"), ("scope", "a\"b")],
        &[("client", "reports"), ("api", "graph")],
        &[("client", "reports"), ("api", "graph"), ("method", "POST"), ("path", "/me/a?b=c")],
        &[("client", "reports"), ("api", "graph"), ("path", "/me")],
        &[("client", "billing"), ("api", "nobody")],
    ];
    for question in questions {
        let (paged, page) = explain(&with_apis(), question);
        let (code, answer) = answer(&with_apis(), question);
        let reason = answer["reason"].as_str().unwrap();
        let line = if paged == 0 {
            assert_eq!(answer["error"], Value::Null);
            format!("allowed: {reason}\n")
        } else {
            format!("refused: {reason} ({})\n", answer["error"].as_str().unwrap())
        };
        assert!(page.starts_with(&line), "{page}{answer}");
        assert_eq!(answer["allowed"], code == 0, "{answer}");
        assert_eq!(code, paged);
    }
}

#[test]
fn if_nobody_may_there_is_no_client_and_no_reason() {
    let (code, answer) = answer(&bindings(""), &[("scope", "https://nobody.example/.default")]);
    let expected = json!({
        "allowed": false, "allow_http": false, "clients": [], "apis": [], "federated": [],
    });
    assert_eq!((code, answer), (1, expected));
}

#[test]
fn what_a_request_without_a_scope_would_get() {
    let without = |bindings: &str| {
        answer(bindings, &[("client", "reports")]).1["clients"][0]["without_scope"].clone()
    };
    let one = bindings("");
    assert_eq!(without(&one), json!({ "credential": "default", "scope": GRAPH }));
    let [other, same] = ["fabrikam", "default"].map(|name| format!(r#"\"credential\":\"{name}\""#));
    let two = without(&one.replace(&other, &same));
    assert!(two["refused"].as_str().unwrap().starts_with("scope is missing"), "{two}");
    assert_eq!(two["scope"], Value::Null);
}

#[test]
fn plain_http_is_a_member() {
    let bindings = bindings("").replacen('{', r#"{"ALLOW_HTTP":{"json":"true"},"#, 1);
    assert_eq!(answer(&bindings, &[]).1["allow_http"], true);
}

#[test]
fn faults_come_with_their_fields() {
    let (code, answer) = answer(&bindings(r#""alow":[],"#), &[("client", "reports")]);
    let expected = json!({
        "allowed": false,
        "faults": [{ "field": "CLIENTS.reports.alow", "reason": "is not a known field" }],
        "allow_http": false, "clients": [], "apis": [], "federated": [],
    });
    assert_eq!((code, answer), (2, expected));
}

#[test]
fn it_has_no_secret_no_digest_and_no_pin() {
    let entry = r#""jwt":[{"issuer":"https://id.example","audience":"pinned-audience","subject":"pinned-subject","claims":{"repository":"pinned-repository"}}],"#;
    let hidden = [
        DIGEST,
        &"c".repeat(64),
        "s3cret",
        "pinned-audience",
        "pinned-subject",
        "pinned-repository",
    ];
    let whole = bindings(entry);
    let faulty = bindings(&format!(r#"{entry}"alow":["pinned-audience"],"#));
    for bindings in [&whole, &faulty] {
        for secret in hidden {
            assert!(bindings.contains(secret), "{secret}");
        }
        for question in [&[] as &[(&str, &str)], &[("client", "reports"), ("scope", GRAPH)]] {
            let text = answer(bindings, question).1.to_string();
            for secret in hidden {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
    let (_, answer) = answer(&whole, &[("client", "reports")]);
    let issuer = json!([{ "issuer": "https://id.example", "pinned": ["sub", "repository"] }]);
    assert_eq!(answer["clients"][0]["issuers"], issuer);
}
