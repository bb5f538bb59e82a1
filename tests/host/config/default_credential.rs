//! The default credential: its endpoint, its secrets, and its faults.

use edge_token_broker::config::Config;
use edge_token_broker::upstream::proof::Proof;
use edge_token_broker::upstream::server::Endpoint;

use crate::support::bindings::Vars;
use crate::support::config::{TENANT, assert_faults, faults, valid};

#[test]
fn the_default_credential_has_its_endpoint_in_the_public_cloud() {
    let config = Config::parse(&valid()).unwrap();
    let credential = config.credentials_named("default").next().unwrap();
    let expected = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
    assert_eq!(credential.server.endpoint(), Endpoint::Url(&expected));
    assert!(credential.other_proofs.is_empty());
}

#[test]
fn the_secondary_secret_comes_second() {
    let config = Config::parse(&valid().with("AZ_CLIENT_SECRET_SECONDARY", "old")).unwrap();
    let credential = config.credentials_named("default").next().unwrap();
    let secret =
        |proof: &Proof| matches!(proof, Proof::Secret(secret) if secret.expose() == "s3cret");
    assert!(secret(&credential.proof));
    assert!(matches!(&credential.other_proofs[..], [Proof::Secret(old)] if old.expose() == "old"));
}

#[test]
fn the_default_credential_is_there_whole_or_not_at_all() {
    for field in ["AZ_TENANT", "AZ_CLIENT_ID", "AZ_CLIENT_SECRET"] {
        assert_faults(&valid().with(field, ""), &[&format!("{field}: is missing")]);
    }
    let only_secondary = Vars::of(&[
        ("AZ_CLIENT_SECRET_SECONDARY", "old"),
        ("CREDENTIALS", r#"{"x":{"tenant":"t","client_id":"c","client_secret":"X"}}"#),
        ("X", "secret"),
        ("CLIENTS", "{}"),
    ]);
    assert_eq!(faults(&only_secondary).len(), 3);
}

#[test]
fn faults_of_the_default_credential() {
    let cases = [
        ("AZ_TENANT", "a/b", "must be a tenant id or a domain"),
        ("AZ_TENANT", "..", "must be a tenant id or a domain"),
        (
            "AZ_TENANT",
            "Common",
            "must be one certain tenant, not common, organizations or consumers",
        ),
        ("AZ_TENANT", "json:7", "must be text"),
        (
            "AZ_CLIENT_ID",
            " app",
            "must be 1 to 253 printable ASCII characters without a space at either end",
        ),
        (
            "AZ_CLIENT_ID",
            "äpp",
            "must be 1 to 253 printable ASCII characters without a space at either end",
        ),
        (
            "AZ_CLIENT_SECRET",
            "s3cret\n",
            "must not begin or end with white space or contain control characters (a line break at the end?)",
        ),
        ("AZ_CLIENT_SECRET", "json:{}", "must be text"),
        (
            "AZ_CLIENT_SECRET_SECONDARY",
            " old",
            "must not begin or end with white space or contain control characters (a line break at the end?)",
        ),
    ];
    for (field, value, reason) in cases {
        assert_faults(&valid().with(field, value), &[&format!("{field}: {reason}")]);
    }
}

#[test]
fn authority_hosts() {
    for good in [
        "https://login.microsoftonline.us",
        "https://LOGIN.microsoftonline.com/",
        "https://login.example:8443",
        "http://localhost:8788",
        "http://127.0.0.1:1",
        "http://127.8.9.10",
        "http://[::1]:8080",
    ] {
        assert_faults(&valid().with("AZ_AUTHORITY_HOST", good), &[]);
    }
    for bad in [
        "login.microsoftonline.com",
        "ftp://login.microsoftonline.com",
        "https://",
        "https://user@host",
        "https://host/path",
        "https://host?x",
        "https://host#x",
        "https://host:0",
        "https://host:99999",
        "https://ho st",
        "https://[::1",
        "https://[zz]",
    ] {
        let fault =
            "AZ_AUTHORITY_HOST: must be https://host or https://host:port, with nothing behind";
        assert_faults(&valid().with("AZ_AUTHORITY_HOST", bad), &[fault]);
    }
    for insecure in [
        "http://login.microsoftonline.com",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "http://[::2]",
    ] {
        let fault = "AZ_AUTHORITY_HOST: http is allowed for loopback hosts only, use https";
        assert_faults(&valid().with("AZ_AUTHORITY_HOST", insecure), &[fault]);
    }
}

#[test]
fn a_secondary_secret_does_not_change_the_stored_tokens_key() {
    let key =
        |vars: &Vars| Config::parse(vars).unwrap().client("reports").unwrap().grants[0].token_key;
    assert_eq!(key(&valid()), key(&valid().with("AZ_CLIENT_SECRET_SECONDARY", "old")));
    assert_ne!(key(&valid()), key(&valid().with("AZ_CLIENT_SECRET", "new")));
}

#[test]
fn a_broken_credential_is_one_fault_and_not_one_for_each_grant() {
    assert_faults(
        &valid().with("AZ_TENANT", "a b"),
        &["AZ_TENANT: must be a tenant id or a domain"],
    );
}
