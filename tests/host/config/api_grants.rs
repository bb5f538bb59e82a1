//! Entries of `allow` with `api`: what they may say, every fault, and which requests they permit.

use crate::support::bindings::Vars;
use crate::support::config::{DIGEST, GRAPH, assert_faults, valid};
use edge_token_broker::config::{Client, Config};
use edge_token_broker::grants::permit;

/// APIs `graph` and `mail`, and the client `reports` with these entries in `allow`.
fn allowing(allow: &str) -> Vars {
    let grant = format!(r#""credential":"default","scope":"{GRAPH}""#);
    let apis = format!(
        r#"{{"graph":{{"base":"https://graph.microsoft.com/v1.0",{grant}}},"mail":{{"base":"https://mail.example",{grant}}}}}"#
    );
    let clients = format!(r#"{{"reports":{{"key_sha256":["{DIGEST}"],"allow":[{allow}]}}}}"#);
    valid().with("APIS", &apis).with("CLIENTS", &clients)
}

fn with(allow: &str, ask: impl FnOnce(&Config, &Client)) {
    let config = Config::parse(&allowing(allow)).unwrap();
    ask(&config, config.client("reports").unwrap());
}

/// The URL that the request goes to, or the name of the refusal.
fn decide(config: &Config, client: &Client, api: &str, method: &str, path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let api = config.api(api).unwrap();
    let target = api.base.resolve(path, query);
    match permit(client, api, method, &target) {
        Ok(()) => target.unwrap().url().to_owned(),
        Err(error) => error.name().to_owned(),
    }
}

#[test]
fn a_client_may_have_grants_of_apis_only() {
    with(r#"{"api":"graph"}"#, |_, client| {
        assert!(client.grants.is_empty(), "it gets no token");
        assert_eq!(client.apis.len(), 1);
        assert!(client.apis[0].paths.is_empty());
        let [get, head, post] =
            ["GET", "HEAD", "POST"].map(|method| client.apis[0].permits_method(method));
        assert!(get && head && !post);
    });
    with(
        &format!(r#"{{"api":"graph"}},{{"credential":"default","scope":"{GRAPH}"}}"#),
        |_, client| {
            assert_eq!((client.grants.len(), client.apis.len()), (1, 1));
        },
    );
}

#[test]
fn faults_of_an_entry_with_an_api() {
    let beside = "stands beside api, whose entry in APIS says it: remove it here";
    let method = "must be a method in capital letters such as GET, and not CONNECT, TRACE or TRACK";
    let unknown = "names an API that does not exist: APIS has none of this name (case counts)";
    let size = "must have 1 to 1024 characters and at most 32 segments";
    let cases = [
        (r#""api":"nobody""#, vec![("api", unknown)]),
        (r#""api":"Graph""#, vec![("api", unknown)]),
        (r#""api":7"#, vec![("api", "must be text")]),
        (
            r#""cae":true,"keep_warm":false,"scope":"a","credential":"default","api":"graph""#,
            vec![("credential", beside), ("scope", beside), ("keep_warm", beside), ("cae", beside)],
        ),
        (r#""api":"graph","method":["GET"]"#, vec![("method", "is not a known field")]),
        (r#""api":"graph","methods":"GET""#, vec![("methods", "must be a list")]),
        (r#""api":"graph","methods":[]"#, vec![("methods", "must not be empty")]),
        (r#""api":"graph","methods":[1]"#, vec![("methods[0]", "must be text")]),
        (
            r#""api":"graph","methods":["get","","*","GET ","CONNECT","TRACE","TRACK","É","GET"]"#,
            vec![
                ("methods[0]", method),
                ("methods[1]", method),
                ("methods[2]", method),
                ("methods[3]", method),
                ("methods[4]", method),
                ("methods[5]", method),
                ("methods[6]", method),
                ("methods[7]", method),
            ],
        ),
        (r#""api":"graph","paths":[]"#, vec![("paths", "must not be empty")]),
        (r#""api":"graph","paths":{}"#, vec![("paths", "must be a list")]),
        (
            r#""api":"graph","paths":["", "users/a*", "a/../b", "a?b"]"#,
            vec![
                ("paths[0]", size),
                ("paths[1]", "must have * and ** as whole segments (an asterisk itself is %2A)"),
                ("paths[2]", "must not have a segment . or .."),
                (
                    "paths[3]",
                    "must not have a backslash, ?, #, a control character, or a % without two digits",
                ),
            ],
        ),
    ];
    for (entry, expected) in cases {
        let expected: Vec<_> = expected
            .iter()
            .map(|(field, reason)| format!("CLIENTS.reports.allow[0].{field}: {reason}"))
            .collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        assert_faults(&allowing(&format!("{{{entry}}}")), &expected);
    }
}

#[test]
fn methods_and_paths_are_of_an_api() {
    let entry =
        format!(r#"{{"credential":"default","scope":"{GRAPH}","methods":["GET"],"paths":["a"]}}"#);
    assert_faults(
        &allowing(&entry),
        &[
            "CLIENTS.reports.allow[0].methods: has a meaning only beside api: remove it",
            "CLIENTS.reports.allow[0].paths: has a meaning only beside api: remove it",
        ],
    );
    assert_faults(
        &allowing(r#"{"paths":["a"]}"#),
        &[
            "CLIENTS.reports.allow[0].paths: has a meaning only beside api: remove it",
            "CLIENTS.reports.allow[0].credential: is missing",
            "CLIENTS.reports.allow[0].scope: is missing",
        ],
    );
}

#[test]
fn a_grant_for_an_api_with_a_fault_is_no_second_fault() {
    let vars = allowing(r#"{"api":"graph"}"#).with("APIS", r#"{"graph":{}}"#);
    let faults = crate::support::config::faults(&vars);
    assert!(faults.iter().all(|fault| fault.starts_with("APIS.graph.")), "{faults:?}");
}

#[test]
fn an_entry_of_the_registry_has_the_same_fields() {
    let config = Config::parse(&allowing(r#"{"api":"graph"}"#)).unwrap();
    let entry = |allow: &str| format!(r#"{{"service_binding":true,"allow":[{allow}]}}"#);
    let good = entry(r#"{"api":"mail","methods":["POST"],"paths":["me/**"]}"#);
    let client = config.registered_client("far", good.as_bytes()).unwrap();
    assert_eq!(decide(&config, &client, "mail", "POST", "/me/x"), "https://mail.example/me/x");
    assert_eq!(decide(&config, &client, "graph", "POST", "/me/x"), "api_not_granted");
    let bad = entry(r#"{"api":"nobody","methods":["post"]}"#);
    let faults = config.registered_client("far", bad.as_bytes()).unwrap_err();
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["REGISTRY.far.allow[0].api", "REGISTRY.far.allow[0].methods[0]"]);
}

#[test]
fn a_refusal_says_which_of_the_three_is_not_granted() {
    let allow = r#"{"api":"graph","methods":["GET","POST"],"paths":["users/*","me/**"]},
                   {"api":"graph","methods":["DELETE"],"paths":["me/drafts/*"]}"#;
    let graph = "https://graph.microsoft.com/v1.0";
    with(allow, |config, client| {
        for (api, method, path, expected) in [
            ("graph", "GET", "/users/7?$select=id", format!("{graph}/users/7?$select=id")),
            ("graph", "POST", "/me", format!("{graph}/me")),
            ("graph", "GET", "/me/a/b", format!("{graph}/me/a/b")),
            ("graph", "DELETE", "/me/drafts/1", format!("{graph}/me/drafts/1")),
            ("graph", "DELETE", "/me/a/b", "path_not_granted".into()),
            ("graph", "GET", "/users", "path_not_granted".into()),
            ("graph", "GET", "/users/7/messages", "path_not_granted".into()),
            ("graph", "GET", "", "path_not_granted".into()),
            ("graph", "HEAD", "/me", "method_not_granted".into()),
            ("graph", "get", "/me", "method_not_granted".into()),
            ("graph", "TRACE", "/me", "method_not_granted".into()),
            ("mail", "GET", "/me", "api_not_granted".into()),
            // What leaves the base is refused whatever is granted.
            ("graph", "GET", "/me/../users", "invalid_request".into()),
            ("graph", "GET", "/me/..%2fusers", "invalid_request".into()),
            ("mail", "GET", "/me/../users", "api_not_granted".into()),
        ] {
            assert_eq!(decide(config, client, api, method, path), expected, "{method} {path}");
        }
    });
}

#[test]
fn without_paths_every_path_is_granted() {
    with(r#"{"api":"mail"},{"api":"graph","methods":["PUT"]}"#, |config, client| {
        assert_eq!(decide(config, client, "mail", "GET", ""), "https://mail.example/");
        assert_eq!(
            decide(config, client, "mail", "HEAD", "/a//b%2Fc"),
            "https://mail.example/a//b%2Fc"
        );
        assert_eq!(decide(config, client, "mail", "PUT", "/a"), "method_not_granted");
        assert_eq!(
            decide(config, client, "graph", "PUT", "/a"),
            "https://graph.microsoft.com/v1.0/a"
        );
    });
}

#[test]
fn a_client_without_grants_of_apis_reaches_none() {
    with(&format!(r#"{{"credential":"default","scope":"{GRAPH}"}}"#), |config, client| {
        assert_eq!(decide(config, client, "graph", "GET", "/me"), "api_not_granted");
    });
}
