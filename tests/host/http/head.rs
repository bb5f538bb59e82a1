//! `HEAD` is `GET` without a body (RFC 9110 §9.3.2). The platform leaves the body out.

use crate::support::bindings::Vars;
use crate::support::platform::SimulatedLimiter;
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate, vars};

/// What `HEAD` and `GET` have in common.
fn seen(response: &Response) -> (u16, Vec<(&str, &str)>) {
    let headers = response.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    (response.status, headers.collect())
}

#[test]
fn head_has_the_status_and_headers_of_get_on_every_path_that_has_get() {
    let faulty = std::rc::Rc::new(isolate(&Vars::default()));
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    for isolate in [&world.isolate, &faulty] {
        for sent in [
            Sent::get("/healthz"),
            Sent::get("/readyz"),
            Sent::get("/token"),
            Sent::get("/token").by("Bearer wrong"),
            Sent::get("/token").by_nobody(),
            Sent::get("/token?scope=other"),
            Sent::get("/nowhere"),
            Sent::get("/oauth2/v2.0/authorize"),
            Sent::get("/.well-known/oauth-authorization-server"),
            Sent::get("/t/v2.0/.well-known/openid-configuration"),
            Sent::get("/.well-known/jwks.json"),
        ] {
            let get = sent.to(isolate);
            let head = Sent { method: "HEAD", ..sent.clone() }.to(isolate);
            assert_eq!(seen(&head), seen(&get), "{}", sent.target);
        }
    }
}

#[test]
fn head_of_a_token_gets_one_and_is_counted_and_logged() {
    let mut limited = isolate(&vars());
    limited.client_limit = SimulatedLimiter::of(1);
    let world = World::of(limited);
    world.issue("one", 3600);
    let head = Sent { method: "HEAD", ..Sent::default() };
    assert_eq!(head.to(&world.isolate).cache_status(), "fwd=miss; stored");
    let line = world.logged();
    assert_eq!((&line["method"], &line["outcome"]), (&"HEAD".into(), &"miss".into()));
    assert_eq!(head.to(&world.isolate).status, 429);
}

#[test]
fn what_has_no_get_has_no_head_and_allow_lists_both() {
    let world = World::new();
    let allow = |method, target| {
        let refused = Sent { method, ..Sent::get(target) }.to(&world.isolate);
        assert_eq!(refused.status, 405, "{method} {target}");
        refused.header("Allow").unwrap().to_owned()
    };
    for target in ["/oauth2/v2.0/token", "/default/oauth2/v2.0/token", "/revoke"] {
        assert_eq!(allow("HEAD", target), "POST");
    }
    for target in ["/token", "/healthz", "/readyz"] {
        assert_eq!(allow("POST", target), "GET, HEAD");
        assert_eq!(allow("head", target), "GET, HEAD", "methods are case-sensitive");
    }
}
