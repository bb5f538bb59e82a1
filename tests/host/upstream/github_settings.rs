//! Faults of a GitHub App in the configuration.

use super::github::{PLAIN, vars, with_entry};
use crate::support::config::{DIGEST, assert_faults};

#[test]
fn faults_of_an_app() {
    let path = "CREDENTIALS.default.github_app";
    let url = "api: must be an https URL (http for loopback hosts only)";
    let id = "installation_id: must be a number: the last part of the URL of the installation's settings";
    let plain = "must be letters, digits, '.', '-' or '_' (a repository without its owner)";
    for (app, expected) in [
        (r#""installation_id":1"#.to_owned(), "client_id: is missing".to_owned()),
        (r#""client_id":"a""#.to_owned(), "installation_id: is missing".to_owned()),
        (r#""client_id":"a","installation_id":"4711x""#.to_owned(), id.to_owned()),
        (r#""client_id":"a","installation_id":"""#.to_owned(), id.to_owned()),
        (r#""client_id":"a","installation_id":-1"#.to_owned(), id.to_owned()),
        (format!(r#"{PLAIN},"api":"http://github.example.com/api/v3""#), url.to_owned()),
        (format!(r#"{PLAIN},"api":"https://github.example.com/api?x=""#), url.to_owned()),
        (format!(r#"{PLAIN},"api":"github.example.com""#), url.to_owned()),
        (format!(r#"{PLAIN},"repositories":[]"#), "repositories: must not be empty".to_owned()),
        (format!(r#"{PLAIN},"repositories":"web""#), "repositories: must be a list".to_owned()),
        (format!(r#"{PLAIN},"repositories":["octo/web"]"#), format!("repositories[0]: {plain}")),
        (format!(r#"{PLAIN},"permissions":{{}}"#), "permissions: must not be empty".to_owned()),
        (format!(r#"{PLAIN},"permissions":{{"a":"\""}}"#), format!("permissions.a: {plain}")),
        (format!(r#"{PLAIN},"permissions":{{"\"":"a"}}"#), format!("permissions.\": {plain}")),
        (format!(r#"{PLAIN},"permissions":{{"a":1}}"#), "permissions.a: must be text".to_owned()),
        (format!(r#"{PLAIN},"app_id":1"#), "app_id: is not a known field".to_owned()),
    ] {
        assert_faults(&vars(&app), &[&format!("{path}.{expected}")]);
    }
}

#[test]
fn faults_of_the_key_and_of_other_fields() {
    let app = format!(r#""github_app":{{{PLAIN}}}"#);
    let path = "CREDENTIALS.default";
    for (rest, expected) in [
        ("", "private_key: is missing"),
        (
            r#","private_key":"EC""#,
            "private_key: has a private key that is not RSA: take the file that the server gave out",
        ),
        (
            r#","private_key":["ONE","NONE"]"#,
            "private_key[1]: must name an existing secret binding (the name of the binding, not the secret itself)",
        ),
        (r#","private_key":"ONE","client_secret":"TWO""#, "client_secret: is not a known field"),
    ] {
        assert_faults(&with_entry(&[&app, rest].concat()), &[&format!("{path}.{expected}")]);
    }
    let entry = format!(r#"{app},"private_key":"ONE""#);
    let clients = format!(
        r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"default","scope":"s"}}]}}}}"#
    );
    assert_faults(
        &with_entry(&entry).with("CLIENTS", &clients),
        &[
            "CLIENTS.c.allow[0].scope: means nothing to this server: say in the credential what its tokens may do",
        ],
    );
    let no_table = with_entry(r#""github_app":"Iv23abc","private_key":"ONE""#);
    assert_faults(&no_table, &["CREDENTIALS.default.github_app: must be a table (JSON object)"]);
}
