//! The table `CREDENTIALS`: what is accepted, and each fault.

use edge_token_broker::config::Config;
use edge_token_broker::upstream::server::Endpoint;

use crate::support::bindings::Vars;
use crate::support::config::{assert_faults, clients, valid};

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
    for text in ["contoso", "Contoso", "CONTOSO", "contoso.com", "CONTOSO.com"] {
        assert_eq!(config.credentials_named(text).next().unwrap().name, "contoso");
    }
    assert!(config.credentials_named("contoso.co").next().is_none());
    let list = named(
        r#"{"tenant":"contoso.com","client_id":"c","client_secret":["CONTOSO_SECRET","AZ_CLIENT_SECRET"],
           "authority_host":"https://login.microsoftonline.us"}"#,
    );
    let config = Config::parse(&list).unwrap();
    let credential = config.credentials_named("contoso").next().unwrap();
    assert_eq!(credential.other_proofs.len(), 1);
    let endpoint = "https://login.microsoftonline.us/contoso.com/oauth2/v2.0/token";
    assert_eq!(credential.server.endpoint(), Endpoint::Url(endpoint));
}

#[test]
fn a_credential_has_at_most_four_secrets() {
    let entry = |secrets: &str| {
        let credential = r#"{"tenant":"t","client_id":"c","client_secret":SECRETS}"#;
        ["S2", "S3", "S4", "S5"]
            .iter()
            .fold(named(&credential.replace("SECRETS", secrets)), |vars, name| {
                vars.with(name, &format!("the value of {name}"))
            })
    };
    assert_faults(&entry(r#"["CONTOSO_SECRET","S2","S3","S4"]"#), &[]);
    assert_faults(
        &entry(r#"["CONTOSO_SECRET","S2","S3","S4","S5"]"#),
        &["CREDENTIALS.contoso.client_secret: must be at most 4 secrets (a rotation needs two): \
           remove those that are no longer valid"],
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
    let cases: [(&str, &[&str]); 12] = [
        (
            "{}",
            &[
                "CREDENTIALS.contoso.tenant: is missing, and so is any other server: issuer, resource, token_endpoint, service_account, github_app",
            ],
        ),
        (
            r#"{"tenant":"t"}"#,
            &[
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
        credential.server.endpoint(),
        Endpoint::Url("https://login.microsoftonline.us/t/oauth2/v2.0/token")
    );
    assert!(credential.other_proofs.is_empty());
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
    let same_but_for_case = |name: &str| {
        format!(
            "CREDENTIALS.{name}: differs only in case from the name of another credential: requests may name it in any case"
        )
    };
    let cases = [
        ("nonsense", "CREDENTIALS: is not valid JSON (line 1, column 2)".to_owned()),
        ("7", "CREDENTIALS: must be a table (JSON object)".to_owned()),
        (&format!(r#"{{"x":{entry},"x":{entry}}}"#), "CREDENTIALS.x: appears twice".to_owned()),
        (
            &format!(r#"{{"default":{entry}}}"#),
            "CREDENTIALS.default: is configured by AZ_TENANT, AZ_CLIENT_ID and AZ_CLIENT_SECRET or AZ_CLIENT_CERTIFICATE already".to_owned(),
        ),
        (&format!(r#"{{"x":{entry},"y":{entry},"X":{entry}}}"#), same_but_for_case("X")),
        (&format!(r#"{{"Default":{entry}}}"#), same_but_for_case("Default")),
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
fn a_name_twice_in_two_cases_is_one_fault_and_not_one_for_each_grant() {
    let entry = r#"{"tenant":"t","client_id":"c","client_secret":"AZ_CLIENT_SECRET"}"#;
    let vars = valid()
        .with("CREDENTIALS", &format!(r#"{{"x":{entry},"X":{entry}}}"#))
        .with("CLIENTS", &clients().replace("default", "X"));
    assert_faults(
        &vars,
        &[
            "CREDENTIALS.X: differs only in case from the name of another credential: requests may name it in any case",
        ],
    );
}

#[test]
fn the_configuration_itself_has_one_spelling() {
    let vars = valid().with("CLIENTS", &clients().replace("default", "Default"));
    assert_faults(
        &vars,
        &["CLIENTS.reports.allow[0].credential: names a credential that does not exist"],
    );
}
