//! `tools/explain`: what it answers, and its exit codes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use edge_token_broker::config::{Binding, Bindings};
use secrecy::ExposeSecret;

use crate::support::config::{DIGEST, GRAPH, TENANT};

pub(crate) const VAULT: &str = "https://vault.azure.net/.default";

/// Two clients and two credentials; `entry` stands in the first client's entry.
pub(crate) fn bindings(entry: &str) -> String {
    let clients = format!(
        r#"{{"reports":{{"key_sha256":["{DIGEST}"],{entry}"allow":[{{"credential":"default","scope":"{GRAPH}"}},{{"credential":"fabrikam","scope":"{VAULT}"}}]}},"billing":{{"key_sha256":["{}"],"allow":[{{"credential":"default","scope":"{GRAPH}"}}]}}}}"#,
        "c".repeat(64),
    );
    let credentials = r#"{"fabrikam":{"tenant":"fabrikam.example","client_id":"other","client_secret":"FABRIKAM"}}"#;
    let text = |text: &str| format!(r#"{{"text":{}}}"#, serde_json::Value::from(text));
    format!(
        r#"{{"AZ_TENANT":{},"AZ_CLIENT_ID":{},"AZ_CLIENT_SECRET":{},"FABRIKAM":{},"CREDENTIALS":{},"CLIENTS":{{"json":{}}}}}"#,
        text(TENANT),
        text("app"),
        text("s3cret"),
        text("other-s3cret"),
        text(credentials),
        serde_json::Value::from(clients),
    )
}

/// The exit code and the page.
pub(crate) fn explain(bindings: &str, question: &[(&str, &str)]) -> (i32, String) {
    let mut asked = String::new();
    for (name, value) in question {
        write!(asked, r#","{name}":{}"#, serde_json::Value::from(*value)).unwrap();
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_explain"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = format!(r#"{{"bindings":{bindings}{asked}}}"#);
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_var_that_is_an_empty_text_is_absent_as_for_the_worker() {
    let bindings = bindings("").replacen('{', r#"{"LOG_HITS":{"text":""},"#, 1);
    let (code, page) = explain(&bindings, &[("client", "billing"), ("scope", GRAPH)]);
    assert_eq!(code, 0, "{page}");
}

#[test]
fn a_refusal_has_the_name_that_the_log_gives_it() {
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[("client", "billing"), ("scope", VAULT)], "(scope_not_granted)\n"),
        (
            &[("client", "billing"), ("scope", VAULT), ("credential", "fabrikam")],
            "(credential_not_granted)\n",
        ),
        (&[("client", "billing"), ("scope", "a\"b")], "(scope_malformed)\n"),
        (&[("client", "nobody"), ("scope", GRAPH)], "(invalid_client)\n"),
        (&[("scope", "https://nobody.example/.default")], "no client may get this\n"),
    ];
    for (question, expected) in cases {
        let (code, page) = explain(&bindings(""), question);
        assert!(page.contains(expected), "{page}");
        assert_eq!(code, 1);
    }
}

#[test]
fn a_tenant_stands_for_its_credential() {
    let question = [("client", "reports"), ("scope", VAULT), ("credential", "fabrikam.example")];
    let (code, page) = explain(&bindings(""), &question);
    assert!(page.starts_with("allowed: by the grant https://vault.azure.net/.default"), "{page}");
    assert_eq!(code, 0);
}

#[test]
fn without_a_client_it_is_a_page_of_those_who_may() {
    let clients = |question: &[(&str, &str)]| {
        let (code, page) = explain(&bindings(""), question);
        assert_eq!(code, 0);
        page.lines().filter(|line| line.starts_with("client ")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(clients(&[]), "client billing, client reports");
    assert_eq!(clients(&[("scope", VAULT), ("credential", "fabrikam")]), "client reports");
}

#[test]
fn what_a_request_without_a_scope_would_get() {
    let line = "a request without a scope, credential default: ";
    let bindings = bindings("");
    for client in ["billing", "reports"] {
        let page = explain(&bindings, &[("client", client)]).1;
        assert!(page.contains(&format!("{line}{GRAPH}\n")), "{page}");
    }
    let [other, same] = ["fabrikam", "default"].map(|name| format!(r#"\"credential\":\"{name}\""#));
    let page = explain(&bindings.replace(&other, &same), &[("client", "reports")]).1;
    assert!(page.contains(&format!("{line}refused, scope is missing")), "{page}");
}

#[test]
fn faults_are_listed_with_their_fields() {
    let (code, page) = explain(&bindings(r#""alow":[],"#), &[("client", "reports")]);
    assert_eq!(code, 2);
    assert!(page.contains("  CLIENTS.reports.alow: is not a known field\n"), "{page}");
}

#[test]
fn an_auditor_sees_that_plain_http_is_served() {
    let line = "plain http is served (ALLOW_HTTP): TLS has to end before the broker\n";
    for (value, shown) in [("true", true), ("false", false)] {
        let allow = format!(r#""ALLOW_HTTP":{{"json":"{value}"}},"#);
        let bindings = bindings("").replacen('{', &format!("{{{allow}"), 1);
        for question in [&[] as &[(&str, &str)], &[("client", "reports"), ("scope", GRAPH)]] {
            let (code, page) = explain(&bindings, question);
            assert_eq!((code, page.starts_with(line)), (0, shown), "{page}");
        }
    }
}

#[test]
fn what_is_no_question_is_a_fault() {
    assert_eq!(explain("[]", &[]).0, 2);
    assert_eq!(explain(r#"{"CLIENTS":{}}"#, &[]).0, 2);
}

#[test]
fn an_auditor_sees_whose_jwts_speak_for_a_client() {
    let entry = r#""jwt":[{"issuer":"https://id.example","audience":"a","subject":"s","claims":{"repository":"octo/app"}}],"#;
    let (code, page) = explain(&bindings(entry), &[("client", "reports")]);
    assert_eq!(code, 0, "{page}");
    let line = "    a JWT of https://id.example, with sub, repository pinned\n";
    assert!(page.contains(line), "{page}");
}

#[test]
fn a_client_may_be_in_the_registry_which_is_said() {
    let key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let registry = format!(r#""REGISTRY":{{"json":"{{}}"}},"REGISTRY_KEY":{{"text":"{key}"}},"#);
    let bindings = bindings("").replacen('{', &format!("{{{registry}"), 1);
    let (code, page) = explain(&bindings, &[("client", "far")]);
    assert_eq!(code, 1);
    let line =
        "refused: CLIENTS has no such client; the registry is not looked at (invalid_client)\n";
    assert_eq!(page, line);
}

#[test]
fn a_grant_with_the_client_capability_says_so() {
    let cae = bindings("")
        .replace(r#"\"scope\":\"https://vault"#, r#"\"cae\":true,\"scope\":\"https://vault"#);
    let (_, page) = explain(&cae, &[("client", "reports")]);
    let (_, without) = explain(&bindings(""), &[("client", "reports")]);
    assert!(page.contains("application other), with the client capability (cae)"), "{page}");
    assert!(!without.contains("cae"), "{without}");
}

#[test]
fn what_to_set_at_the_application_of_a_federated_credential() {
    let vars = crate::support::federated::federated();
    let text = |name: &str| match vars.binding(name) {
        Binding::Text(text) => {
            format!(r#""{name}":{{"text":{}}}"#, serde_json::Value::from(text.expose_secret()))
        }
        _ => panic!("{name}"),
    };
    let names = ["ISSUER", "ISSUER_KEY", "CREDENTIALS", "CLIENTS"];
    let bindings = format!("{{{}}}", names.map(text).join(","));
    let (code, page) = explain(&bindings, &[]);
    assert_eq!(code, 0, "{page}");
    assert!(
        page.ends_with(
            "credential default is federated: application app has to have, to the letter\n  \
             issuer https://broker.example\n  subject graph\n  audience api://AzureADTokenExchange\n"
        ),
        "{page}"
    );
}

#[test]
fn a_secret_that_is_not_looked_at_is_no_fault_whatever_it_is() {
    let plain = bindings("");
    for (seen, unseen) in [
        (r#""AZ_CLIENT_SECRET":{"text":"s3cret"}"#, r#""AZ_CLIENT_SECRET":{"unseen":true}"#),
        (r#""AZ_CLIENT_SECRET":{"text":"s3cret"}"#, r#""AZ_CLIENT_CERTIFICATE":{"unseen":true}"#),
        (r#""FABRIKAM":{"text":"other-s3cret"}"#, r#""FABRIKAM":{"unseen":true}"#),
    ] {
        assert!(plain.contains(seen));
        for field in ["client_secret", "certificate"] {
            let bindings = plain
                .replace(seen, unseen)
                .replace(r#"\"client_secret\":\"FABRIKAM"#, &format!(r#"\"{field}\":\"FABRIKAM"#));
            // A text that can be seen is no certificate.
            let code = i32::from(field == "certificate" && !unseen.contains("FABRIKAM")) * 2;
            for client in ["reports", "billing"] {
                let (answered, page) = explain(&bindings, &[("client", client), ("scope", GRAPH)]);
                assert_eq!(answered, code, "{unseen} {page}");
            }
        }
    }
    let registry =
        plain.replacen('{', r#"{"REGISTRY":{"json":"{}"},"REGISTRY_KEY":{"unseen":true},"#, 1);
    assert_eq!(explain(&registry, &[("client", "billing"), ("scope", GRAPH)]).0, 0);
}
