//! Entries of the registry that have a fault: only a caller that has proved to be the client learns of them,
//! and they cost what an entry costs.

use edge_token_broker::base::limits::REGISTRY_MEMORY;
use edge_token_broker::base::ports::StoreError;
use edge_token_broker::base::secret::PresentedKey;
use edge_token_broker::callers::presented::Presented;
use edge_token_broker::callers::proofs::jwt::PresentedJwt;
use edge_token_broker::error::{BrokerError, PresentedIn};

use crate::support::issuer::k1;
use crate::support::jwt::{NOW, at, claims, signed_text};
use crate::support::registry::{Desk, KEY, entry_of, json, owner_of};

const REFUSED: BrokerError = BrokerError::InvalidClient(PresentedIn::Body);

/// The authentic entry of `far` has these fields.
fn with_entry(json: &str) -> Desk {
    let desk = Desk::new();
    put(&desk, json);
    desk
}

fn put(desk: &Desk, json: &str) {
    let (name, value) = entry_of(KEY, "far", json);
    desk.entries.put(&name, value);
}

/// Entries of which the proofs are good: their one key is `k1`.
fn faulty() -> [String; 7] {
    [
        json("k1").replace(r#""allow":[{"#, r#""allow":[{"scpoe":"x","#),
        json("k1").replace(r#""credential":"default""#, r#""credential":"gone""#),
        json("k1").replace(r#""allow""#, r#""alow""#),
        json("k1").replace(r#"{"key_sha256""#, r#"{"origins":["*"],"key_sha256""#),
        json("k1").replace(r#"{"key_sha256""#, r#"{"service_binding":"x","key_sha256""#),
        json("k1").replace(r#"{"key_sha256""#, r#"{"jwt":"x","key_sha256""#),
        json("k1").replace(r#"{"key_sha256""#, r#"{"mtls_sha256":7,"key_sha256""#),
    ]
}

/// The faults in the log since the last call.
fn logged(desk: &Desk) -> Vec<String> {
    std::mem::take(&mut desk.line.borrow_mut().faults)
}

/// How many faults the log counts since the last call.
fn counted(desk: &Desk) -> Option<usize> {
    desk.line.borrow_mut().faults_count.take()
}

#[test]
fn a_fault_of_an_entry_is_told_only_to_who_has_proved_to_be_its_client() {
    for entry in faulty() {
        let desk = with_entry(&entry);
        assert_eq!(desk.secret("far", "wrong").err(), Some(REFUSED), "{entry}");
        assert_eq!(desk.secret("far", "k1").err(), Some(BrokerError::Misconfigured), "{entry}");
        desk.entries.put(&owner_of("k1"), "far");
        assert_eq!(desk.key("k1").err(), Some(BrokerError::Misconfigured), "{entry}");
        desk.entries.put(&owner_of("k2"), "far");
        let nobody = BrokerError::InvalidClient(PresentedIn::Header);
        assert_eq!(desk.key("k2").err(), Some(nobody), "{entry}");
    }
}

#[test]
fn an_entry_by_which_nobody_can_prove_anything_is_an_unknown_client_to_all() {
    for entry in [
        "{}",
        "not JSON",
        "[]",
        r#"{"key_sha256":["00"],"allow":[]}"#,
        r#"{"key_sha256":"k1"}"#,
        r#"{"key_sha256":[null]}"#,
        r#"{"service_binding":1}"#,
    ] {
        let desk = with_entry(entry);
        assert_eq!(desk.secret("far", "k1").err(), Some(REFUSED), "{entry}");
        assert!(!logged(&desk).is_empty(), "{entry}");
    }
}

#[test]
fn an_entry_with_a_fault_is_read_once_and_then_known_without_io() {
    for entry in faulty().into_iter().chain(["{}".into(), "not JSON".into()]) {
        let desk = with_entry(&entry);
        for key in ["wrong", "k1"].repeat(50) {
            assert!(desk.secret("far", key).is_err());
        }
        assert_eq!(desk.reads(), 1, "{entry}");
    }
}

#[test]
fn all_faults_of_an_entry_are_in_the_log_once_for_each_isolate() {
    let desk = with_entry(&json("k1").replace(r#""allow""#, r#""alow""#));
    assert!(desk.secret("far", "wrong").is_err());
    let faults = logged(&desk);
    assert_eq!(counted(&desk), Some(2), "{faults:?}");
    assert!(faults.contains(&"REGISTRY.far.allow: is missing".to_owned()), "{faults:?}");
    for _ in 0..10 {
        desk.pass(REGISTRY_MEMORY);
        assert_eq!(desk.secret("far", "wrong").err(), Some(REFUSED));
        assert_eq!((logged(&desk), counted(&desk)), (Vec::new(), None));
    }
    // Another fault is news.
    put(&desk, "{}");
    desk.pass(REGISTRY_MEMORY);
    assert!(desk.secret("far", "k1").is_err());
    assert!(!logged(&desk).is_empty());
}

#[test]
fn each_line_of_who_has_proved_to_be_its_client_has_the_first_fault_and_their_number() {
    let entry = json("k1").replace(r#""allow""#, r#""alow""#);
    let desk = with_entry(&entry.replace(r#"{"key_sha256""#, r#"{"origins":["*"],"key_sha256""#));
    desk.entries.put(&owner_of("k1"), "far");
    assert!(desk.secret("far", "wrong").is_err());
    let all = logged(&desk);
    assert_eq!((all.len(), counted(&desk)), (3, Some(3)), "{all:?}");
    for _ in 0..3 {
        let ways: [&dyn Fn() -> _; 2] = [&|| desk.secret("far", "k1"), &|| desk.key("k1")];
        for way in ways {
            assert_eq!(way().err(), Some(BrokerError::Misconfigured));
            assert_eq!((logged(&desk), counted(&desk)), (all[..1].to_vec(), Some(3)));
        }
        desk.pass(REGISTRY_MEMORY);
    }
}

#[test]
fn the_first_line_has_all_faults_and_their_number_if_it_is_of_the_client_itself() {
    let desk = with_entry(&json("k1").replace(r#""allow""#, r#""alow""#));
    assert_eq!(desk.secret("far", "k1").err(), Some(BrokerError::Misconfigured));
    assert_eq!((logged(&desk).len(), counted(&desk)), (2, Some(2)));
}

#[test]
fn a_jwt_that_proves_its_client_tells_of_the_faults_too() {
    let trust = r#"{"jwt":[{"issuer":"https://issuer.example","audience":"broker","subject":"s"}],"alow":[]}"#;
    let desk = with_entry(trust);
    desk.callers.jwts.issuers.serve(&k1());
    let text = signed_text("k1", 1, &claims(r#","sub":"s""#));
    let presented = Presented::Jwt(PresentedJwt {
        text: PresentedKey::new(text),
        client_id: Some("far".to_owned()),
        presented_in: PresentedIn::Header,
    });
    desk.now.set(at(NOW));
    for faults in [2, 1, 1] {
        assert_eq!(desk.call(&presented).err(), Some(BrokerError::Misconfigured));
        assert_eq!((logged(&desk).len(), counted(&desk)), (faults, Some(2)));
    }
}

#[test]
fn an_entry_that_is_not_authentic_is_in_the_log_once_for_each_isolate_too() {
    let desk = Desk::new();
    let (name, value) = entry_of([8; 32], "far", &json("k1"));
    desk.entries.put(&name, value);
    let noted = || {
        assert_eq!(desk.secret("far", "k1").err(), Some(REFUSED));
        desk.line.borrow_mut().registry.take()
    };
    assert_eq!(noted(), Some("not_authentic"));
    for reads in 2..10 {
        desk.pass(REGISTRY_MEMORY);
        assert_eq!(noted(), None);
        assert_eq!(noted(), None);
        assert_eq!(desk.reads(), reads, "remembered");
    }
}

#[test]
fn a_fault_that_was_mended_is_forgotten_and_a_faulty_entry_survives_no_outage() {
    let desk = with_entry(&json("k1").replace(r#""allow""#, r#""alow""#));
    assert_eq!(desk.secret("far", "k1").err(), Some(BrokerError::Misconfigured));
    desk.register("far", "k1");
    desk.pass(REGISTRY_MEMORY);
    assert_eq!(desk.secret("far", "k1").unwrap(), "far");
    put(&desk, "{}");
    desk.pass(REGISTRY_MEMORY);
    assert_eq!(desk.secret("far", "k1").err(), Some(REFUSED));
    desk.entries.failure.set(Some(StoreError::TimedOut));
    desk.pass(REGISTRY_MEMORY);
    assert_eq!(desk.secret("far", "k1").err(), Some(BrokerError::RegistryUnavailable));
}
