//! The broker's metadata as an authorization server: where they are, what they say, and for whom.

use serde_json::{Value, json};

use crate::support::federated::{ISSUER, federated};
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate, vars};
use edge_token_broker::http::route::Route;

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

fn got(origin: &'static str, path: &str) -> Response {
    Sent { origin, ..Sent::get(path).by_nobody() }.to(&World::new().isolate)
}

/// The document, or nothing for a 404.
fn document(origin: &'static str, path: &str) -> Option<Value> {
    let response = got(origin, path);
    match response.status {
        200 => Some(response.body),
        404 => None,
        status => panic!("{path}: {status}"),
    }
}

/// The path of each document, its tenant, and the path of its issuer.
const PATHS: [(&str, &str, &str); 14] = [
    (OPENID, "", ""),
    (OAUTH, "", ""),
    ("/t/.well-known/openid-configuration", "/t", "/t"),
    ("/t/v2.0/.well-known/openid-configuration", "/t", "/t/v2.0"),
    ("/.well-known/oauth-authorization-server/t", "/t", "/t"),
    ("/.well-known/oauth-authorization-server/t/v2.0", "/t", "/t/v2.0"),
    ("/Contoso.Example/.well-known/openid-configuration", "/Contoso.Example", "/Contoso.Example"),
    (
        "/.well-known/oauth-authorization-server/Contoso.Example/v2.0",
        "/Contoso.Example",
        "/Contoso.Example/v2.0",
    ),
    ("/0-_./v2.0/.well-known/openid-configuration", "/0-_.", "/0-_./v2.0"),
    ("/common/.well-known/openid-configuration", "/common", "/common"),
    // Names that are parts of paths.
    ("/v2.0/.well-known/openid-configuration", "/v2.0", "/v2.0"),
    ("/v2.0/v2.0/.well-known/openid-configuration", "/v2.0", "/v2.0/v2.0"),
    ("/.well-known/oauth-authorization-server/v2.0", "/v2.0", "/v2.0"),
    ("/token/.well-known/openid-configuration", "/token", "/token"),
];

#[test]
fn each_issuer_has_its_document_where_the_standards_look_for_it() {
    for (path, tenant, issuer) in PATHS {
        let document = document("https://broker.example", path).expect(path);
        let at = |path: &str| format!("https://broker.example{path}");
        assert_eq!(
            document,
            json!({
                "issuer": at(issuer),
                "authorization_endpoint": at(&format!("{tenant}/oauth2/v2.0/authorize")),
                "token_endpoint": at(&format!("{tenant}/oauth2/v2.0/token")),
                "revocation_endpoint": at("/revoke"),
                "jwks_uri": at("/.well-known/jwks.json"),
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported":
                    ["client_secret_basic", "client_secret_post", "private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
                "revocation_endpoint_auth_methods_supported":
                    ["client_secret_basic", "client_secret_post", "private_key_jwt"],
                "revocation_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
            }),
            "{path}"
        );
    }
}

#[test]
fn every_url_of_a_document_is_a_route() {
    for (path, ..) in PATHS {
        let document = document("https://broker.example", path).expect(path);
        let route = |member: &str, method: &str| {
            let url = document[member].as_str().unwrap();
            Route::new(method, url.strip_prefix("https://broker.example").unwrap()).name()
        };
        assert_eq!(route("authorization_endpoint", "GET"), "authorize", "{path}");
        assert_eq!(route("token_endpoint", "POST"), "token_endpoint", "{path}");
        assert_eq!(route("revocation_endpoint", "POST"), "revoke", "{path}");
        assert_eq!(route("jwks_uri", "GET"), "jwks", "{path}");
    }
}

#[test]
fn what_no_tenant_can_be_has_neither_documents_nor_endpoints() {
    let long = "x".repeat(256);
    for tenant in [
        "",
        ".",
        "..",
        "-t",
        "_",
        ".well-known",
        "%74",
        "t%2f",
        "t%20",
        "a:b",
        "a@b",
        "a,b",
        "t/u",
        "t/v2.0/v2.0",
        "t/v1.0",
        "t/V2.0",
        "é",
        "t\"",
        "{tenant}",
        long.as_str(),
    ] {
        for path in [
            format!("/{tenant}{OPENID}"),
            format!("/{tenant}/v2.0{OPENID}"),
            format!("{OAUTH}/{tenant}"),
            format!("{OAUTH}/{tenant}/v2.0"),
            format!("/{tenant}/oauth2/v2.0/authorize"),
            format!("/{tenant}/oauth2/v2.0/token"),
        ] {
            assert_eq!(Route::new("GET", &path), Route::NotFound, "{path}");
        }
    }
    for path in [
        "/.well-known",
        "/.well-known/",
        "/.well-known/openid-configuration/",
        "/.well-known/openid-configuration/t",
        "/.well-known/OpenID-Configuration",
        "/.well-known/oauth-authorization-server/",
        "/.well-known/oauth-authorization-servert",
        "/.well-known/oauth-authorization-server/t/",
        "/.well-known/oauth-authorization-server/t/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/.well-known/openid-configuration",
        "/t/.well-known/oauth-authorization-server",
        "/t/.well-known/jwks.json",
        "/t.well-known/openid-configuration",
        "/oauth2/v2.0/authorize/",
        "/oauth2/authorize",
    ] {
        assert_eq!(Route::new("GET", path), Route::NotFound, "{path}");
    }
}

#[test]
fn the_documents_do_not_tell_which_tenants_exist() {
    let world = World::new();
    let text = |tenant: &str| {
        let response = Sent::get(&format!("/{tenant}{OPENID}")).by_nobody().to(&world.isolate);
        response.body.to_string().replace(tenant, "…")
    };
    // `t` is the tenant of the default credential.
    assert_eq!(text("T0"), text("default"));
    assert_eq!(text("T0"), text("nothing.example"));
    assert_eq!(world.upstream_requests() + world.broker.kv.loads.get(), 0);
}

#[test]
fn a_document_has_the_origin_of_its_own_request() {
    for (origin, written) in [
        ("https://broker.example", "https://broker.example"),
        ("https://broker.example:8443", "https://broker.example:8443"),
        ("https://127.0.0.1:8787", "https://127.0.0.1:8787"),
        ("https://[::1]", "https://[::1]"),
        ("http://localhost", "http://localhost"),
        ("http://broker.localhost:8787", "http://broker.localhost:8787"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://[::1]:8787", "http://[::1]:8787"),
        // TLS ends in front of the broker, or the caller forgot it.
        ("http://broker.example", "https://broker.example"),
        ("http://broker.example:8080", "https://broker.example:8080"),
        ("http://localhost.example", "https://localhost.example"),
        ("http://[2001:db8::1]:80", "https://[2001:db8::1]:80"),
        // No URL of a platform. It is JSON all the same.
        (r#"http://a"b\c"#, r#"https://a"b\c"#),
        ("http://\u{7}\u{e9}", "https://\u{7}\u{e9}"),
        ("https://user@broker.example", "https://user@broker.example"),
        ("ftp://broker.example", "https://broker.example"),
        ("https://", "https://"),
    ] {
        let document = document(origin, "/t/v2.0/.well-known/openid-configuration").expect(origin);
        assert_eq!(document["issuer"], format!("{written}/t/v2.0"));
        assert_eq!(document["token_endpoint"], format!("{written}/t/oauth2/v2.0/token"));
        assert_eq!(document["jwks_uri"], format!("{written}/.well-known/jwks.json"));
    }
}

#[test]
fn a_query_is_no_part_of_it() {
    let plain = document("https://broker.example", OPENID);
    for path in [
        "/.well-known/openid-configuration?",
        "/.well-known/openid-configuration?appid=/a#b",
        "/.well-known/oauth-authorization-server#/t",
    ] {
        assert_eq!(document("https://broker.example", path), plain, "{path}");
    }
    assert!(plain.is_some());
}

#[test]
fn issuer_is_the_issuer_of_the_document_without_a_tenant_only() {
    let world = World::of(isolate(&federated()));
    let document =
        |origin, path: &str| Sent { origin, ..Sent::get(path).by_nobody() }.to(&world.isolate).body;
    for path in [OPENID, OAUTH] {
        for origin in [ISSUER, "https://other.example"] {
            let document = document(origin, path);
            assert_eq!(document["issuer"], ISSUER);
            assert_eq!(document["jwks_uri"], format!("{ISSUER}/.well-known/jwks.json"));
            for member in ["authorization_endpoint", "token_endpoint", "revocation_endpoint"] {
                assert!(document[member].as_str().unwrap().starts_with(&format!("{origin}/")));
            }
        }
    }
    for path in ["/t/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/t"]
    {
        assert_eq!(document("https://other.example", path)["issuer"], "https://other.example/t");
    }
}

#[test]
fn the_authorization_endpoint_signs_nobody_in() {
    let world = World::new();
    for target in [
        "/oauth2/v2.0/authorize",
        "/t/oauth2/v2.0/authorize",
        "/t/oauth2/v2.0/authorize?response_type=code&client_id=c&redirect_uri=https%3A%2F%2Fapp.example&state=x",
    ] {
        for method in ["GET", "HEAD"] {
            let sent = Sent { method, ..Sent::get(target).by_nobody() };
            let response = sent.to(&world.isolate);
            assert_eq!((response.status, response.error()), (400, "unsupported_response_type"));
            assert_eq!(
                response.body["error_description"],
                "the broker signs nobody in; it has the client_credentials grant only"
            );
            assert_eq!(response.header("Location"), None);
            assert_eq!(response.header("Cache-Control"), None, "the platform adds no-store");
            let line = world.logged();
            assert_eq!(line["route"], "authorize");
            assert_eq!(line["outcome"], "unsupported_response_type");
        }
        let post = Sent::post(target, "response_type=code").by_nobody().to(&world.isolate);
        assert_eq!((post.status, post.header("Allow")), (405, Some("GET, HEAD")));
    }
    assert_eq!(world.upstream_requests() + world.broker.kv.loads.get(), 0);
}

#[test]
fn the_log_has_the_route_and_not_the_tenant() {
    let world = World::of(isolate(&vars()));
    Sent::get("/t0-tenant/v2.0/.well-known/openid-configuration").by_nobody().to(&world.isolate);
    let line = world.logged();
    assert_eq!((&line["route"], &line["outcome"]), (&"metadata".into(), &"ok".into()));
    assert!(!line.to_string().contains("t0-tenant"));
}
