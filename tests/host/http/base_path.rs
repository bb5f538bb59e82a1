//! A broker below a path of a host that it shares.

use edge_token_broker::base::base_path::{BasePath, BasePathFault};
use edge_token_broker::http::route::Route;

use crate::support::bindings::Vars;
use crate::support::config::{assert_faults, valid};
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate, vars};

fn world() -> World {
    World::of(isolate(&vars().with("BASE_PATH", "/auth")))
}

fn to(world: &World, method: &'static str, target: &str) -> Response {
    Sent { method, ..Sent::get(target).by_nobody() }.to(&world.isolate)
}

#[test]
fn a_base_path_is_plain_segments() {
    for path in ["/auth", "/a/b", "/a-b_c.d", "/Auth", "/0", "/auth/token"] {
        assert_eq!(BasePath::parse(path).unwrap().as_str(), path);
        assert_faults(&valid().with("BASE_PATH", path), &[]);
    }
    for path in [
        "auth",
        "/",
        "//",
        "/auth/",
        "/auth//b",
        "//auth",
        "/.",
        "/..",
        "/a/../b",
        "/.well-known",
        "/a%20b",
        "/a?b",
        "/a#b",
        "/a b",
        " /a",
        "/a ",
        "/ü",
        "/a\\b",
        "/a;b",
        "https://h/auth",
        "/*",
        &format!("/{}", "a".repeat(253)),
    ] {
        assert_eq!(BasePath::parse(path), Err(BasePathFault::NotAPath), "{path}");
    }
    for path in ["/token", "/api", "/oauth2/v2.0/token", "/msi/token", "/healthz"] {
        assert_eq!(BasePath::parse(path), Err(BasePathFault::Route), "{path}");
    }
    assert_faults(
        &valid().with("BASE_PATH", "/auth/"),
        &[
            "BASE_PATH: must be a path such as /auth: a slash before each segment, none at the end, and \
           segments of letters, digits, '.', '-' or '_', beginning with a letter or digit",
        ],
    );
    assert_faults(
        &valid().with("BASE_PATH", "/token"),
        &["BASE_PATH: begins with a route of the broker, such as /token, which comes behind it: \
           choose another path"],
    );
    assert_faults(&valid().with("BASE_PATH", "json:7"), &["BASE_PATH: must be text"]);
}

#[test]
fn the_broker_answers_below_its_path_and_only_there() {
    let world = world();
    for (target, status) in [
        ("/auth/healthz", 200),
        ("/auth/readyz", 200),
        ("/auth/token", 401),
        ("/auth/msi/token", 401),
        ("/auth/api/graph/users", 401),
        ("/auth/.well-known/jwks.json", 200),
        ("/auth/.well-known/openid-configuration", 200),
        ("/auth/.well-known/oauth-authorization-server", 200),
        ("/auth/t/.well-known/openid-configuration", 200),
        ("/.well-known/oauth-authorization-server/auth", 200),
        ("/.well-known/oauth-authorization-server/auth/t/v2.0", 200),
        ("/healthz", 404),
        ("/token", 404),
        ("/api/graph/users", 404),
        ("/auth", 404),
        ("/auth/", 404),
        ("/authx/healthz", 404),
        ("/Auth/healthz", 404),
        ("/auth/auth/healthz", 404),
        ("/x/auth/healthz", 404),
        ("//auth/healthz", 404),
        ("/.well-known/oauth-authorization-server", 404),
        ("/.well-known/oauth-authorization-server/authx", 404),
        ("/.well-known/openid-configuration", 404),
        ("/.well-known/openid-configuration/auth", 404),
    ] {
        assert_eq!(to(&world, "GET", target).status, status, "{target}");
    }
    assert_eq!(to(&world, "POST", "/auth/token").status, 405);
    assert_eq!(to(&world, "POST", "/.well-known/oauth-authorization-server/auth").status, 405);
    world.issue("t1", 3600);
    assert_eq!(Sent::get("/auth/token").to(&world.isolate).token(), "t1");
}

#[test]
fn the_documents_name_what_is_below_the_path() {
    let world = world();
    for target in
        ["/auth/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/auth"]
    {
        let document = to(&world, "GET", target);
        assert_eq!(document.text("issuer"), "https://broker.example/auth");
        let endpoint = "https://broker.example/auth/oauth2/v2.0/token";
        assert_eq!(document.text("token_endpoint"), endpoint);
        assert_eq!(document.text("revocation_endpoint"), "https://broker.example/auth/revoke");
        let keys = "https://broker.example/auth/.well-known/jwks.json";
        assert_eq!(document.text("jwks_uri"), keys);
    }
    let of_tenant = to(&world, "GET", "/auth/t/v2.0/.well-known/openid-configuration");
    assert_eq!(of_tenant.text("issuer"), "https://broker.example/auth/t/v2.0");
    let endpoint = "https://broker.example/auth/t/oauth2/v2.0/token";
    assert_eq!(of_tenant.text("token_endpoint"), endpoint);
}

#[test]
fn without_a_path_nothing_is_inserted() {
    let base = BasePath::default();
    let path = "/.well-known/oauth-authorization-server";
    assert_eq!(Route::below(&base, "GET", path), Route::new("GET", path));
    assert_eq!(Route::below(&base, "GET", "token"), Route::NotFound);
}

#[test]
fn with_a_fault_in_the_path_every_request_is_told_so() {
    let isolate = std::rc::Rc::new(isolate(&vars().with("BASE_PATH", "/auth/")));
    for target in ["/auth/healthz", "/healthz", "/auth/readyz", "/nowhere", "/auth/token"] {
        let refused = Sent::get(target).to(&isolate);
        assert_eq!((refused.status, refused.error()), (503, "temporarily_unavailable"), "{target}");
    }
    let line = isolate.log.sink.lines.borrow()[0].clone();
    assert!(line["faults"][0].as_str().unwrap().starts_with("BASE_PATH: must be a path"));
}

#[test]
fn the_own_issuer_ends_in_the_path() {
    let with = |base: &str, issuer: &str| valid().with("BASE_PATH", base).with("ISSUER", issuer);
    assert_faults(&with("/auth", "https://broker.example/auth"), &[]);
    for issuer in [
        "https://broker.example",
        "https://broker.example/",
        "https://broker.example/auth/",
        "https://broker.example/Auth",
        "https://broker.example/x/auth",
        "https://broker.example//auth",
    ] {
        assert_faults(
            &with("/auth", issuer),
            &["ISSUER: must be the broker's own origin with BASE_PATH behind it, such as \
               https://example.com/auth: lower case, no slash at the end (http for loopback hosts \
               only)"],
        );
    }
    let world = World::of(isolate(
        &vars().with("BASE_PATH", "/auth").with("ISSUER", "https://broker.example/auth"),
    ));
    let document = to(&world, "GET", "/auth/.well-known/openid-configuration");
    assert_eq!(document.text("issuer"), "https://broker.example/auth");
    assert_eq!(document.text("jwks_uri"), "https://broker.example/auth/.well-known/jwks.json");
}

fn with_api(base: &str) -> Vars {
    let apis =
        format!(r#"json:{{"graph":{{"base":"{base}","credential":"default","scope":"s"}}}}"#);
    vars().with("BASE_PATH", "/auth").with("APIS", &apis)
}

/// Another program at the same host may be an API. The broker itself, or what it is below, is none.
#[test]
fn an_api_at_the_same_host_is_not_below_the_path() {
    for (path, is_broker) in [
        ("", true),
        ("/", true),
        ("/auth", true),
        ("/auth/api/graph", true),
        ("/orders", false),
        ("/authx", false),
        ("/x/auth", false),
    ] {
        let vars = with_api(&format!("https://broker.example{path}"));
        let faults: &[&str] = if is_broker {
            &[
                "APIS.graph.base: is at the origin of ISSUER, which is this broker: write the URL of the \
               API itself",
            ]
        } else {
            &[]
        };
        assert_faults(&vars.clone().with("ISSUER", "https://broker.example/auth"), faults);
        let clients = r#"{"c":{"service_binding":true,"allow":[{"api":"graph"}]}}"#;
        let world = World::of_api(isolate(&vars.with("CLIENTS", clients)));
        world.issue("t1", 3600);
        let sent = Sent::get("/auth/api/graph/x").by_nobody().bound_as("c");
        if is_broker {
            assert_eq!(sent.to(&world.isolate).status, 503, "{path}");
        } else {
            drop(sent.onward(&world.isolate));
        }
    }
}

/// `tests/scripts/posts.test.mjs` holds the JavaScript against the same table.
#[test]
fn which_requests_are_for_an_api_is_the_same_in_rust_and_in_javascript() {
    let posts = include_str!("../../workerd/fixtures/posts.json");
    let posts: Vec<serde_json::Value> = serde_json::from_str(posts).unwrap();
    assert!(posts.len() > 10);
    for post in &posts {
        let text = |name: &str| post[name].as_str().unwrap();
        let base = match text("base") {
            "" => BasePath::default(),
            base => BasePath::parse(base).unwrap(),
        };
        let route = Route::below(&base, "POST", text("path"));
        let is_for_api = matches!(route, Route::Api { .. });
        assert_eq!(Some(is_for_api), post["isForApi"].as_bool(), "{post}");
    }
}
