//! `resource`, `audience` and `organization`: never dropped (RFC 8707).

use std::rc::Rc;

use crate::support::config::DIGEST;
use crate::support::sent::{Response, Sent};
use crate::support::world::{SimulatedIsolate, isolate, vars};

const GRAPH: &str = "https://graph.microsoft.com/.default";
const VAULT: &str = "https://vault.azure.net/.default";
/// What an Azure SDK makes of a resource that ends with a slash.
const MANAGEMENT: &str = "https://management.azure.com//.default";

/// An isolate whose only client has these scopes.
fn granting(scopes: &[&str]) -> Rc<SimulatedIsolate> {
    let allow: Vec<_> = scopes
        .iter()
        .map(|scope| format!(r#"{{"credential":"default","scope":"{scope}"}}"#))
        .collect();
    let clients = format!(r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{}]}}}}"#, allow.join(","));
    Rc::new(isolate(&vars().with("CLIENTS", &clients)))
}

/// The answers of both routes, and the scope that went upstream, if a request did.
fn asked(scopes: &[&str], parameters: &str) -> [(Response, Option<String>); 2] {
    let form = format!("grant_type=client_credentials&{parameters}");
    let post = Sent::post("/oauth2/v2.0/token", &form).by("Basic YzprZXk=");
    [Sent::get(&format!("/token?{parameters}")), post].map(|sent| {
        let isolate = granting(scopes);
        let endpoint = &isolate.broker.servers.endpoint;
        endpoint.answer(200, r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#);
        let response = sent.to(&isolate);
        let requests = isolate.broker.servers.endpoint.requests.borrow();
        let scope = requests.first().map(|(_, body)| {
            let pairs = form_urlencoded::parse(body.as_bytes());
            pairs.into_owned().find(|(name, _)| name == "scope").unwrap().1
        });
        (response, scope)
    })
}

#[track_caller]
fn granted(scopes: &[&str], parameters: &str, expected: &str) {
    for (response, scope) in asked(scopes, parameters) {
        assert_eq!(response.status, 200, "{parameters}: {}", response.body);
        assert_eq!(scope.as_deref(), Some(expected), "{parameters}");
    }
}

#[track_caller]
fn refused(scopes: &[&str], parameters: &str, error: &str) {
    for (response, scope) in asked(scopes, parameters) {
        assert_eq!((response.status, response.error()), (400, error), "{parameters}");
        assert_eq!(scope, None, "{parameters}: no request goes upstream");
    }
}

#[test]
fn a_resource_that_the_only_grant_does_not_have_is_an_invalid_target() {
    for name in ["resource", "audience"] {
        for other in [
            "https://vault.azure.net",
            "https://graph.microsoft.com.evil.example",
            "https://graph.microsoft.com/v1.0",
            "https://graph.microsoft.com//",
            "https://GRAPH.microsoft.com",
            "graph.microsoft.com",
            "https://graph.microsoft.com/.default",
            " https://graph.microsoft.com",
            "/",
            "*",
        ] {
            refused(&[GRAPH], &format!("{name}={other}"), "invalid_target");
        }
    }
    for organization in ["contoso", "https://graph.microsoft.com", "t"] {
        refused(&[GRAPH], &format!("organization={organization}"), "invalid_target");
    }
}

#[test]
fn a_resource_without_a_scope_names_the_grant() {
    for name in ["resource", "audience"] {
        for (resource, scope) in [
            ("https://vault.azure.net", VAULT),
            ("https://vault.azure.net/", VAULT),
            ("https://management.azure.com", MANAGEMENT),
            ("https://management.azure.com/", MANAGEMENT),
            ("https%3A%2F%2Fgraph.microsoft.com", GRAPH),
        ] {
            granted(&[GRAPH, VAULT, MANAGEMENT], &format!("{name}={resource}"), scope);
        }
    }
    // The request named no scope, so the answer does.
    for (response, _) in asked(&[GRAPH, VAULT], "resource=https://vault.azure.net") {
        assert_eq!(response.body["scope"], VAULT);
    }
}

#[test]
fn a_resource_beside_a_scope_is_that_scopes() {
    let both = |scope: &str, resource: &str| format!("scope={scope}&resource={resource}");
    let scopes = [GRAPH, VAULT];
    granted(&scopes, &both(VAULT, "https://vault.azure.net/"), VAULT);
    refused(&scopes, &both(VAULT, "https://graph.microsoft.com"), "invalid_target");
    for (response, _) in asked(&scopes, &both("https://no.example/.default", "https://no.example"))
    {
        assert!(matches!(response.error(), "invalid_scope" | "insufficient_scope"));
    }
    // A scope of two resources is not the scope of one of them, and one without `/.default` names none.
    let two = "https://first.example/.default%20https://second.example/.default";
    let scopes = ["https://first.example/.default https://second.example/.default", "s"];
    refused(&scopes, &both(two, "https://first.example"), "invalid_target");
    refused(&scopes, "resource=https://first.example", "invalid_target");
    refused(&scopes, "scope=s&resource=s", "invalid_target");
}

#[test]
fn several_resources_are_one_or_an_invalid_target() {
    let [graph, vault] = ["https://graph.microsoft.com", "https://vault.azure.net"];
    let scopes = [GRAPH, VAULT];
    granted(&scopes, &format!("resource={graph}&resource={graph}/"), GRAPH);
    granted(&scopes, &format!("resource={graph}&audience={graph}"), GRAPH);
    granted(&scopes, &format!("resource=&resource={graph}&audience=&organization="), GRAPH);
    refused(&scopes, &format!("resource={graph}&resource={vault}"), "invalid_target");
    refused(&scopes, &format!("resource={graph}&audience={vault}"), "invalid_target");
    refused(&scopes, &format!("resource={graph}&resource={vault}&scope={GRAPH}"), "invalid_target");
    granted(&scopes, &format!("audience={graph}/&audience={graph}"), GRAPH);
    refused(
        &scopes,
        &format!("audience={graph}&audience={vault}&audience={graph}"),
        "invalid_target",
    );
    refused(&[GRAPH], "resource=%20&resource=+", "invalid_target");
    refused(&scopes, "organization=a&organization=a", "invalid_request");
}

#[test]
fn who_is_nobody_learns_nothing_of_targets() {
    for parameters in
        ["resource=https://vault.azure.net", "resource=a&resource=b", "organization=o"]
    {
        let sent = Sent::get(&format!("/token?{parameters}")).by("Bearer wrong");
        assert_eq!(sent.to(&granting(&[GRAPH])).status, 401);
    }
}

#[test]
fn what_would_change_the_token_and_no_grant_has_is_refused_by_name() {
    for (parameter, name) in [
        ("token_type=pop", "token_type"),
        ("req_cnf=e30", "req_cnf"),
        ("fmi_path=a/b", "fmi_path"),
        ("authorization_details=[]", "authorization_details"),
    ] {
        for (response, scope) in asked(&[GRAPH], parameter) {
            assert_eq!((response.status, response.error()), (400, "invalid_request"));
            let description = response.body["error_description"].as_str().unwrap();
            assert!(description.contains(name), "{description}");
            assert_eq!(scope, None);
        }
    }
    granted(&[GRAPH], "token_type=bearer&req_cnf=&tenant=x&client_info=1", GRAPH);
}
