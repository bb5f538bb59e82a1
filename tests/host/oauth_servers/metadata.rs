//! Where the broker looks for metadata, and what it refuses in them.

use super::{ask, body, description, head, world};
use crate::support::world::World;
use edge_token_broker::jwt::IssuerUnreachable;
use serde_json::json;

fn credential(server: &str) -> World {
    world(&format!(r#"{{{server},"client_id":"app","client_secret":"SECRET"}}"#), None)
}

/// A world of an issuer, with its metadata at `url` and nothing at the places before.
fn issuer_at(issuer: &str, absent: &[&str], url: &str) -> World {
    let world = credential(&format!(r#""issuer":"{issuer}""#));
    leave_out(&world, absent);
    answer(&world, url, Ok(&metadata(issuer, "https://as.example/token")));
    world
}

fn metadata(issuer: &str, endpoint: &str) -> String {
    json!({"issuer": issuer, "token_endpoint": endpoint, "jwks_uri": null}).to_string()
}

fn answer(world: &World, url: &str, answer: Result<&str, IssuerUnreachable>) {
    let documents = &world.broker.servers.documents;
    match answer {
        Ok(body) => drop(documents.bodies.borrow_mut().insert(url.to_owned(), body.to_owned())),
        Err(fault) => drop(documents.faults.borrow_mut().insert(url.to_owned(), fault)),
    }
}

/// Nothing is at `absent`.
fn leave_out(world: &World, absent: &[&str]) {
    for url in absent {
        answer(world, url, Err(IssuerUnreachable::Status(404)));
    }
}

fn asked(world: &World) -> Vec<String> {
    world.broker.servers.documents.requests.borrow().clone()
}

#[test]
fn metadata_are_found_wherever_servers_have_them() {
    let appended = "https://as.example/realms/r/.well-known/openid-configuration";
    let inserted = "https://as.example/.well-known/oauth-authorization-server/realms/r";
    let inserted_openid = "https://as.example/.well-known/openid-configuration/realms/r";
    let appended_oauth = "https://as.example/realms/r/.well-known/oauth-authorization-server";
    let root = "https://as.example/.well-known/openid-configuration";
    let root_oauth = "https://as.example/.well-known/oauth-authorization-server";
    let port = "https://as.example:8443/.well-known/openid-configuration";
    let cases: [(&str, &[&str], &str); 8] = [
        ("https://as.example/realms/r", &[], appended),
        ("https://as.example/realms/r", &[appended], inserted),
        ("https://as.example/realms/r", &[appended, inserted], inserted_openid),
        ("https://as.example/realms/r", &[appended, inserted, inserted_openid], appended_oauth),
        ("https://as.example", &[], root),
        ("https://as.example/", &[], root),
        ("https://as.example/", &[root], root_oauth),
        ("https://as.example:8443", &[], port),
    ];
    for (issuer, absent, url) in cases {
        let world = issuer_at(issuer, absent, url);
        world.issue("one", 3600);
        assert_eq!(ask(&world).token(), "one", "{issuer}");
        assert_eq!(head(&world, 0).0, "https://as.example/token");
        assert_eq!(asked(&world), [absent, &[url]].concat());
        assert_eq!(body(&world, 0), "grant_type=client_credentials");
    }
}

#[test]
fn the_metadata_of_a_resource_name_its_authorization_server() {
    let root = "https://mcp.example/.well-known/oauth-protected-resource";
    let cases: [(&str, &[&str], String); 4] = [
        ("https://mcp.example/v1/mcp", &[], format!("{root}/v1/mcp")),
        ("https://mcp.example/", &[], root.to_owned()),
        ("https://mcp.example/mcp?a=1", &[], format!("{root}/mcp?a=1")),
        (
            "https://mcp.example/mcp",
            &["https://mcp.example/.well-known/oauth-protected-resource/mcp"],
            root.to_owned(),
        ),
    ];
    for (resource, absent, url) in cases {
        let world = credential(&format!(r#""resource":"{resource}""#));
        leave_out(&world, absent);
        let document = json!({
            "resource": resource,
            "authorization_servers": ["https://as.example", "https://other.example"],
        });
        answer(&world, &url, Ok(&document.to_string()));
        let server = "https://as.example/.well-known/openid-configuration";
        answer(&world, server, Ok(&metadata("https://as.example", "https://as.example/t?a=b")));
        world.issue("one", 3600);
        assert_eq!(ask(&world).token(), "one", "{resource}");
        assert_eq!(head(&world, 0).0, "https://as.example/t?a=b");
        let parameter = super::parameter(&world, 0, "resource");
        assert_eq!(parameter.as_deref(), Some(resource), "RFC 8707");
        assert_eq!(asked(&world), [absent, &[&url, server]].concat());
    }
}

#[test]
fn a_page_instead_of_metadata_leads_to_the_next_place() {
    let appended = "https://as.example/x/.well-known/openid-configuration";
    let inserted = "https://as.example/.well-known/oauth-authorization-server/x";
    let world = issuer_at("https://as.example/x", &[], inserted);
    answer(&world, appended, Ok("\n<!doctype html><html>"));
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    assert_eq!(asked(&world), [appended, inserted]);
}

/// What an operator reads of metadata that are no good.
fn complaint(server: &str, documents: &[(&str, Result<&str, IssuerUnreachable>)]) -> String {
    let world = credential(server);
    for (url, what) in documents {
        answer(&world, url, *what);
    }
    let reply = ask(&world);
    assert_eq!(reply.status, 503);
    assert_eq!(world.upstream_requests(), 0, "a secret must not go anywhere");
    let words = description(&reply).to_owned();
    let prefix = "the metadata of the authorization server cannot be fetched; retry later (";
    let reason = words.strip_prefix(prefix).unwrap().strip_suffix(')').unwrap().to_owned();
    let logged = world.logged()["reason"].as_str().unwrap().to_owned();
    assert_eq!(logged, ["authorization server unavailable: no metadata: ", &reason].concat());
    assert_eq!(world.logged()["level"], "error");
    reason
}

#[test]
fn metadata_that_are_no_good_say_why() {
    let url = "https://as.example/.well-known/openid-configuration";
    let cases = [
        (
            Ok(r#"{"issuer":"https://as.example/","token_endpoint":"https://as.example/t"}"#),
            "the issuer in it is another one, or missing",
        ),
        (
            Ok(r#"{"token_endpoint":"https://as.example/t"}"#),
            "the issuer in it is another one, or missing",
        ),
        (Ok(r#"{"issuer":"https://as.example"}"#), "token_endpoint is missing"),
        (
            Ok(r#"{"issuer":"https://as.example","token_endpoint":"http://as.example/t"}"#),
            "token_endpoint in it is not https, or not plain",
        ),
        (
            Ok(r#"{"issuer":"https://as.example","token_endpoint":"http://localhost/t"}"#),
            "token_endpoint in it is not https, or not plain",
        ),
        (
            Ok(r#"{"issuer":"https://as.example","token_endpoint":"https://u:p@as.example/t"}"#),
            "token_endpoint in it is not https, or not plain",
        ),
        (Ok("nothing"), "the answer is not JSON"),
        (Ok("[]"), "the issuer in it is another one, or missing"),
        (
            Ok(
                r#"{"issuer":"https://as.example","issuer":"https://as.example","token_endpoint":"https://as.example/t"}"#,
            ),
            "the issuer in it is another one, or missing",
        ),
        (Err(IssuerUnreachable::NoConnection), "no connection"),
        (Err(IssuerUnreachable::Status(500)), "status 500"),
        (Err(IssuerUnreachable::Status(301)), "a redirect, which is not followed: status 301"),
        (Err(IssuerUnreachable::TooLarge), "the answer is over 256 KiB"),
    ];
    for (document, expected) in cases {
        let reason = complaint(r#""issuer":"https://as.example""#, &[(url, document)]);
        assert_eq!(reason, ["metadata of the issuer: ", expected].concat());
    }
}

#[test]
fn the_metadata_of_a_resource_that_are_no_good_say_why() {
    let url = "https://mcp.example/.well-known/oauth-protected-resource";
    let server = "https://as.example/.well-known/openid-configuration";
    let good =
        r#"{"resource":"https://mcp.example","authorization_servers":["https://as.example"]}"#;
    let cases = [
        (
            Ok(
                r#"{"resource":"https://mcp.example/","authorization_servers":["https://as.example"]}"#,
            ),
            "resource: the resource in it is another one, or missing",
        ),
        (
            Ok(r#"{"resource":"https://mcp.example","authorization_servers":[]}"#),
            "resource: its first authorization server is missing, not https, or not plain",
        ),
        (
            Ok(
                r#"{"resource":"https://mcp.example","authorization_servers":["http://localhost"]}"#,
            ),
            "resource: its first authorization server is missing, not https, or not plain",
        ),
        (Err(IssuerUnreachable::Status(404)), "resource: status 404"),
        (Ok(good), "issuer: status 404"),
    ];
    for (document, expected) in cases {
        let mut documents = vec![(url, document)];
        for place in [server, "https://as.example/.well-known/oauth-authorization-server"] {
            documents.push((place, Err(IssuerUnreachable::Status(404))));
        }
        let reason = complaint(r#""resource":"https://mcp.example""#, &documents);
        assert_eq!(reason, ["metadata of the ", expected].concat());
    }
}

#[test]
fn plain_http_is_for_a_server_that_is_on_this_machine_as_a_whole() {
    let issuer = "http://localhost:8080";
    let url = "http://localhost:8080/.well-known/openid-configuration";
    let world = issuer_at(issuer, &[], url);
    answer(&world, url, Ok(&metadata(issuer, "http://127.0.0.1:8080/token")));
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    assert_eq!(head(&world, 0).0, "http://127.0.0.1:8080/token");
}
