//! The end of an exchange: its CORS headers, its line in the log, the work behind its response.

use std::rc::Rc;

use edge_token_broker::base::time::{Millis, UnixMillis};

use crate::support::clock::run;
use crate::support::config::DIGEST;
use crate::support::sent::{Sent, settled};
use crate::support::tokens::token;
use crate::support::world::{START, World, isolate, vars};

const PAGE: &str = "https://app.example";

/// `c` may be used by the pages of [`PAGE`], and `d`, whose key is `other`, by those of no origin.
fn with_pages() -> World {
    let other = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";
    let client = |digest: &str, more: &str| {
        format!(
            r#"{{"key_sha256":["{digest}"],"allow":[{{"credential":"default","scope":"s"}}]{more}}}"#
        )
    };
    let page = format!(r#","origins":["{PAGE}"]"#);
    let clients = format!(r#"{{"c":{},"d":{}}}"#, client(DIGEST, &page), client(other, ""));
    World::of(isolate(&vars().with("CLIENTS", &clients)))
}

/// In memory is a token that is good for this long.
fn holding(world: &World, secs: u64) {
    let held = token("held", UnixMillis(START), Millis::from_secs(secs));
    world.broker.memory.remember(world.grant.token_key, held, UnixMillis(START));
}

#[test]
fn a_hit_has_cors_headers_for_the_clients_own_pages() {
    let world = with_pages();
    holding(&world, 3600);
    let origin = |sent: Sent| {
        let response = sent.to(&world.isolate);
        assert_eq!(response.token(), "held");
        response.header("Access-Control-Allow-Origin").map(str::to_owned)
    };
    assert_eq!(origin(Sent::default().on_page(PAGE)).as_deref(), Some(PAGE));
    assert_eq!(origin(Sent::default().on_page("https://other.example")), None);
    assert_eq!(origin(Sent::default()), None);
    assert_eq!(origin(Sent::default().by("Bearer other").on_page(PAGE)), None, "no page of `d`");
}

#[test]
fn a_refusal_has_cors_headers_for_any_clients_pages() {
    let world = with_pages();
    for (origin, allowed) in [(PAGE, Some(PAGE)), ("https://other.example", None)] {
        let refused = Sent::default().by("Bearer wrong").on_page(origin).to(&world.isolate);
        assert_eq!(refused.status, 401);
        assert_eq!(refused.header("Access-Control-Allow-Origin"), allowed);
        assert_eq!(refused.header("Vary"), allowed.map(|_| "Origin"));
    }
}

#[test]
fn a_preflight_is_answered_to_a_listed_origin_only() {
    let world = with_pages();
    let ask = Sent { method: "OPTIONS", authorization: None, ..Sent::default() };
    let allowed = ask.clone().on_page(PAGE).to(&world.isolate);
    assert_eq!((allowed.status, allowed.header("Access-Control-Allow-Origin")), (200, Some(PAGE)));
    assert_eq!(allowed.header("Access-Control-Allow-Methods"), Some("GET, POST"));
    for sent in [ask.clone(), ask.on_page("https://other.example")] {
        let refused = sent.to(&world.isolate);
        assert_eq!((refused.status, refused.header("Allow")), (405, Some("GET, HEAD")));
        assert_eq!(refused.header("Access-Control-Allow-Origin"), None);
    }
}

#[test]
fn the_address_is_read_only_where_a_line_is_written() {
    for log_hits in ["true", "false"] {
        let world = World::of(isolate(&vars().with("LOG_HITS", log_hits)));
        let sent = Sent::default().at_address("192.0.2.1");
        world.issue("one", 3600);
        sent.to(&world.isolate);
        assert_eq!(sent.platform.address_reads.get(), 1, "a miss always has a line");
        assert_eq!(world.logged()["address"], "192.0.2.1");
        assert_eq!(sent.to(&world.isolate).cache_status(), "hit; ttl=3599; detail=isolate");
        let lines = if log_hits == "true" { 2 } else { 1 };
        let sink = &world.isolate.log.sink;
        assert_eq!((sink.lines.borrow().len(), sink.counted.get()), (lines, 2), "all are counted");
        assert_eq!(sent.platform.address_reads.get(), lines);
    }
}

#[test]
fn an_address_that_can_be_none_stays_out_of_the_log() {
    let world = World::new();
    world.issue("one", 3600);
    Sent::default().at_address("<script>").to(&world.isolate);
    assert!(world.logged().get("address").is_none());
}

#[test]
fn without_log_hits_a_hit_with_a_failure_still_has_a_line() {
    let world = World::of(isolate(&vars().with("LOG_HITS", "false")));
    holding(&world, 3600);
    world.broker.clock.advance(Millis::from_secs(3000));
    world.refuse(400, "invalid_client", 1);
    assert_eq!(world.request().token(), "held");
    let line = world.logged();
    assert_eq!((&line["outcome"], &line["level"]), (&"hit".into(), &"warn".into()));
    assert_eq!(line["renewal"], "credential_refused");
}

#[test]
fn behind_a_stale_token_the_renewal_comes_first_and_then_the_line() {
    let world = World::new();
    holding(&world, 3600);
    world.broker.clock.advance(Millis::from_secs(3000));
    world.issue("renewed", 3600);
    let answered = run(settled(Sent::default().begin(&world.isolate)));
    assert!(answered.reply.body.contains("held"));
    assert_eq!(world.upstream_requests(), 0, "nobody waits for it");
    assert!(world.isolate.log.sink.lines.borrow().is_empty());
    run(answered.follow_up.unwrap());
    assert_eq!(world.upstream_requests(), 1);
    let line = world.logged();
    assert_eq!((&line["outcome"], &line["renewal"]), (&"hit".into(), &"renewed".into()));
    assert_eq!(line["upstream_requests"], 1);
    let hit = Sent::default().answer_of(&world.isolate);
    assert_eq!((hit.token(), world.broker.kv.ttls.borrow().len()), ("renewed", 1));
}

#[test]
fn a_reported_token_is_replaced_and_only_the_log_tells() {
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    world.issue("two", 3600);
    for (token, outcome) in [("other", "not_current"), ("one", "revoked"), ("two", "not_yet")] {
        let response = Sent::post("/revoke", &format!("token={token}")).to(&world.isolate);
        assert_eq!((response.status, response.body.to_string().as_str()), (200, "{}"));
        let line = world.logged();
        assert_eq!((&line["route"], &line["outcome"]), (&"revoke".into(), &outcome.into()));
    }
    assert_eq!(world.request().token(), "two");
    let requests = Rc::clone(&world.broker.servers.endpoint.requests);
    assert_eq!(requests.borrow().len(), 2);
}

#[test]
fn claims_of_a_report_go_upstream() {
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    world.issue("two", 3600);
    let form = r#"token=one&claims={"access_token":{"nbf":{"value":"1"}}}"#;
    assert_eq!(Sent::post("/revoke", form).to(&world.isolate).status, 200);
    let requests = world.broker.servers.endpoint.requests.borrow();
    assert!(!requests[0].1.contains("claims=") && requests[1].1.contains("claims="));
}

#[test]
fn a_report_is_refused_to_who_is_nobody_and_without_a_token() {
    let world = World::new();
    let nobody = Sent::post("/revoke", "token=t").by("Bearer wrong").to(&world.isolate);
    assert_eq!((nobody.status, nobody.error()), (401, "invalid_token"));
    let nothing = Sent::post("/revoke", "").to(&world.isolate);
    assert_eq!((nothing.status, nothing.error()), (400, "invalid_request"));
    let form = "client_id=c&client_secret=wrong&token=t";
    let by_form = Sent { authorization: None, ..Sent::post("/revoke", form) };
    assert_eq!(by_form.to(&world.isolate).error(), "invalid_client");
}
