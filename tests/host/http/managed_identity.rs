//! `GET /msi/token`: which token a managed identity gets, and the form of the answer.

use std::rc::Rc;

use serde_json::json;

use crate::support::clock::run;
use crate::support::config::DIGEST;
use crate::support::sent::{Response, Sent, settled};
use crate::support::world::{START, SimulatedIsolate, isolate, vars};

const VAULT: &str = "https://vault.azure.net";

/// An isolate with two credentials, whose only client has Key Vault on both and Storage on the default one.
fn two_credentials() -> Rc<SimulatedIsolate> {
    let credentials = json!({
        "Contoso": { "tenant": "contoso.com", "client_id": "APP-2", "client_secret": "SECOND" },
    });
    let grant = |credential, scope: &str| json!({ "credential": credential, "scope": scope });
    let clients = json!({ "c": { "key_sha256": [DIGEST], "allow": [
        grant("default", "https://storage.azure.com/.default"),
        grant("default", "https://vault.azure.net/.default"),
        grant("Contoso", "https://vault.azure.net/.default"),
    ] } });
    let vars = vars().with("CREDENTIALS", &credentials.to_string()).with("SECOND", "second");
    Rc::new(isolate(&vars.with("CLIENTS", &clients.to_string())))
}

fn issue(isolate: &SimulatedIsolate, token: &str) {
    let answer = json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": token });
    isolate.broker.servers.endpoint.answer(200, &answer.to_string());
}

/// The answer to `query`, and the path and the scope of the request that went upstream, if one did.
fn asked(query: &str) -> (Response, Option<(String, String)>) {
    let isolate = two_credentials();
    issue(&isolate, "t");
    let response = Sent::managed_identity(query).to(&isolate);
    let endpoint = &isolate.broker.servers.endpoint;
    let upstream = endpoint.requests.borrow().first().map(|(_, body)| {
        let mut pairs = form_urlencoded::parse(body.as_bytes()).into_owned();
        let url = endpoint.sent.borrow().first().unwrap().0.clone();
        (url, pairs.find(|(name, _)| name == "scope").unwrap().1)
    });
    (response, upstream)
}

#[track_caller]
fn granted(query: &str, tenant: &str) {
    let (response, upstream) = asked(query);
    assert_eq!(response.token(), "t", "{query}");
    let (url, scope) = upstream.unwrap();
    assert_eq!(scope, "https://vault.azure.net/.default", "{query}");
    assert!(url.ends_with(&format!("/{tenant}/oauth2/v2.0/token")), "{query}: {url}");
}

#[track_caller]
fn refused(query: &str, status: u16, words: &str) {
    let (response, upstream) = asked(query);
    assert_eq!(response.status, status, "{query}: {}", response.body);
    assert_eq!(response.body.get("statusCode").unwrap(), status);
    assert!(response.text("message").contains(words), "{query}: {}", response.body);
    assert_eq!(response.text("correlationId"), "id");
    assert_eq!(upstream, None, "{query}: no request goes upstream");
}

#[test]
fn the_answer_has_texts_only_and_expires_on_behind_expires_in() {
    let isolate = two_credentials();
    // The answer takes a moment.
    issue(&isolate, "t\"\\");
    let sent = Sent::managed_identity(&format!("resource={VAULT}/"));
    for tier in ["upstream", "memory"] {
        let response = sent.to(&isolate);
        let expires_on = START / 1000 + 3600;
        let members =
            ["access_token", "expires_in", "expires_on", "resource", "token_type", "client_id"];
        let values = members.map(|name| response.text(name));
        let expected =
            ["t\"\\", "3599", &expires_on.to_string(), "https://vault.azure.net/", "Bearer", "app"];
        assert_eq!(values, expected, "{tier}");
        assert_eq!(response.body.as_object().unwrap().len(), members.len());
        assert_eq!(response.header("Pragma"), Some("no-cache"));
    }
    let text = run(settled(sent.begin(&isolate))).reply.body;
    let places =
        ["access_token", "expires_in", "expires_on", "resource", "token_type", "client_id"]
            .map(|name| text.find(&format!("\"{name}\":")).unwrap());
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn a_slash_at_the_end_of_the_resource_does_not_count() {
    for resource in [VAULT.to_owned(), format!("{VAULT}/")] {
        granted(&format!("resource={resource}"), "t");
    }
}

#[test]
fn the_identity_is_named_by_credential_or_by_application_id_in_any_case() {
    for (id, tenant) in [
        ("default", "t"),
        ("DEFAULT", "t"),
        ("app", "t"),
        ("APP", "t"),
        ("Contoso", "contoso.com"),
        ("CONTOSO", "contoso.com"),
        ("contoso", "contoso.com"),
        ("app-2", "contoso.com"),
        ("APP-2", "contoso.com"),
    ] {
        granted(&format!("resource={VAULT}&client_id={id}"), tenant);
    }
    // A tenant is no identity.
    for id in ["contoso.com", "t", "nobody"] {
        refused(
            &format!("resource={VAULT}&client_id={id}"),
            403,
            "the credential that client_id names, or without client_id the credential default",
        );
    }
}

#[test]
fn of_two_credentials_of_one_application_the_first_grant_counts() {
    let credential =
        |tenant| json!({ "tenant": tenant, "client_id": "twin", "client_secret": "SECOND" });
    let credentials = json!({ "a": credential("a.com"), "b": credential("b.com") });
    let vars = vars().with("CREDENTIALS", &credentials.to_string()).with("SECOND", "second");
    for [first, second] in [["a", "b"], ["b", "a"]] {
        let grant =
            |name| json!({ "credential": name, "scope": "https://vault.azure.net/.default" });
        let allow = [grant(first), grant(second)];
        let clients = json!({ "c": { "key_sha256": [DIGEST], "allow": allow } });
        let isolate = Rc::new(isolate(&vars.clone().with("CLIENTS", &clients.to_string())));
        for (id, expected) in [("twin", first), ("a", "a"), ("b", "b")] {
            issue(&isolate, "t");
            Sent::managed_identity(&format!("resource={VAULT}&client_id={id}")).to(&isolate);
            let logged = isolate.log.sink.lines.borrow().last().cloned().unwrap();
            assert_eq!(logged["credential"], expected, "{id}");
        }
    }
}

#[test]
fn what_is_not_granted_is_403() {
    refused(
        "resource=https://graph.microsoft.com",
        403,
        "the scope that is the resource and /.default",
    );
    refused(
        "resource=https://storage.azure.com&client_id=app-2",
        403,
        "not granted the requested resource",
    );
    refused(&format!("resource={VAULT}//"), 403, "not granted the requested resource");
    refused(&format!("resource={VAULT}/.default"), 403, "not granted the requested resource");
    refused(&format!("resource={VAULT}&resource=https://storage.azure.com"), 403, "not granted");
}

#[test]
fn what_is_malformed_is_400_and_named() {
    refused("", 400, "parameter resource is missing");
    refused("client_id=app&client_id=app", 400, "parameter client_id was sent more than once");
    for name in ["mi_res_id", "msi_res_id", "object_id", "principal_id", "clientid"] {
        let words = format!("parameter {name} is not supported: name the identity by client_id");
        refused(&format!("resource={VAULT}&{name}=x"), 400, &words);
    }
    for version in ["", "api-version=2017-09-01&"] {
        let mut sent = Sent::managed_identity("");
        sent.target = format!("/msi/token?{version}resource={VAULT}");
        let response = sent.to(&two_credentials());
        assert_eq!(response.status, 400);
        assert!(response.text("message").contains("api-version must be 2019-08-01"), "{version}");
    }
    refused(&format!("resource={VAULT}&x={}", "a".repeat(40_000)), 400, "query is over 32 KiB");
}

#[test]
fn the_client_key_is_in_its_own_header_and_nowhere_else() {
    let mut sent = Sent::managed_identity(&format!("resource={VAULT}"));
    for header in [None, Some("")] {
        sent.platform.identity_header = header;
        sent.authorization = Some("Bearer key".to_owned());
        let response = sent.to(&two_credentials());
        assert_eq!(response.status, 401);
        assert_eq!(
            response.header("WWW-Authenticate"),
            Some(r#"Bearer realm="edge-token-broker""#)
        );
        assert!(response.text("message").starts_with("X-IDENTITY-HEADER is missing"));
    }
    sent.platform.identity_header = Some("wrong");
    // An unknown caller learns nothing else.
    sent.target = "/msi/token?resource=%00".to_owned();
    let response = sent.to(&two_credentials());
    assert_eq!(response.status, 401);
    assert!(response.text("message").starts_with("client authentication failed"));
}

#[test]
fn what_the_platform_knows_counts_without_the_header() {
    let clients = json!({ "c": { "service_binding": true, "allow": [
        { "credential": "default", "scope": "https://vault.azure.net/.default" },
    ] } });
    let isolate = Rc::new(isolate(&vars().with("CLIENTS", &clients.to_string())));
    issue(&isolate, "t");
    let mut sent = Sent::managed_identity(&format!("resource={VAULT}")).bound_as("c");
    sent.platform.identity_header = None;
    assert_eq!(sent.to(&isolate).token(), "t");
}

#[test]
fn each_request_is_in_the_log_as_any_other() {
    let isolate = two_credentials();
    issue(&isolate, "t");
    Sent::managed_identity(&format!("resource={VAULT}")).to(&isolate);
    let lines = isolate.log.sink.lines.borrow();
    let line = lines.last().unwrap();
    let seen = ["route", "client_id", "proof", "credential", "scope", "outcome"]
        .map(|name| line.get(name).unwrap().as_str().unwrap());
    assert_eq!(
        seen,
        ["msi_token", "c", "key_sha256", "default", "https://vault.azure.net/.default", "miss"]
    );
}

#[test]
fn a_resource_that_is_not_granted_is_in_the_log_as_a_scope() {
    for (resource, logged) in [
        ("https://other.example", Some("https://other.example/.default")),
        ("https://other.example/", Some("https://other.example/.default")),
        ("a%22b", None),
    ] {
        let isolate = two_credentials();
        let refused = Sent::managed_identity(&format!("resource={resource}")).to(&isolate);
        assert_eq!(refused.status, 403);
        let lines = isolate.log.sink.lines.borrow();
        let scope = lines.last().unwrap().get("scope").and_then(|scope| scope.as_str());
        assert_eq!(scope, logged);
    }
}
