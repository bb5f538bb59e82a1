//! The exchange: its steps in their order, told by what the caller sees and by what was called.

use std::rc::Rc;

use edge_token_broker::base::ports::StoreError;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::http::exchange::{Pending, Progress};
use edge_token_broker::tokens::coordinator::{Handout, Source};
use edge_token_broker::tokens::ports::Coordinated;
use edge_token_broker::tokens::record;
use edge_token_broker::tokens::token::CachedToken;

use crate::support::bindings::Vars;
use crate::support::clock::run;
use crate::support::platform::SimulatedLimiter;
use crate::support::ports::SimulatedPorts;
use crate::support::sent::{Response, Sent};
use crate::support::tokens::token;
use crate::support::world::{START, SimulatedIsolate, World, isolate, vars};

/// An isolate whose configuration has a fault.
fn misconfigured() -> Rc<SimulatedIsolate> {
    let mut isolate = isolate(&vars().with("AZ_TENANT", ""));
    isolate.client_limit = SimulatedLimiter::of(0);
    isolate.failure_limit = SimulatedLimiter::of(0);
    Rc::new(isolate)
}

fn limited(client: SimulatedLimiter, failure: SimulatedLimiter) -> World {
    let mut isolate = isolate(&vars());
    (isolate.client_limit, isolate.failure_limit) = (client, failure);
    World::of(isolate)
}

fn hour_token(text: &str) -> CachedToken {
    token(text, UnixMillis(START), Millis::from_secs(3600))
}

/// A coordinator that has this token answers one call.
fn prepare_coordinator(world: &World, text: &str) {
    let handed = Ok(Handout { token: hour_token(text), source: Source::Held });
    let answer = Coordinated { handed, trail: None, failing_for: Millis(0) };
    world.broker.coordinator.answers.borrow_mut().push_back(Ok(answer));
}

#[track_caller]
fn done(progress: Progress<SimulatedPorts>) -> Response {
    match progress {
        Progress::Done(answered) => Response::of(&answered),
        Progress::ReadStore(_) => panic!("it reads KV"),
        _ => panic!("it waits"),
    }
}

#[track_caller]
fn later(progress: Progress<SimulatedPorts>) -> Response {
    match progress {
        Progress::Later(answered) => Response::of(&run(answered)),
        Progress::ReadStore(_) => panic!("it reads KV"),
        Progress::Done(answered) => panic!("it is answered: {}", answered.reply.body),
        _ => panic!("it is sent on"),
    }
}

/// A miss of isolate memory.
#[track_caller]
fn pending(world: &World) -> Box<Pending<SimulatedPorts>> {
    match Sent::default().begin(&world.isolate) {
        Progress::ReadStore(pending) => pending,
        Progress::Done(answered) => panic!("it is answered: {}", answered.reply.body),
        _ => panic!("it waits"),
    }
}

#[test]
fn the_route_is_found_before_anything_else() {
    let isolate = misconfigured();
    for (method, target, status) in
        [("GET", "/nowhere", 404), ("GET", "/healthz", 200), ("GET", "/readyz", 503)]
    {
        let sent = Sent { method, ..Sent::get(target).by("Bearer wrong") };
        assert_eq!(done(sent.begin(&isolate)).status, status, "{target}");
    }
    let sent = Sent { method: "PUT", ..Sent::default() };
    let refused = done(sent.begin(&isolate));
    assert_eq!((refused.status, refused.header("Allow")), (405, Some("GET, HEAD")));
    assert!(isolate.failure_limit.counted.borrow().is_empty());
}

#[test]
fn a_fault_of_the_configuration_comes_before_authentication() {
    let isolate = misconfigured();
    for sent in [
        Sent::default().by("Bearer wrong").at_address("192.0.2.1"),
        Sent { authorization: None, ..Sent::get("/token?scope=a&scope=b") },
        Sent::post("/revoke", "token=t"),
        Sent::post("/oauth2/v2.0/token", "grant_type=password"),
    ] {
        let refused = done(sent.begin(&isolate));
        assert_eq!((refused.status, refused.error()), (503, "temporarily_unavailable"));
    }
    assert!(isolate.client_limit.counted.borrow().is_empty());
    assert!(isolate.failure_limit.counted.borrow().is_empty());
    let line = isolate.log.sink.lines.borrow()[0].clone();
    assert_eq!((&line["outcome"], &line["level"]), (&"misconfigured".into(), &"error".into()));
    assert!(line["faults"][0].as_str().unwrap().contains("AZ_TENANT"));
}

#[test]
fn a_wrong_key_is_401_whatever_the_query() {
    let world = World::new();
    let refused = |query: &str| {
        let sent = Sent::get(&format!("/token{query}")).by("Bearer wrong");
        let response = done(sent.begin(&world.isolate));
        assert_eq!(response.status, 401, "{query}");
        response
    };
    let plain = refused("");
    assert_eq!(plain.error(), "invalid_token");
    for query in ["?scope=s", "?scope=%22", "?scope=a&scope=b", "?min_ttl=x", "?credential=none"] {
        let response = refused(query);
        assert_eq!((response.body, response.headers), (plain.body.clone(), plain.headers.clone()));
    }
    // A caller who is somebody is told.
    for (query, status) in [("?scope=a&scope=b", 400), ("?min_ttl=x", 400), ("?scope=no", 403)] {
        let sent = Sent::get(&format!("/token{query}"));
        assert_eq!(done(sent.begin(&world.isolate)).status, status, "{query}");
    }
}

#[test]
fn a_clients_rate_limit_is_counted_after_authentication_and_before_the_grant() {
    let world = limited(SimulatedLimiter::of(2), SimulatedLimiter::default());
    let wrong = Sent::default().by("Bearer wrong");
    assert_eq!(later(wrong.begin(&world.isolate)).status, 401);
    assert!(world.isolate.client_limit.counted.borrow().is_empty());
    world.issue("one", 3600);
    assert_eq!(later(Sent::default().begin(&world.isolate)).token(), "one");
    let not_granted = Sent::get("/token?scope=no");
    assert_eq!(later(not_granted.begin(&world.isolate)).status, 403);
    for sent in [Sent::default(), not_granted] {
        let refused = later(sent.begin(&world.isolate));
        assert_eq!((refused.status, refused.error()), (429, "slow_down"));
        assert_eq!(refused.header("Retry-After"), Some("10"));
    }
    assert_eq!(*world.isolate.client_limit.counted.borrow(), ["c"; 4]);
    let line = world.logged();
    assert_eq!((&line["client_id"], &line["outcome"]), (&"c".into(), &"slow_down".into()));
}

#[test]
fn failed_authentication_is_counted_by_network_and_over_its_limit_is_429() {
    let world = limited(SimulatedLimiter::default(), SimulatedLimiter::of(1));
    let status = |sent: Sent| later(sent.begin(&world.isolate)).status;
    let wrong = |address| Sent::default().by("Bearer wrong").at_address(address);
    assert_eq!(status(wrong("2001:db8:1:2:3:4:5:6")), 401);
    assert_eq!(status(wrong("2001:db8:1:2:ffff::1")), 429, "one customer");
    assert_eq!(status(wrong("2001:db8:1:3::1")), 401, "another one");
    assert_eq!(status(wrong("192.0.2.1")), 401);
    assert_eq!(status(wrong("192.0.2.2")), 401);
    assert_eq!(status(wrong("192.0.2.2")), 429);
    let networks = ["2001:db8:1:2::", "2001:db8:1:2::", "2001:db8:1:3::"];
    let addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.2"];
    let counted = world.isolate.failure_limit.counted.borrow().clone();
    assert_eq!(counted, [networks, addresses].concat());
    // Without an address, or with a text that can be none, there is nobody to count.
    assert_eq!(status(wrong("no address")), 401);
    assert_eq!(status(Sent::default().by("Bearer wrong")), 401);
    // What is refused for any other reason, or not at all, is not counted.
    let malformed = Sent::get("/token?min_ttl=x").at_address("192.0.2.2");
    assert_eq!(done(malformed.begin(&world.isolate)).status, 400);
    world.issue("one", 3600);
    assert_eq!(Sent::default().at_address("192.0.2.2").to(&world.isolate).token(), "one");
    assert_eq!(world.isolate.failure_limit.counted.borrow().len(), counted.len());
}

#[test]
fn a_hit_takes_no_future_and_never_touches_the_store() {
    let world = World::new();
    prepare_coordinator(&world, "unused");
    world.broker.memory.remember(world.grant.token_key, hour_token("held"), UnixMillis(START));
    let hit = done(Sent::default().begin(&world.isolate));
    assert_eq!((hit.token(), hit.cache_status()), ("held", "hit; ttl=3600; detail=isolate"));
    assert_eq!(world.broker.kv.loads.get(), 0);
    assert!(world.broker.coordinator.wants.borrow().is_empty());
    assert_eq!(world.logged()["tier"], "isolate");
}

#[test]
fn a_miss_reads_kv_and_a_record_there_is_the_answer() {
    let world = World::new();
    prepare_coordinator(&world, "unused");
    let pending = pending(&world);
    assert_eq!(*pending.token_key(), world.grant.token_key);
    let sealed = record::seal_for(&world.grant, &hour_token("stored"), [1; 24]);
    let hit = done(pending.resume(Ok(Some(sealed))));
    assert_eq!((hit.token(), hit.cache_status()), ("stored", "hit; ttl=3600; detail=kv"));
    assert!(world.broker.coordinator.wants.borrow().is_empty());
    let again = done(Sent::default().begin(&world.isolate));
    assert_eq!(again.cache_status(), "hit; ttl=3600; detail=isolate");
}

#[test]
fn without_a_record_the_coordinator_is_called_and_then_nobody() {
    for (loaded, note) in [
        (Ok(None), None),
        (Err(StoreError::TimedOut), Some("timeout")),
        (Ok(Some(vec![9])), Some("unknown_version")),
    ] {
        let world = World::new();
        prepare_coordinator(&world, "coordinated");
        let hit = later(pending(&world).resume(loaded));
        assert_eq!(
            (hit.token(), hit.cache_status()),
            ("coordinated", "hit; ttl=3600; detail=coordinator")
        );
        assert_eq!(world.broker.coordinator.wants.borrow().len(), 1);
        assert_eq!(world.upstream_requests(), 0);
        assert_eq!(world.logged()["kv_read"].as_str(), note);
    }
}

#[test]
fn a_token_that_came_while_kv_was_read_is_the_answer() {
    let world = World::new();
    let pending = pending(&world);
    world.broker.memory.remember(world.grant.token_key, hour_token("meanwhile"), UnixMillis(START));
    let hit = done(pending.resume(Err(StoreError::Failed)));
    assert_eq!((hit.token(), hit.cache_status()), ("meanwhile", "hit; ttl=3600; detail=isolate"));
}

#[test]
fn without_kv_nothing_is_read() {
    let world = World::new();
    world.broker.kv.failure.set(Some(StoreError::Unbound));
    prepare_coordinator(&world, "coordinated");
    assert_eq!(later(Sent::default().begin(&world.isolate)).token(), "coordinated");
    assert_eq!(world.broker.kv.loads.get(), 0);
    assert_eq!(world.logged()["kv_read"], "unbound");
}

#[test]
fn the_token_endpoint_picks_the_credential_by_its_path() {
    let world = World::new();
    world.issue("one", 3600);
    let form = "grant_type=client_credentials&client_id=c&client_secret=key";
    let sent = Sent { authorization: None, ..Sent::post("/default/oauth2/v2.0/token", form) };
    let response = sent.to(&world.isolate);
    assert_eq!(
        (response.token(), world.logged()["route"].as_str()),
        ("one", Some("token_endpoint"))
    );
    let other = Sent { target: "/none/oauth2/v2.0/token".to_owned(), ..sent };
    assert_eq!(done(other.begin(&world.isolate)).error(), "unauthorized_client");
    let no_form = Sent { method: "POST", ..Sent::get("/oauth2/v2.0/token") };
    assert_eq!(done(no_form.begin(&world.isolate)).error(), "invalid_request");
    let no_vars = Rc::new(isolate(&Vars::default()));
    assert_eq!(done(no_form.begin(&no_vars)).status, 503);
}
