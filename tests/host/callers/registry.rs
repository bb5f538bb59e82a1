//! The client registry: entries that only the holder of `REGISTRY_KEY` can write, and what an isolate
//! remembers of them. Time is an argument.

use edge_token_broker::base::limits::{
    KV_CACHE_TTL_SECS, REGISTRY_ENTRIES_MAX, REGISTRY_MEMORY, REGISTRY_MEMORY_WHILE_DOWN,
};
use edge_token_broker::base::ports::StoreError;
use edge_token_broker::error::{BrokerError, PresentedIn};

use crate::support::config::DIGEST;
use crate::support::registry::{Desk, KEY, entry_of, json, owner_of};

const REFUSED: BrokerError = BrokerError::InvalidClient(PresentedIn::Body);

#[test]
fn a_registered_client_is_known_by_id_and_by_key_alone() {
    let desk = Desk::new();
    desk.register("far", "k1");
    assert_eq!(desk.secret("far", "k1").unwrap(), "far");
    assert_eq!(desk.key("k1").unwrap(), "far");
    assert_eq!(desk.secret("far", "k2").err(), Some(REFUSED));
    assert_eq!(desk.key("k2").err(), Some(BrokerError::InvalidClient(PresentedIn::Header)));
}

#[test]
fn it_is_read_once_and_then_known_without_io() {
    let desk = Desk::new();
    desk.register("far", "k1");
    for _ in 0..100 {
        desk.secret("far", "k1").unwrap();
        desk.key("k1").unwrap();
    }
    assert_eq!(desk.reads(), 2, "its entry, and whose key it is");
}

#[test]
fn what_is_nobodys_is_remembered_too() {
    let desk = Desk::new();
    for _ in 0..100 {
        assert_eq!(desk.secret("nobody", "k1").err(), Some(REFUSED));
        assert!(desk.key("nobodys").is_err());
    }
    assert_eq!(desk.reads(), 2);
}

#[test]
fn a_change_takes_effect_within_a_minute() {
    const { assert!(REGISTRY_MEMORY.0 + KV_CACHE_TTL_SECS * 1000 <= 60_000) };
    let desk = Desk::new();
    desk.register("far", "k1");
    desk.secret("far", "k1").unwrap();
    desk.entries.values.borrow_mut().clear();
    desk.register("near", "k9");
    assert!(desk.secret("near", "k9").is_ok());
    desk.pass(REGISTRY_MEMORY);
    assert_eq!(desk.secret("far", "k1").err(), Some(REFUSED));
    desk.register("far", "k2");
    desk.pass(REGISTRY_MEMORY);
    assert!(desk.secret("far", "k2").is_ok());
}

#[test]
fn write_access_to_kv_grants_nothing() {
    let desk = Desk::new();
    let values = |name: &str, value: Vec<u8>| desk.entries.put(name, value);
    let (_, forged) = entry_of([8; 32], "forged", &json("k1"));
    values("client:forged", forged);
    values("client:plain", json("k1").into_bytes());
    values("client:zero", format!("{}\n{}", "0".repeat(64), json("k1")).into_bytes());
    values("client:empty", Vec::new());
    let (_, moved) = entry_of(KEY, "far", &json("k1"));
    values("client:moved", moved.clone());
    let mut changed = moved;
    let place = changed.len() - 3;
    changed[place] ^= 1;
    values("client:far", changed);
    for id in ["forged", "plain", "zero", "empty", "moved", "far"] {
        assert_eq!(desk.secret(id, "k1").err(), Some(REFUSED), "{id}");
        assert_eq!(desk.line.borrow().registry, Some("not_authentic"), "{id}");
        desk.line.borrow_mut().registry = None;
    }
}

#[test]
fn an_entry_or_a_pointer_longer_than_any_is_as_good_as_none() {
    let desk = Desk::new();
    for name in ["client:far", &owner_of("k1")] {
        desk.entries.put(name, vec![b'a'; 1024 * 1024]);
    }
    for _ in 0..2 {
        assert_eq!(desk.secret("far", "k1").err(), Some(REFUSED));
        assert_eq!(desk.key("k1").err(), Some(BrokerError::InvalidClient(PresentedIn::Header)));
    }
    assert_eq!((desk.line.borrow().registry, desk.reads()), (Some("too_large"), 2), "remembered");
}

#[test]
fn whose_key_it_is_says_only_the_clients_own_entry() {
    let desk = Desk::new();
    desk.register("far", "k1");
    desk.entries.put(&owner_of("attackers"), "far");
    assert_eq!(desk.key("attackers").err(), Some(BrokerError::InvalidClient(PresentedIn::Header)));
    // Nor does it lead past CLIENTS.
    desk.entries.put(&owner_of("attackers"), "reports");
    desk.pass(REGISTRY_MEMORY);
    assert_eq!(desk.key("attackers").err(), Some(BrokerError::InvalidClient(PresentedIn::Header)));
}

#[test]
fn clients_wins_and_the_log_says_that_a_name_is_in_both() {
    let desk = Desk::new();
    desk.register("reports", "k1");
    assert_eq!(desk.secret("reports", "k1").err(), Some(REFUSED));
    let faults = desk.line.borrow().faults.clone();
    assert_eq!(faults, ["REGISTRY.reports: is in CLIENTS as well, which wins"]);
    assert_eq!(desk.key("key").unwrap(), "reports");
    assert_eq!(desk.reads(), 1, "looked at once");
}

#[test]
fn while_kv_is_down_those_who_were_known_stay_known_for_a_while() {
    let desk = Desk::new();
    desk.register("far", "k1");
    desk.secret("far", "k1").unwrap();
    desk.entries.failure.set(Some(StoreError::TimedOut));
    desk.pass(REGISTRY_MEMORY);
    assert!(desk.secret("far", "k1").is_ok());
    assert_eq!(desk.secret("new", "k1").err(), Some(BrokerError::RegistryUnavailable));
    assert_eq!(desk.line.borrow().registry, Some("timeout"));
    desk.pass(REGISTRY_MEMORY_WHILE_DOWN);
    assert_eq!(desk.secret("far", "k1").err(), Some(BrokerError::RegistryUnavailable));
}

#[test]
fn while_kv_is_down_nobody_is_told_for_long_that_they_are_nobody() {
    let desk = Desk::new();
    assert_eq!(desk.secret("late", "k1").err(), Some(REFUSED));
    desk.register("late", "k1");
    desk.entries.failure.set(Some(StoreError::TimedOut));
    desk.pass(REGISTRY_MEMORY);
    for _ in 0..2 {
        assert_eq!(desk.secret("late", "k1").err(), Some(BrokerError::RegistryUnavailable));
    }
}

#[test]
fn an_entry_that_was_changed_for_a_faulty_one_is_good_no_more() {
    let desk = Desk::new();
    desk.register("far", "k1");
    desk.secret("far", "k1").unwrap();
    let (name, value) = entry_of(KEY, "far", "{}");
    desk.entries.put(&name, value);
    desk.pass(REGISTRY_MEMORY);
    assert_eq!(desk.secret("far", "k1").err(), Some(REFUSED));
    desk.pass(REGISTRY_MEMORY);
    desk.entries.failure.set(Some(StoreError::TimedOut));
    assert_eq!(desk.secret("far", "k1").err(), Some(BrokerError::RegistryUnavailable));
}

#[test]
fn an_entry_with_faults_is_for_the_operator() {
    let desk = Desk::new();
    let (name, value) = entry_of(KEY, "far", r#"{"key_sha256":["00"]}"#);
    desk.entries.put(&name, value);
    assert_eq!(desk.secret("far", "k1").err(), Some(REFUSED));
    let faults = desk.line.borrow().faults.join("\n");
    assert!(faults.contains("REGISTRY.far.allow: is missing"), "{faults}");
    assert!(!faults.contains(DIGEST));
}

#[test]
fn what_is_kept_warm_is_in_clients() {
    let desk = Desk::new();
    let warm = json("k1").replace("}]}", ",\"keep_warm\":true}]}");
    let (name, value) = entry_of(KEY, "far", &warm);
    desk.entries.put(&name, value);
    assert_eq!(desk.secret("far", "k1").err(), Some(BrokerError::Misconfigured));
    let faults = desk.line.borrow().faults.clone();
    assert_eq!(
        faults,
        ["REGISTRY.far.allow: has keep_warm, which only clients in CLIENTS can have"]
    );
}

#[test]
fn trying_out_names_does_not_make_the_memory_grow_nor_forget_who_is_known() {
    let desk = Desk::new();
    desk.register("far", "k1");
    desk.secret("far", "k1").unwrap();
    for n in 0..REGISTRY_ENTRIES_MAX * 2 {
        assert!(desk.secret(&format!("nobody{n}"), "k").is_err());
    }
    let reads = desk.reads();
    assert!(desk.secret("far", "k1").is_ok());
    assert_eq!(desk.reads(), reads);
}
