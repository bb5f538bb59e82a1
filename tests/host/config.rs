//! The configuration as a whole, and its credentials: what is accepted, and that every fault names
//! its field and never its value.

use crate::support::bindings::Vars;
use crate::support::config::{DIGEST, TENANT, assert_faults, clients, faults, valid};
use base64ct::{Base64, Encoding};
use edge_token_broker::config::Config;

#[test]
fn a_valid_configuration_is_accepted_as_table_and_as_text() {
    assert_faults(&valid(), &[]);
    assert_faults(&valid().with("CLIENTS", &format!("json:{}", clients())), &[]);
}

#[test]
fn the_default_credential_has_its_endpoint_in_the_public_cloud() {
    let config = Config::parse(&valid()).unwrap();
    let credential = config.credentials_named("default").next().unwrap();
    let expected = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
    assert_eq!(credential.server.token_endpoint(), expected);
    assert!(credential.other_secrets.is_empty());
}

#[test]
fn the_secondary_secret_comes_second() {
    let config = Config::parse(&valid().with("AZ_CLIENT_SECRET_SECONDARY", "old")).unwrap();
    let credential = config.credentials_named("default").next().unwrap();
    assert_eq!(credential.secret.expose(), "s3cret");
    assert_eq!(credential.other_secrets[0].expose(), "old");
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

fn named(credential: &str) -> Vars {
    valid()
        .with("CREDENTIALS", &format!(r#"{{"contoso":{credential}}}"#))
        .with("CONTOSO_SECRET", "c0ntoso")
}

#[test]
fn credentials_by_name_with_one_secret_or_a_list() {
    let vars =
        named(r#"{"tenant":"contoso.com","client_id":"c","client_secret":"CONTOSO_SECRET"}"#);
    let config = Config::parse(&vars).unwrap();
    for text in ["contoso", "contoso.com", "CONTOSO.com"] {
        assert_eq!(config.credentials_named(text).next().unwrap().name, "contoso");
    }
    assert!(config.credentials_named("Contoso").next().is_none());
    let list = named(
        r#"{"tenant":"contoso.com","client_id":"c","client_secret":["CONTOSO_SECRET","AZ_CLIENT_SECRET"],
           "authority_host":"https://login.microsoftonline.us"}"#,
    );
    let config = Config::parse(&list).unwrap();
    let credential = config.credentials_named("contoso").next().unwrap();
    assert_eq!(credential.other_secrets.len(), 1);
    assert!(
        credential
            .server
            .token_endpoint()
            .starts_with("https://login.microsoftonline.us/contoso.com/")
    );
}

#[test]
fn credentials_alone_are_enough() {
    let vars = Vars::of(&[
        ("CREDENTIALS", r#"{"default":{"tenant":"t","client_id":"c","client_secret":"S"}}"#),
        ("S", "secret"),
        ("CLIENTS", &clients()),
    ]);
    assert_faults(&vars, &[]);
    assert_faults(
        &Vars::of(&[("CREDENTIALS", "{}"), ("CLIENTS", "{}")]),
        &["CREDENTIALS: must not be empty"],
    );
}

#[test]
fn faults_of_named_credentials() {
    let secret_missing = "CREDENTIALS.contoso.client_secret: must name an existing secret binding (the name of the binding, not the secret itself)";
    let cases: [(&str, &[&str]); 11] = [
        (
            "{}",
            &[
                "CREDENTIALS.contoso.tenant: is missing",
                "CREDENTIALS.contoso.client_id: is missing",
                "CREDENTIALS.contoso.client_secret: is missing",
            ],
        ),
        ("[]", &["CREDENTIALS.contoso: must be a table (JSON object)"]),
        (
            r#"{"tenant":"t","client_id":"c","client_secret":"CONTOSO_SECRET","extra":1}"#,
            &["CREDENTIALS.contoso.extra: is not a known field"],
        ),
        (
            r#"{"tenant":"t","tenant":"u","client_id":"c","client_secret":"CONTOSO_SECRET"}"#,
            &["CREDENTIALS.contoso.tenant: appears twice"],
        ),
        (
            r#"{"tenant":"t","client_id":"c","client_secret":"the-secret-itself"}"#,
            &[secret_missing],
        ),
        (r#"{"tenant":"t","client_id":"c","client_secret":"CLIENTS_"}"#, &[secret_missing]),
        (
            r#"{"tenant":"t","client_id":"c","client_secret":["CONTOSO_SECRET","NOPE"]}"#,
            &[
                "CREDENTIALS.contoso.client_secret[1]: must name an existing secret binding (the name of the binding, not the secret itself)",
            ],
        ),
        (
            r#"{"tenant":"t","client_id":"c","client_secret":[]}"#,
            &["CREDENTIALS.contoso.client_secret: must not be empty"],
        ),
        (
            r#"{"tenant":7,"client_id":null,"client_secret":true}"#,
            &[
                "CREDENTIALS.contoso.tenant: must be text",
                "CREDENTIALS.contoso.client_id: must be text",
                "CREDENTIALS.contoso.client_secret: must be text",
            ],
        ),
        (
            r#"{"tenant":"t","client_id":"c","client_secret":"CONTOSO_SECRET","authority_host":"http://evil.example"}"#,
            &[
                "CREDENTIALS.contoso.authority_host: http is allowed for loopback hosts only, use https",
            ],
        ),
        (
            r#"{"tenant":"t","client_id":"c","client_secret":"CONTOSO_SECRET","authority_host":7}"#,
            &["CREDENTIALS.contoso.authority_host: must be text"],
        ),
    ];
    for (credential, expected) in cases {
        assert_faults(&named(credential), expected);
    }
}

#[test]
fn credentials_inherit_the_authority_host_and_repeat_no_secret() {
    let entry = r#"{"tenant":"t","client_id":"c","client_secret":["CONTOSO_SECRET","SAME"]}"#;
    let vars = named(entry)
        .with("SAME", "c0ntoso")
        .with("AZ_AUTHORITY_HOST", "https://login.microsoftonline.us");
    let config = Config::parse(&vars).unwrap();
    let credential = config.credentials_named("contoso").next().unwrap();
    assert_eq!(
        credential.server.token_endpoint(),
        "https://login.microsoftonline.us/t/oauth2/v2.0/token"
    );
    assert!(credential.other_secrets.is_empty());
}

#[test]
fn the_authority_host_is_checked_also_where_no_default_credential_is() {
    let vars = Vars::of(&[
        ("AZ_AUTHORITY_HOST", "http://evil.example"),
        ("CREDENTIALS", r#"{"default":{"tenant":"t","client_id":"c","client_secret":"S"}}"#),
        ("S", "secret"),
        ("CLIENTS", &clients()),
    ]);
    assert_faults(
        &vars,
        &["AZ_AUTHORITY_HOST: http is allowed for loopback hosts only, use https"],
    );
}

#[test]
fn a_secondary_secret_does_not_change_the_stored_tokens_key() {
    let key =
        |vars: &Vars| Config::parse(vars).unwrap().client("reports").unwrap().grants[0].token_key;
    assert_eq!(key(&valid()), key(&valid().with("AZ_CLIENT_SECRET_SECONDARY", "old")));
    assert_ne!(key(&valid()), key(&valid().with("AZ_CLIENT_SECRET", "new")));
}

#[test]
fn a_malformed_table_is_one_fault() {
    let vars = Vars::of(&[("CREDENTIALS", "nonsense"), ("CLIENTS", "{}")]);
    assert_faults(&vars, &["CREDENTIALS: is not valid JSON (line 1, column 2)"]);
    let vars = valid()
        .with("CREDENTIALS", r#"{"contoso":7}"#)
        .with("CLIENTS", &clients().replace("default", "contoso"));
    assert_faults(&vars, &["CREDENTIALS.contoso: must be a table (JSON object)"]);
}

#[test]
fn faults_of_the_credentials_table() {
    let entry = r#"{"tenant":"t","client_id":"c","client_secret":"AZ_CLIENT_SECRET"}"#;
    let cases = [
        ("nonsense", "CREDENTIALS: is not valid JSON (line 1, column 2)".to_owned()),
        ("7", "CREDENTIALS: must be a table (JSON object)".to_owned()),
        (&format!(r#"{{"x":{entry},"x":{entry}}}"#), "CREDENTIALS.x: appears twice".to_owned()),
        (
            &format!(r#"{{"default":{entry}}}"#),
            "CREDENTIALS.default: is configured by AZ_TENANT, AZ_CLIENT_ID and AZ_CLIENT_SECRET already".to_owned(),
        ),
        (
            &format!(r#"{{"a/b":{entry}}}"#),
            "CREDENTIALS.a/b: must be letters, digits, '.', '-' or '_', beginning with a letter or digit".to_owned(),
        ),
    ];
    for (table, expected) in cases {
        assert_faults(&valid().with("CREDENTIALS", table), &[&expected]);
    }
}

#[test]
fn a_broken_credential_is_one_fault_and_not_one_for_each_grant() {
    assert_faults(
        &valid().with("AZ_TENANT", "a b"),
        &["AZ_TENANT: must be a tenant id or a domain"],
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
