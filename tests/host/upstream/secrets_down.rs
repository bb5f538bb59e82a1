//! Secrets Store that fails, and secrets in it that are of no use.

use crate::support::stored::{Given, StoredWorld, stored_vars};
use edge_token_broker::base::time::Millis;

const SECRET: &str = "AZ_CLIENT_SECRET";
const WORDS: &str = "a secret cannot be read from Secrets Store; retry later";

fn world() -> StoredWorld {
    StoredWorld::new(stored_vars(), &[(SECRET, "first")])
}

#[test]
fn without_it_there_is_no_configuration_until_it_answers() {
    for given in [Given::Throws, Given::Hangs] {
        let world = world();
        world.store.set(SECRET, given);
        let response = world.token("a");
        assert_eq!((response.status, response.headers["Retry-After"].as_str()), (503, "1"));
        assert_eq!(response.body["error"], "temporarily_unavailable");
        assert_eq!(response.body["error_description"], WORDS);
        let line = world.logged().pop().unwrap();
        assert_eq!(line["outcome"], "secrets_unavailable");
        assert_eq!((&line["secrets_unread"], &line["level"]), (&SECRET.into(), &"warn".into()));
        assert_eq!(world.get("/readyz").status, 503);
        assert_eq!(world.token("a").status, 503);
        assert_eq!(world.reads(), 1, "the store has a second of rest");
        world.store.set(SECRET, Given::Text("first".to_owned()));
        world.pass(1);
        assert_eq!(world.get("/readyz").status, 200);
        world.issue("one");
        assert_eq!(world.token("a").status, 200);
        assert_eq!(world.reads(), 2);
    }
}

#[test]
fn a_slow_answer_is_waited_for() {
    let world = world();
    world.store.set(SECRET, Given::Late(Millis(2900), "first".to_owned()));
    world.issue("one");
    assert_eq!(world.token("a").status, 200);
}

#[test]
fn the_values_in_use_stay_while_it_is_down() {
    for given in [Given::Throws, Given::Hangs] {
        let world = world();
        world.issue("one");
        world.token("a");
        world.store.set(SECRET, given);
        world.pass(60);
        assert_eq!(world.token("a").body["access_token"], "one", "a token in hand");
        world.issue("two");
        assert_eq!(world.token("b").body["access_token"], "two");
        assert_eq!(world.logged().pop().unwrap()["secrets_unread"], SECRET);
        world.issue("three");
        assert_eq!(world.token("c").status, 200);
        assert_eq!(world.reads(), 2, "not again with the next request");
        assert_eq!(world.sent(), ["first"; 3]);
    }
}

#[test]
fn a_part_of_the_values_is_no_reading() {
    let vars = stored_vars().with("AZ_CLIENT_SECRET_SECONDARY", "stored:");
    let world =
        StoredWorld::new(vars, &[(SECRET, "first"), ("AZ_CLIENT_SECRET_SECONDARY", "other")]);
    world.issue("one");
    world.token("a");
    world.store.set(SECRET, Given::Text("second".to_owned()));
    world.store.set("AZ_CLIENT_SECRET_SECONDARY", Given::Throws);
    world.pass(60);
    world.issue("two");
    world.token("b");
    assert_eq!(world.logged().pop().unwrap()["secrets_unread"], "AZ_CLIENT_SECRET_SECONDARY");
    assert_eq!(world.sent(), ["first", "first"]);
}

#[test]
fn a_changed_one_that_is_of_no_use_is_not_used() {
    for damaged in ["", " ", "second\n", "<client secret>"] {
        let world = world();
        world.issue("one");
        world.token("a");
        world.store.set(SECRET, Given::Text(damaged.to_owned()));
        world.pass(60);
        world.issue("two");
        assert_eq!(world.token("b").body["access_token"], "two", "{damaged:?}");
        assert_eq!(world.token("a").body["access_token"], "one");
        let lines = world.logged();
        let line = lines.iter().find(|line| line["outcome"] == "not_usable").unwrap();
        assert_eq!(line["level"], "error");
        assert!(line["faults"][0].as_str().unwrap().starts_with("AZ_CLIENT_SECRET: "), "{line}");
        assert!(!line.to_string().contains("second"));
        world.store.set(SECRET, Given::Text("third".to_owned()));
        world.pass(60);
        world.issue("three");
        assert_eq!(world.token("c").status, 200);
        assert_eq!(world.sent(), ["first", "first", "third"]);
    }
}

#[test]
fn a_first_one_that_is_of_no_use_is_a_fault_until_it_is_corrected() {
    let world = StoredWorld::new(stored_vars(), &[(SECRET, "first\n")]);
    let response = world.token("a");
    assert_eq!((response.status, response.headers["Retry-After"].as_str()), (503, "60"));
    assert_eq!(world.logged().pop().unwrap()["outcome"], "misconfigured");
    world.store.set(SECRET, Given::Text("first".to_owned()));
    world.pass(59);
    assert_eq!(world.token("a").status, 503);
    assert_eq!(world.reads(), 1);
    world.pass(1);
    world.issue("one");
    assert_eq!(world.token("a").status, 200);
}

#[test]
fn the_faults_of_a_configuration_are_listed_with_the_values() {
    let vars = stored_vars().with("AZ_TENANT", "common");
    let world = StoredWorld::new(vars, &[(SECRET, "first\n")]);
    assert_eq!(world.token("a").status, 503);
    let line = world.logged().pop().unwrap();
    assert_eq!(line["faults_count"], 2, "{line}");
}

#[test]
fn nothing_but_a_secret_can_be_there() {
    let vars = stored_vars().with("AZ_TENANT", "stored:").with("CREDENTIALS", "stored:");
    let world = StoredWorld::new(vars, &[(SECRET, "first")]);
    assert_eq!(world.token("a").status, 503);
    let line = world.logged().pop().unwrap();
    assert_eq!(line["outcome"], "misconfigured");
    assert!(line.to_string().contains("AZ_TENANT: must be text"), "{line}");
    assert!(line.to_string().contains("CREDENTIALS: must be a table"), "{line}");
}
