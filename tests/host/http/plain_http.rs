//! A proof in the clear: a request over plain http is refused before anything is looked up.

use std::rc::Rc;

use edge_token_broker::http::exchange::Progress;

use crate::support::bindings::Vars;
use crate::support::platform::SimulatedLimiter;
use crate::support::sent::{Response, Sent};
use crate::support::world::{SimulatedIsolate, World, isolate, vars};

const FORM: &str = "grant_type=client_credentials&client_id=c&client_secret=key";

/// The client `c`, which may also call by service binding.
fn bindable() -> Vars {
    let clients =
        r#"{"c":{"service_binding":true,"allow":[{"credential":"default","scope":"s"}]}}"#;
    vars().with("CLIENTS", clients)
}

fn over(origin: &'static str, sent: Sent) -> Sent {
    Sent { origin, ..sent }
}

/// Every request that takes a proof.
fn proofs() -> Vec<Sent> {
    vec![
        Sent::default(),
        Sent::default().by_nobody(),
        Sent::default().by("Bearer wrong"),
        Sent::get("/token?scope=a&scope=b"),
        Sent { method: "HEAD", ..Sent::default() },
        Sent::post("/oauth2/v2.0/token", FORM).by_nobody(),
        Sent::post("/default/oauth2/v2.0/token", FORM).by_nobody(),
        Sent { method: "POST", ..Sent::get("/oauth2/v2.0/token") },
        Sent::post("/revoke", "token=t"),
        Sent::post("/revoke", "token=t&client_id=c&client_secret=key").by_nobody(),
        // A method that the path does not have.
        Sent::post("/token", FORM).by_nobody(),
        Sent::get("/oauth2/v2.0/token"),
        Sent { method: "PUT", ..Sent::get("/default/oauth2/v2.0/token").by_nobody() },
        Sent { method: "DELETE", ..Sent::get("/revoke") },
        // A key where none is taken.
        Sent::get("/healthz"),
        Sent::get("/nowhere").by("Basic YzprZXk="),
        Sent { target: "/msi/token/".to_owned(), ..Sent::managed_identity("") },
        Sent { target: "/".to_owned(), ..Sent::managed_identity("") },
    ]
}

#[track_caller]
fn assert_refused(sent: &Sent, isolate: &Rc<SimulatedIsolate>) {
    let Progress::Done(answered) = sent.begin(isolate) else { panic!("it looks something up") };
    let refused = Response::of(&answered);
    assert_eq!((refused.status, refused.error()), (400, "invalid_request"), "{}", sent.target);
    let text = refused.body.to_string();
    assert!(text.contains("https") && text.contains("replace"), "{text}");
    assert_eq!(refused.header("Location"), None, "a redirect would hide the fault");
}

#[test]
fn an_azure_sdk_is_told_in_the_form_that_it_reads() {
    let isolate = Rc::new(isolate(&vars()));
    for sent in [Sent::managed_identity("resource=r"), Sent::get("/msi/token").by_nobody()] {
        let refused = over("http://broker.example", sent).to(&isolate);
        assert_eq!((refused.status, &refused.body["statusCode"]), (400, &400.into()));
        assert!(refused.text("message").contains("use https"), "{}", refused.body);
    }
}

#[test]
fn a_proof_over_plain_http_is_refused_before_anything_is_looked_up() {
    let mut limited = isolate(&vars());
    limited.client_limit = SimulatedLimiter::of(0);
    limited.failure_limit = SimulatedLimiter::of(0);
    let world = World::of(limited);
    for host in
        ["http://broker.example", "http://broker.example:8080", "http://10.0.0.1", "http://[::2]"]
    {
        for sent in proofs() {
            assert_refused(&over(host, sent), &world.isolate);
        }
    }
    let line = world.logged();
    assert_eq!((&line["outcome"], &line["level"]), (&"invalid_request".into(), &"warn".into()));
    assert_eq!(line.get("client_id"), None);
    assert!(world.isolate.client_limit.counted.borrow().is_empty());
    assert!(world.isolate.failure_limit.counted.borrow().is_empty());
    assert_eq!(world.broker.kv.loads.get() + world.upstream_requests(), 0);
}

#[test]
fn hosts_that_only_look_like_loopback_are_refused() {
    let world = World::new();
    for host in [
        "http://localhost.example",
        "http://localhost..",
        "http://notlocalhost",
        "http://127.0.0.1.example",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://127.0.0.1@broker.example",
        "http://localhost:80@broker.example",
        "http://[::ffff:10.0.0.1]",
        "http://[::1].example",
        "http://.localhost",
    ] {
        assert_refused(&over(host, Sent::default()), &world.isolate);
    }
}

#[test]
fn loopback_is_served() {
    let world = World::new();
    world.issue("one", 3600);
    for host in [
        "https://broker.example",
        "http://localhost",
        "http://localhost:8787",
        "http://LocalHost",
        "http://broker.LOCALHOST:8787",
        "http://127.0.0.1:8787",
        "http://127.9.9.9",
        "http://[::1]",
        "http://[::1]:8787",
    ] {
        assert_eq!(over(host, Sent::default()).to(&world.isolate).token(), "one", "{host}");
    }
}

#[test]
fn health_checks_and_what_is_no_route_stay() {
    let world = World::new();
    for (target, status) in [("/healthz", 200), ("/readyz", 200), ("/token/", 404)] {
        for method in ["GET", "HEAD"] {
            let sent = Sent { method, ..Sent::get(target).by_nobody() };
            let sent = over("http://broker.example", sent);
            assert_eq!(sent.to(&world.isolate).status, status, "{method} {target}");
        }
    }
}

#[test]
fn a_service_binding_has_no_network_whatever_its_url_says() {
    let world = World::of(isolate(&bindable()));
    world.issue("one", 3600);
    for sent in
        [Sent::get("/token"), Sent::post("/oauth2/v2.0/token", "grant_type=client_credentials")]
    {
        let bound = over("http://broker", sent.by_nobody()).bound_as("c");
        assert_eq!(bound.to(&world.isolate).token(), "one", "{}", bound.target);
    }
    let revoke = over("http://broker", Sent::post("/revoke", "token=t").by_nobody());
    assert_eq!(revoke.clone().bound_as("c").to(&world.isolate).status, 200);
    assert_refused(&revoke, &world.isolate);
    let of_another = over("http://broker", Sent::default().by_nobody()).bound_as("nobody");
    assert_eq!(of_another.to(&world.isolate).status, 401);
}

#[test]
fn allow_http_is_for_those_who_end_tls_elsewhere() {
    for (value, served) in [("true", true), ("json:true", true), ("false", false), ("", false)] {
        let world = World::of(isolate(&vars().with("ALLOW_HTTP", value)));
        world.issue("one", 3600);
        let sent = over("http://broker.example", Sent::default());
        if served {
            assert_eq!(sent.to(&world.isolate).token(), "one", "{value}");
        } else {
            assert_refused(&sent, &world.isolate);
        }
    }
}

#[test]
fn a_preflight_over_plain_http_is_refused_so_that_no_proof_follows() {
    let clients = r#"{"c":{"service_binding":true,"origins":["http://localhost:3000"],"allow":[{"credential":"default","scope":"s"}]}}"#;
    let world = World::of(isolate(&vars().with("CLIENTS", clients)));
    for target in ["/token", "/oauth2/v2.0/token", "/revoke"] {
        let ask = Sent { method: "OPTIONS", ..Sent::get(target).by_nobody() };
        let ask = ask.on_page("http://localhost:3000");
        assert_eq!(ask.clone().to(&world.isolate).status, 200);
        assert_refused(&over("http://broker.example", ask), &world.isolate);
    }
}

#[test]
fn a_configuration_with_a_fault_allows_no_http() {
    let faulty = Rc::new(isolate(&Vars::default().with("ALLOW_HTTP", "true")));
    for sent in proofs() {
        assert_refused(&over("http://broker.example", sent), &faulty);
    }
    let ready = over("http://broker.example", Sent::get("/readyz").by_nobody());
    assert_eq!(ready.to(&faulty).status, 503);
    for host in ["https://broker.example", "http://localhost"] {
        assert_eq!(over(host, Sent::default()).to(&faulty).status, 503);
    }
}

#[test]
fn managed_identity_over_plain_http_is_refused_in_its_own_form() {
    let isolate = Rc::new(isolate(&vars()));
    let sent = over("http://broker.example", Sent::get("/msi/token").by_nobody());
    let Progress::Done(answered) = sent.begin(&isolate) else { panic!("it looks something up") };
    let refused = Response::of(&answered);
    assert_eq!((refused.status, &refused.body["statusCode"]), (400, &400.into()));
    let text = refused.body["message"].to_string();
    assert!(text.contains("https") && text.contains("replace"), "{text}");
}
