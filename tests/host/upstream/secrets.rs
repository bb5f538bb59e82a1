//! Secrets in Secrets Store that can be read: when they are, and when a changed one is in use.

use crate::support::clock::run;
use crate::support::config::DIGEST;
use crate::support::sent::Sent;
use crate::support::stored::{Given, StoredWorld, stored_vars};
use edge_token_broker::base::time::Millis;
use edge_token_broker::base::together::together;

const SECRET: &str = "AZ_CLIENT_SECRET";

fn world() -> StoredWorld {
    StoredWorld::new(stored_vars(), &[(SECRET, "first")])
}

fn change(world: &StoredWorld, text: &str) {
    world.store.set(SECRET, Given::Text(text.to_owned()));
}

#[test]
fn the_first_request_reads_it_and_a_hit_does_not() {
    let world = world();
    assert_eq!(world.reads(), 0, "not before a request");
    world.issue("one");
    assert_eq!(world.token("a").status, 200);
    assert_eq!((world.sent(), world.reads()), (vec!["first".to_owned()], 1));
    world.pass(120);
    let hit = world.token("a");
    assert_eq!(hit.body["access_token"], "one");
    assert_eq!(world.reads(), 1);
}

#[test]
fn a_configuration_without_one_never_reads() {
    let world = StoredWorld::new(stored_vars().with(SECRET, "plain"), &[]);
    for scope in ["a", "b"] {
        world.issue(scope);
        assert_eq!(world.token(scope).status, 200);
        world.pass(120);
    }
    world.refuse();
    assert_eq!(world.token("c").status, 502);
    assert_eq!(world.reads(), 0);
}

#[test]
fn a_changed_one_is_in_use_within_a_minute() {
    let world = world();
    world.issue("one");
    world.token("a");
    change(&world, "second");
    world.pass(59);
    world.issue("two");
    world.token("b");
    assert_eq!(world.reads(), 1, "at most once a minute");
    world.pass(1);
    world.issue("three");
    assert_eq!(world.token("c").body["access_token"], "three");
    assert_eq!(world.sent(), ["first", "first", "second"]);
    assert_eq!(world.reads(), 2);
    assert_eq!(
        world.logged()[2]["reason"],
        "authorization server unavailable: a secret has changed"
    );
    let changed = world.logged().into_iter().find(|line| line["route"] == "secrets").unwrap();
    assert_eq!((&changed["outcome"], &changed["level"]), (&"changed".into(), &"info".into()));
}

#[test]
fn a_refused_one_is_read_again_and_the_same_request_succeeds() {
    let world = world();
    world.issue("one");
    world.token("a");
    change(&world, "second");
    world.pass(10);
    world.refuse();
    world.issue("two");
    let response = world.token("b");
    assert_eq!((response.status, &response.body["access_token"]), (200, &"two".into()));
    assert_eq!(world.sent(), ["first", "first", "second"]);
}

#[test]
fn a_refused_one_that_has_not_changed_is_not_read_with_each_refusal() {
    let world = world();
    for (scope, reads) in [("a", 2), ("b", 2), ("c", 3), ("d", 3)] {
        world.refuse();
        assert_eq!(world.token(scope).status, 502);
        assert_eq!(world.reads(), reads);
        world.pass(if scope == "b" { 5 } else { 0 });
    }
    assert_eq!(world.sent().len(), 4, "the same secret is not tried twice");
}

#[test]
fn a_corrected_one_is_in_use_while_the_refusal_is_remembered() {
    let world = world();
    // The third refusal in a row is remembered for eight seconds.
    for pause in [2, 4, 0] {
        world.refuse();
        assert_eq!(world.token("a").status, 502);
        world.pass(pause);
    }
    change(&world, "second");
    world.pass(6);
    world.issue("one");
    assert_eq!(world.token("a").status, 200);
    assert_eq!(world.sent().last().unwrap(), "second");
}

#[test]
fn requests_that_come_first_read_it_once() {
    let world = world();
    world.store.set(SECRET, Given::Late(Millis(400), "first".to_owned()));
    for token in ["one", "two", "three"] {
        world.issue(token);
    }
    let sent = ["a", "b", "c"].map(|scope| Sent::get(&format!("/token?scope={scope}")));
    let responses = run(together(sent.iter().map(|sent| world.answer(sent))));
    assert!(responses.iter().all(|response| response.status == 200), "{responses:?}");
    assert_eq!(world.reads(), 1);
}

#[test]
fn the_tokens_of_another_credential_stay_in_memory() {
    let grant = |credential, scope| format!(r#"{{"credential":"{credential}","scope":"{scope}"}}"#);
    let allow = [grant("default", "a"), grant("default", "b"), grant("other", "a")].join(",");
    let clients = format!(r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{allow}]}}}}"#);
    let credentials = r#"json:{"other":{"tenant":"t","client_id":"o","client_secret":"PLAIN"}}"#;
    let vars = stored_vars()
        .with("CLIENTS", &clients)
        .with("CREDENTIALS", credentials)
        .with("PLAIN", "plain");
    let world = StoredWorld::new(vars, &[(SECRET, "first")]);
    let other = "/token?scope=a&credential=other";
    for target in ["/token?scope=a", other] {
        world.issue(target);
        assert_eq!(world.get(target).status, 200);
    }
    change(&world, "second");
    world.pass(60);
    world.issue("new");
    assert_eq!(world.token("b").body["access_token"], "new");
    assert_eq!(world.get(other).body["access_token"], other);
    assert_eq!(world.sent(), ["first", "plain", "second"]);
    world.issue("newer");
    assert_eq!(
        world.token("a").body["access_token"],
        "newer",
        "that of the old secret is not served"
    );
}

#[test]
fn every_secret_of_a_credential_can_be_there_and_the_other_keys_too() {
    let credentials =
        r#"json:{"other":{"tenant":"t","client_id":"o","client_secret":["ONE","TWO"]}}"#;
    let vars = stored_vars()
        .with("CREDENTIALS", credentials)
        .with("AZ_CLIENT_SECRET_SECONDARY", "stored:")
        .with("ONE", "stored:")
        .with("TWO", "stored:")
        .with("CACHE_KEY", "stored:");
    let key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    let names = [
        (SECRET, "1"),
        ("AZ_CLIENT_SECRET_SECONDARY", "2"),
        ("ONE", "3"),
        ("TWO", "4"),
        ("CACHE_KEY", key),
    ];
    let world = StoredWorld::new(vars, &names);
    world.issue("one");
    assert_eq!(world.token("a").status, 200);
    assert_eq!(world.reads(), names.len());
}
