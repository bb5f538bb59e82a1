//! `CLIENTS`: who may get what, and every fault in it.

use crate::support::bindings::Vars;
use crate::support::config::{DIGEST, GRAPH, assert_faults, valid};
use edge_token_broker::config::{Config, KeyDigest};
use edge_token_broker::secret::PresentedKey;

#[test]
fn a_client_is_found_by_id_and_by_key() {
    let config = Config::parse(&valid()).unwrap();
    let digest = KeyDigest::of(&PresentedKey::new("key".into()));
    assert!(config.client("reports").unwrap().has_key(&digest));
    assert_eq!(config.client_with_key(&digest).unwrap().id, "reports");
    let wrong = KeyDigest::of(&PresentedKey::new("Key".into()));
    assert!(!config.client("reports").unwrap().has_key(&wrong));
    assert!(config.client_with_key(&wrong).is_none());
    assert!(config.client("Reports").is_none());
}

fn client(entry: &str) -> Vars {
    valid().with("CLIENTS", &format!(r#"{{"reports":{entry}}}"#))
}

#[test]
fn faults_of_clients() {
    let allow = format!(r#""allow":[{{"credential":"default","scope":"{GRAPH}"}}]"#);
    let keys = format!(r#""key_sha256":["{DIGEST}"]"#);
    let cases = [
        (
            "{}".to_owned(),
            vec!["CLIENTS.reports.key_sha256: is missing", "CLIENTS.reports.allow: is missing"],
        ),
        ("[]".to_owned(), vec!["CLIENTS.reports: must be a table (JSON object)"]),
        (
            format!("{{{keys},{allow},\"alow\":[]}}"),
            vec!["CLIENTS.reports.alow: is not a known field"],
        ),
        (format!("{{{keys},{keys},{allow}}}"), vec!["CLIENTS.reports.key_sha256: appears twice"]),
        (
            format!(r#"{{"key_sha256":"{DIGEST}",{allow}}}"#),
            vec!["CLIENTS.reports.key_sha256: must be a list"],
        ),
        (
            format!(r#"{{"key_sha256":[],{allow}}}"#),
            vec!["CLIENTS.reports.key_sha256: must not be empty"],
        ),
        (
            format!(r#"{{"key_sha256":[7],{allow}}}"#),
            vec!["CLIENTS.reports.key_sha256[0]: must be text"],
        ),
        (
            format!(r#"{{"key_sha256":["{DIGEST}00","zz",""],{allow}}}"#),
            vec![
                "CLIENTS.reports.key_sha256[0]: must be a SHA-256 digest: 64 hexadecimal digits",
                "CLIENTS.reports.key_sha256[1]: must be a SHA-256 digest: 64 hexadecimal digits",
                "CLIENTS.reports.key_sha256[2]: must be a SHA-256 digest: 64 hexadecimal digits",
            ],
        ),
        (format!(r#"{{{keys},"allow":[]}}"#), vec!["CLIENTS.reports.allow: must not be empty"]),
        (
            format!(r#"{{{keys},"allow":[{{"scope":"{GRAPH}"}},{{"credential":"default"}}]}}"#),
            vec![
                "CLIENTS.reports.allow[0].credential: is missing",
                "CLIENTS.reports.allow[1].scope: is missing",
            ],
        ),
        (
            format!(r#"{{{keys},"allow":[{{"credential":"nobody","scope":"{GRAPH}"}}]}}"#),
            vec!["CLIENTS.reports.allow[0].credential: names a credential that does not exist"],
        ),
        (
            format!(r#"{{{keys},"allow":[{{"credential":"default","scope":"a\"b"}}]}}"#),
            vec!["CLIENTS.reports.allow[0].scope: must be a scope (RFC 6749 section 3.3)"],
        ),
        (
            format!(r#"{{{keys},"allow":[{{"credential":"default","scope":"{GRAPH}","min":1}}]}}"#),
            vec!["CLIENTS.reports.allow[0].min: is not a known field"],
        ),
        (
            format!(r#"{{{keys},"allow":["all"]}}"#),
            vec!["CLIENTS.reports.allow[0]: must be a table (JSON object)"],
        ),
    ];
    for (entry, expected) in cases {
        assert_faults(&client(&entry), &expected);
    }
}

#[test]
fn faults_of_the_clients_table() {
    let entry = format!(
        r#"{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"default","scope":"{GRAPH}"}}]}}"#
    );
    let twice = format!(r#"{{"a":{entry},"a":{entry}}}"#);
    let shared = format!(r#"{{"a":{entry},"b":{entry}}}"#);
    let unprintable = format!(r#"{{"a\u0007":{entry}}}"#);
    let name = "must be 1 to 253 printable ASCII characters without a space at either end";
    let cases = [
        ("{", "CLIENTS: is not valid JSON (line 1, column 1)".to_owned()),
        ("{} x", "CLIENTS: is not valid JSON (line 1, column 4)".to_owned()),
        ("[]", "CLIENTS: must be a table (JSON object)".to_owned()),
        (&twice, "CLIENTS.a: appears twice".to_owned()),
        (
            &shared,
            "CLIENTS.b.key_sha256[0]: is already the digest of another client's key".to_owned(),
        ),
        (&unprintable, format!("CLIENTS.a?: {name}")),
    ];
    for (table, expected) in cases {
        assert_faults(&valid().with("CLIENTS", table), &[&expected]);
    }
}

#[test]
fn what_is_listed_twice_counts_once() {
    let upper = DIGEST.to_uppercase();
    let grant = format!(r#"{{"credential":"default","scope":"{GRAPH}"}}"#);
    let entry = format!(r#"{{"key_sha256":["{DIGEST}","{upper}"],"allow":[{grant},{grant}]}}"#);
    let config = Config::parse(&client(&entry)).unwrap();
    assert_eq!(config.client("reports").unwrap().grants.len(), 1);
}

#[test]
fn a_token_is_kept_warm_once_if_any_grant_for_it_says_so() {
    let grant =
        |warm: bool| format!(r#"{{"credential":"default","scope":"{GRAPH}","keep_warm":{warm}}}"#);
    let client = |digest: String, allow: String| {
        format!(r#"{{"key_sha256":["{digest}"],"allow":[{allow}]}}"#)
    };
    let kept_warm = |a: String, b: String| {
        let table =
            format!(r#"{{"a":{},"b":{}}}"#, client("a".repeat(64), a), client("b".repeat(64), b));
        Config::parse(&valid().with("CLIENTS", &table)).unwrap().kept_warm().len()
    };
    assert_eq!(kept_warm(grant(false), grant(false)), 0);
    assert_eq!(kept_warm(grant(true), grant(true)), 1);
    assert_eq!(kept_warm(grant(false), format!("{},{}", grant(false), grant(true))), 1);
}
