//! `POST /revoke`: which token is looked for, where, and what one caller's report costs others.

use std::fmt::Write as _;
use std::rc::Rc;

use edge_token_broker::base::ports::StoreError;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::Grant;
use edge_token_broker::tokens::record;
use serde_json::Value;

use crate::support::config::DIGEST;
use crate::support::sent::{Response, Sent};
use crate::support::tokens::token;
use crate::support::world::{START, World, isolate, vars};

const NBF: &str = r#"{"access_token":{"nbf":{"value":"1700000000"}}}"#;

/// A world whose client has grants for the scopes `s0`, `s1` and so on, in two credentials.
fn with_grants(count: usize) -> World {
    let mut allow = String::new();
    for n in 0..count {
        let credential = if n % 2 == 0 { "default" } else { "other" };
        write!(allow, r#"{{"credential":"{credential}","scope":"s{n}"}},"#).unwrap();
    }
    let clients = format!(
        r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{}]}}}}"#,
        allow.trim_end_matches(',')
    );
    let credentials = r#"{"other":{"tenant":"o","client_id":"app","client_secret":"OTHER"}}"#;
    let vars = vars().with("CREDENTIALS", credentials).with("OTHER", "secret");
    World::of(isolate(&vars.with("CLIENTS", &clients)))
}

fn grant(world: &World, n: usize) -> Rc<Grant> {
    Rc::clone(world.isolate.config().unwrap().grants().nth(n).unwrap())
}

/// KV has this token of the grant with number `n`.
fn store(world: &World, n: usize, text: &str) {
    let grant = grant(world, n);
    let token = token(text, UnixMillis(START), Millis::from_secs(3600));
    let sealed = record::seal_for(&grant, &token, [7; 24]);
    world.broker.kv.put(&grant.token_key.kv_name(), sealed);
}

fn revoke(world: &World, token: &str, more: &str) -> Response {
    Sent::post("/revoke", &format!("token={token}{more}")).to(&world.isolate)
}

/// What the log says of a report that is answered with 200.
#[track_caller]
fn outcome(world: &World, token: &str, more: &str) -> Value {
    let answered = revoke(world, token, more);
    assert_eq!((answered.status, answered.body), (200, serde_json::json!({})));
    world.logged().get("outcome").cloned().unwrap()
}

fn loads(world: &World) -> usize {
    world.broker.kv.loads.get()
}

#[test]
fn the_token_of_any_grant_is_found_however_many_there_are() {
    let world = with_grants(100);
    for n in [0, 31, 32, 33, 99] {
        store(&world, n, "held");
        world.issue("new", 3600);
        assert_eq!(outcome(&world, "held", ""), "revoked", "grant {n}");
        world.broker.kv.values.borrow_mut().clear();
    }
}

#[test]
fn a_record_that_does_not_open_does_not_end_the_search() {
    let world = with_grants(40);
    for n in 0..39 {
        world.broker.kv.put(&grant(&world, n).token_key.kv_name(), vec![9; 60]);
    }
    store(&world, 39, "held");
    world.issue("new", 3600);
    assert_eq!(outcome(&world, "held", ""), "revoked");
}

#[test]
fn what_is_no_token_of_the_client_is_looked_for_once_in_half_a_minute() {
    let world = with_grants(100);
    for made_up in ["nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.AAAA"] {
        let before = loads(&world);
        for _ in 0..20 {
            assert_eq!(outcome(&world, made_up, ""), "not_current");
        }
        assert_eq!(loads(&world) - before, 100, "{made_up}");
        world.broker.clock.advance(Millis::from_secs(31));
        outcome(&world, made_up, "");
        assert_eq!(loads(&world) - before, 200, "{made_up}");
    }
    // This memory is bounded, and is no reason to miss a token that is in isolate memory.
    for n in 0..3000 {
        outcome(&world, &format!("made-up-{n}"), "&scope=s0");
    }
    world.issue("made-up-2999", 3600);
    assert_eq!(Sent::get("/token?scope=s0").to(&world.isolate).token(), "made-up-2999");
    world.issue("new", 3600);
    assert_eq!(outcome(&world, "made-up-2999", "&scope=s0"), "revoked");
}

#[test]
fn what_one_client_does_not_have_another_one_may_have() {
    let clients = format!(
        r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"default","scope":"s"}}]}},
            "d":{{"key_sha256":["{YEK}"],"allow":[{{"credential":"default","scope":"d"}}]}}}}"#
    );
    let world = World::of(isolate(&vars().with("CLIENTS", &clients)));
    store(&world, 1, "of-d");
    assert_eq!(outcome(&world, "of-d", ""), "not_current");
    world.issue("new", 3600);
    let by_d = Sent::post("/revoke", "token=of-d").by("Bearer yek").to(&world.isolate);
    assert_eq!((by_d.status, world.logged()["outcome"].as_str()), (200, Some("revoked")));
}

/// SHA-256 of `yek`.
const YEK: &str = "b7023059b7753cc763946a584ace4e6796158b8bb14dc0030050934d5e2d7a49";

#[test]
fn a_scope_and_a_credential_narrow_the_search() {
    let world = with_grants(100);
    let cost = |more: &str| {
        let before = loads(&world);
        assert_eq!(outcome(&world, "made-up", more), "not_current");
        loads(&world) - before
    };
    assert_eq!(cost("&scope=s41"), 1);
    assert_eq!(cost("&credential=other&scope=s41"), 0, "the same grant");
    assert_eq!(cost("&credential=other&scope=s43"), 1);
    assert_eq!(cost("&credential=other"), 50);
    assert_eq!(cost("&credential=o"), 0, "its tenant, and so the same grants");
    assert_eq!(cost(""), 100, "a narrow search says nothing of the rest");
    store(&world, 41, "held");
    assert_eq!(outcome(&world, "held", "&scope=s40"), "not_current");
    world.issue("new", 3600);
    assert_eq!(outcome(&world, "held", "&scope=s41&credential=other"), "revoked");
    // What the client is not granted is an error, as at the token endpoint.
    for more in ["&scope=s100", "&credential=none", "&credential=default&scope=s41", "&scope=%22"] {
        assert_eq!(revoke(&world, "held", more).status / 100, 4, "{more}");
    }
}

#[test]
fn more_grants_than_can_be_looked_at_are_an_error_that_says_so() {
    let world = with_grants(1001);
    let refused = revoke(&world, "made-up", "");
    assert_eq!((refused.status, refused.error()), (400, "invalid_request"));
    assert!(refused.body["error_description"].as_str().unwrap().contains("scope"));
    assert_eq!(loads(&world), 0);
    assert_eq!(outcome(&world, "made-up", "&scope=s1000"), "not_current");
}

#[test]
fn a_planted_value_of_any_length_does_not_end_the_search() {
    let world = with_grants(40);
    for n in 0..39 {
        world.broker.kv.put(&grant(&world, n).token_key.kv_name(), vec![9; 10_000_000]);
    }
    store(&world, 39, "held");
    world.issue("new", 3600);
    assert_eq!(outcome(&world, "held", ""), "revoked");
    // And it is a miss like others: what was nowhere is remembered.
    assert_eq!(outcome(&world, "made-up", ""), "not_current");
    let before = loads(&world);
    assert_eq!(outcome(&world, "made-up", ""), "not_current");
    assert_eq!(loads(&world), before);
}

#[test]
fn while_kv_fails_the_caller_is_told_to_come_back_and_nothing_is_remembered() {
    for (failure, name) in [
        (StoreError::TimedOut, "timeout"),
        (StoreError::Throttled, "throttled"),
        (StoreError::Failed, "failed"),
    ] {
        let world = with_grants(40);
        store(&world, 39, "held");
        world.broker.kv.failure.set(Some(failure));
        let told = revoke(&world, "held", "");
        assert_eq!((told.status, told.error()), (503, "temporarily_unavailable"));
        assert!(told.header("Retry-After").is_some());
        assert_eq!(world.logged()["kv_read"], name);
        assert!(loads(&world) < 40, "further reads would cost time for nothing");
        world.broker.kv.failure.set(None);
        world.issue("new", 3600);
        assert_eq!(outcome(&world, "held", ""), "revoked");
    }
}

#[test]
fn without_kv_there_is_nothing_to_find() {
    let world = with_grants(40);
    world.broker.kv.failure.set(Some(StoreError::Unbound));
    assert_eq!(outcome(&world, "held", ""), "not_current");
    assert_eq!(loads(&world), 0);
}

#[test]
fn an_expired_token_is_no_current_one() {
    for claims in ["", &format!("&claims={NBF}")] {
        let world = World::new();
        world.issue("one", 3600);
        world.request();
        world.broker.clock.advance(Millis::from_secs(3600));
        world.refuse(400, "invalid_request", 50_076);
        assert_eq!(outcome(&world, "one", claims), "not_current");
        // Nor is one that only KV still has.
        let other = world.another_isolate();
        assert_eq!(outcome(&other, "one", claims), "not_current");
        world.broker.servers.endpoint.answers.borrow_mut().clear();
        world.issue("two", 3600);
        assert_eq!(world.request().token(), "two");
    }
}

#[test]
fn a_passing_fault_met_with_claims_is_left_to_nobody() {
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    for _ in 0..2 {
        world.broker.servers.endpoint.answer(500, "");
    }
    let told = revoke(&world, "one", &format!("&claims={NBF}"));
    assert_eq!(told.status, 503);
    world.issue("two", 3600);
    assert_eq!(Sent::get("/token?min_ttl=9999").to(&world.isolate).token(), "two");
}

#[test]
fn what_a_report_may_not_ask_for_is_refused_by_name() {
    for (claims, name) in [
        (r#"{"access_token":{"acrs":{"values":["c1"]}}}"#, "acrs"),
        (r#"{"access_token":{"amr":{"value":"x"}}}"#, "amr"),
        (r#"{"access_token":{"xms_cc":{"values":["protapp"]}}}"#, "xms_cc"),
    ] {
        let world = World::new();
        world.issue("one", 3600);
        world.request();
        let refused = revoke(&world, "one", &format!("&claims={claims}"));
        assert_eq!((refused.status, refused.error()), (400, "invalid_request"));
        assert!(refused.body["error_description"].as_str().unwrap().contains(name), "{name}");
        assert_eq!(world.upstream_requests(), 1);
    }
}

#[test]
fn a_report_does_not_make_the_token_of_others_a_capable_one() {
    let claims =
        r#"&claims={"access_token":{"xms_cc":{"values":["CP1"]},"nbf":{"value":"1700000000"}}}"#;
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    world.issue("two", 3600);
    assert_eq!(outcome(&world, "one", claims), "revoked");
    let requests = world.broker.servers.endpoint.requests.borrow();
    let (_, body) = requests.last().unwrap();
    assert!(body.contains("nbf") && !body.contains("xms_cc"), "{body}");
}
