//! The configuration as a whole: what is accepted, and that a fault names its field and never its
//! value.

use base64ct::{Base64, Encoding};
use edge_token_broker::config::Config;

use crate::support::bindings::Vars;
use crate::support::config::{DIGEST, assert_faults, clients, faults, valid};

#[test]
fn a_valid_configuration_is_accepted_as_table_and_as_text() {
    assert_faults(&valid(), &[]);
    assert_faults(&valid().with("CLIENTS", &format!("json:{}", clients())), &[]);
}

#[test]
fn nothing_configured_names_everything_that_is_missing() {
    assert_faults(
        &Vars::default(),
        &[
            "AZ_TENANT: is missing",
            "AZ_CLIENT_ID: is missing",
            "AZ_CLIENT_SECRET: is missing",
            "CLIENTS: is missing",
        ],
    );
}

#[test]
fn cache_key_is_32_bytes_of_base64() {
    assert_faults(&valid().with("CACHE_KEY", &Base64::encode_string(&[7; 32])), &[]);
    for bad in
        ["c2hvcnQ=", "not base64!", &Base64::encode_string(&[7; 33]), &"00".repeat(32), "json:7"]
    {
        let faults = faults(&valid().with("CACHE_KEY", bad));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("CACHE_KEY: must be "), "{faults:?}");
    }
}

#[test]
fn log_hits_is_a_boolean_in_text_or_table_form() {
    for (value, expected) in
        [("true", true), ("false", false), ("json:false", false), ("json:true", true), ("", true)]
    {
        assert_eq!(Config::parse(&valid().with("LOG_HITS", value)).unwrap().log_hits, expected);
    }
    assert_faults(&valid().with("LOG_HITS", "no"), &["LOG_HITS: must be true or false"]);
}

#[test]
fn allow_http_is_a_boolean_in_text_or_table_form() {
    for (value, expected) in
        [("true", true), ("false", false), ("json:false", false), ("json:true", true), ("", false)]
    {
        let config = Config::parse(&valid().with("ALLOW_HTTP", value)).unwrap();
        assert_eq!(config.allow_http, expected);
    }
    for bad in ["yes", "1", "json:1", "json:{}"] {
        assert_faults(&valid().with("ALLOW_HTTP", bad), &["ALLOW_HTTP: must be true or false"]);
    }
}

#[test]
fn no_fault_shows_a_value() {
    let canary = "CANARY-5ecret";
    let tables = [
        canary.to_owned(),
        format!(r#"{{"x":"{canary}"}}"#),
        format!(
            r#"{{"x":{{"tenant":"{canary} ","client_id":"{canary} ","client_secret":"{canary}"}}}}"#
        ),
        format!(
            r#"{{"x":{{"key_sha256":["{canary}"],"allow":[{{"credential":"{canary}","scope":"{canary}\\"}}]}}}}"#
        ),
        format!(r#"{{"x":{{"key_sha256":"{canary}","allow":"{canary}"}}}}"#),
    ];
    let fields = [
        "AZ_TENANT",
        "AZ_CLIENT_ID",
        "AZ_CLIENT_SECRET",
        "AZ_CLIENT_SECRET_SECONDARY",
        "AZ_AUTHORITY_HOST",
        "CREDENTIALS",
        "CLIENTS",
        "CACHE_KEY",
        "LOG_HITS",
        "ALLOW_HTTP",
        "BASE_PATH",
    ];
    let mut seen = 0;
    for field in fields {
        for table in &tables {
            let value = format!("{table}\n ");
            let faults = faults(&valid().with(field, &value));
            seen += faults.len();
            assert!(!faults.concat().contains(canary), "{field}: {faults:?}");
        }
    }
    assert!(seen >= fields.len() * tables.len(), "every one of them is a fault");
}

#[test]
fn debug_output_of_a_configuration_has_no_secret() {
    let vars = valid().with("CACHE_KEY", &Base64::encode_string(&[7; 32]));
    let debug = format!("{:?}", Config::parse(&vars).unwrap());
    assert!(debug.contains("REDACTED"));
    for secret in ["s3cret", &DIGEST[..16], "[7, 7, 7"] {
        assert!(!debug.contains(secret), "{secret}");
    }
}
