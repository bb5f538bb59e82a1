//! `CLIENTS`: who may get what, and every fault in it.

use crate::support::bindings::Vars;
use crate::support::config::{DIGEST, GRAPH, assert_faults, valid};
use edge_token_broker::base::secret::PresentedKey;
use edge_token_broker::config::{CertificateFingerprint, Config, KeyDigest};

#[test]
fn a_client_is_found_by_id_and_by_key() {
    let config = Config::parse(&valid()).unwrap();
    let digest = KeyDigest::of(&PresentedKey::new("key".into()));
    assert!(config.client("reports").unwrap().proofs.has_key(&digest));
    assert_eq!(config.client_with_key(&digest).unwrap().id, "reports");
    let wrong = KeyDigest::of(&PresentedKey::new("Key".into()));
    assert!(!config.client("reports").unwrap().proofs.has_key(&wrong));
    assert!(config.client_with_key(&wrong).is_none());
    assert!(config.client("Reports").is_none());
}

const NO_PROOF: &str = "CLIENTS.reports.key_sha256: is missing, and so is any other proof: \
     service_binding, jwt, mtls_sha256";

fn client(entry: &str) -> Vars {
    valid().with("CLIENTS", &format!(r#"{{"reports":{entry}}}"#))
}

#[test]
fn faults_of_clients() {
    let allow = format!(r#""allow":[{{"credential":"default","scope":"{GRAPH}"}}]"#);
    let keys = format!(r#""key_sha256":["{DIGEST}"]"#);
    let cases = [
        ("{}".to_owned(), vec![NO_PROOF, "CLIENTS.reports.allow: is missing"]),
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
        (
            format!(r#"{{"key_sha256":["etb_{}"],{allow}}}"#, "x".repeat(43)),
            vec![
                "CLIENTS.reports.key_sha256[0]: is a key and not its digest: that key has to be \
                 replaced (npm run new-client)",
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
fn two_names_of_one_token_are_two_grants() {
    let grant = |name: &str| format!(r#"{{"credential":"{name}","scope":"{GRAPH}"}}"#);
    let allow = [grant("one"), grant("two"), grant("one")].join(",");
    let entry = r#"{"tenant":"t","client_id":"c","client_secret":"SECRET"}"#;
    let vars = client(&format!(r#"{{"key_sha256":["{DIGEST}"],"allow":[{allow}]}}"#))
        .with("SECRET", "one and the same")
        .with("CREDENTIALS", &format!(r#"{{"one":{entry},"two":{entry}}}"#));
    let config = Config::parse(&vars).unwrap();
    let grants = &config.client("reports").unwrap().grants;
    let names: Vec<_> = grants.iter().map(|grant| grant.credential.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(grants[0].token_key, grants[1].token_key);
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

/// The entry of a client that proves itself in these ways and may get one token.
pub(super) fn proving(ways: &str) -> Vars {
    client(&format!(r#"{{{ways},"allow":[{{"credential":"default","scope":"{GRAPH}"}}]}}"#))
}

#[test]
fn every_way_of_proof_does_alone() {
    let certificate = format!(r#""mtls_sha256":["{DIGEST}"]"#);
    let jwt = r#""jwt":[{"issuer":"https://id.example","audience":"broker"}]"#;
    for ways in [r#""service_binding":true"#, jwt, &certificate] {
        assert_faults(&proving(ways), &[]);
    }
    assert_faults(&proving(r#""service_binding":false"#), &[NO_PROOF]);
}

#[test]
fn a_certificate_is_found_however_its_fingerprint_is_written() {
    let colons = DIGEST.to_uppercase().into_bytes();
    let colons: Vec<_> = colons.chunks(2).map(|pair| str::from_utf8(pair).unwrap()).collect();
    let config = Config::parse(&proving(&format!(r#""mtls_sha256":["{}"]"#, colons.join(":"))));
    let fingerprint = CertificateFingerprint::parse(DIGEST).unwrap();
    let config = config.unwrap();
    assert_eq!(config.client_with_certificate(&fingerprint).unwrap().id, "reports");
    let other = CertificateFingerprint::parse(&"0".repeat(64)).unwrap();
    assert!(config.client_with_certificate(&other).is_none());
}

const ANYBODY: &str = "jwt[0].issuer: serves everybody: also say who, in subject or in a claim that \
     names them (repository_id)";

#[test]
fn a_public_issuer_is_trusted_for_somebody() {
    for pin in [
        r#""subject":"repo:octo/app:environment:production""#,
        r#""claims":{"repository":"octo/app"}"#,
    ] {
        let issuer = "https://token.actions.githubusercontent.com";
        assert_faults(
            &proving(&format!(r#""jwt":[{{"issuer":"{issuer}","audience":"a",{pin}}}]"#)),
            &[],
        );
    }
}

#[test]
fn faults_of_proofs() {
    let cases = [
        (
            r#""mtls_sha256":["00"]"#,
            "mtls_sha256[0]: must be a SHA-256 digest: 64 hexadecimal digits",
        ),
        (r#""service_binding":"yes""#, "service_binding: must be true or false"),
        (r#""jwt":[]"#, "jwt: must not be empty"),
        (r#""jwt":[{"audience":"a"}]"#, "jwt[0].issuer: is missing"),
        (r#""jwt":[{"issuer":"https://a.example"}]"#, "jwt[0].audience: is missing"),
        (
            r#""jwt":[{"issuer":"https://a.example","audience":"a","aud":1}]"#,
            "jwt[0].aud: is not a known field",
        ),
        (
            r#""jwt":[{"issuer":"http://a.example","audience":"a"}]"#,
            "jwt[0].issuer: must be an https URL (http for loopback hosts only), or jwks_uri must say where the keys are",
        ),
        (
            r#""jwt":[{"issuer":"a","audience":"a","jwks_uri":"http://a.example/keys"}]"#,
            "jwt[0].jwks_uri: must be an https URL (http for loopback hosts only)",
        ),
        (
            r#""jwt":[{"issuer":"https://a.example","audience":""}]"#,
            "jwt[0].audience: must be text, a whole number or a boolean, or a list of these; nothing empty",
        ),
        (
            r#""jwt":[{"issuer":"https://a.example","audience":"a","claims":{"x":[1.5]}}]"#,
            "jwt[0].claims.x: must be text, a whole number or a boolean, or a list of these; nothing empty",
        ),
        (
            r#""jwt":[{"issuer":"https://a.example","audience":"a","claims":{}}]"#,
            "jwt[0].claims: must not be empty",
        ),
        (
            r#""jwt":[{"issuer":"https://token.actions.githubusercontent.com","audience":"a"}]"#,
            ANYBODY,
        ),
        // Anybody can make an environment of any name in a repository of their own.
        (
            r#""jwt":[{"issuer":"https://token.actions.githubusercontent.com","audience":"a","claims":{"environment":"production"}}]"#,
            ANYBODY,
        ),
    ];
    for (ways, expected) in cases {
        let vars = proving(&format!(r#"{ways},"origins":["https://app.example"]"#));
        assert_faults(&vars, &[&format!("CLIENTS.reports.{expected}")]);
    }
}

#[test]
fn a_certificate_tells_who_calls() {
    let entry = format!(
        r#"{{"mtls_sha256":["{DIGEST}"],"allow":[{{"credential":"default","scope":"{GRAPH}"}}]}}"#
    );
    let vars = valid().with("CLIENTS", &format!(r#"{{"a":{entry},"b":{entry}}}"#));
    assert_faults(&vars, &["CLIENTS.b.mtls_sha256[0]: is already listed for another client"]);
}

#[test]
fn cae_is_a_boolean_and_a_grant_has_it_if_any_of_its_entries_says_so() {
    let entry =
        |grants: &str| client(&format!(r#"{{"key_sha256":["{DIGEST}"],"allow":[{grants}]}}"#));
    let grant = |more: &str| format!(r#"{{"credential":"default","scope":"{GRAPH}"{more}}}"#);
    assert_faults(
        &entry(&grant(r#","cae":1"#)),
        &["CLIENTS.reports.allow[0].cae: must be true or false"],
    );
    for (more, cae) in [
        (["", ""], 0),
        ([r#","cae":false"#, ""], 0),
        ([r#","cae":true"#, ""], 1),
        (["", r#","cae":true,"keep_warm":true"#], 1),
    ] {
        let config = Config::parse(&entry(&more.map(grant).join(","))).unwrap();
        let capable = config.grants().filter(|grant| grant.capability).count();
        assert_eq!((config.grants().count() - capable, capable), (1, cae), "{more:?}");
        let warm = config.grants().filter(|grant| grant.keep_warm).count();
        assert_eq!(warm, if more[1].contains("keep_warm") { 2 } else { 0 }, "both are kept warm");
    }
}
