//! `tools/explain`: what it says of APIs.

use crate::explain::{VAULT, bindings, explain};
use crate::support::config::{DIGEST, GRAPH, TENANT};

/// `reports` may send to `graph`; `billing` gets no token, and may send to both APIs.
pub(crate) fn with_apis() -> String {
    let apis = format!(
        r#"{{"graph":{{"base":"https://graph.microsoft.com/v1.0/","credential":"default","scope":"{GRAPH}","keep_warm":true}},"vault":{{"base":"https://vault.example","credential":"fabrikam","scope":"{VAULT}","header":"X-Key","log_path":true,"first_byte_timeout":5}}}}"#
    );
    let reports = format!(
        r#"{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"default","scope":"{GRAPH}"}},{{"api":"graph","methods":["POST"],"paths":["me/**","/users/*"]}}]}}"#
    );
    let billing = format!(
        r#"{{"key_sha256":["{}"],"allow":[{{"api":"graph"}},{{"api":"vault"}}]}}"#,
        "c".repeat(64)
    );
    let clients = format!(r#"{{"reports":{reports},"billing":{billing}}}"#);
    let text = serde_json::Value::from;
    let before = bindings("");
    let (before, _) = before.split_once(r#""CLIENTS""#).unwrap();
    format!(r#"{before}"CLIENTS":{{"json":{}}},"APIS":{{"json":{}}}}}"#, text(clients), text(apis))
}

#[test]
fn an_auditor_sees_each_api_and_who_may_send_what_to_it() {
    let (code, page) = explain(&with_apis(), &[]);
    let expected = format!(
        "client billing
  proves itself by key_sha256 (1 listed)
  may get no token
  may send GET, HEAD to every path of API graph
  may send GET, HEAD to every path of API vault
client reports
  proves itself by key_sha256 (1 listed)
  may get {GRAPH} with credential default (tenant {TENANT}, application app)
  may send POST to /me/**, /users/* of API graph
API graph is https://graph.microsoft.com/v1.0
  gets {GRAPH} with credential default (tenant {TENANT}, application app), kept warm
  in the header authorization, behind \"Bearer \"
  has 60 s for the first byte of an answer
API vault is https://vault.example/
  gets {VAULT} with credential fabrikam (tenant fabrikam.example, application other)
  in the header x-key
  has 5 s for the first byte of an answer; the log has its paths
"
    );
    assert_eq!((code, page), (0, expected));
}

#[test]
fn whether_a_client_may_send_this_to_an_api_and_why_not() {
    for (client, api, method, path, code, line) in [
        (
            "reports",
            "graph",
            "POST",
            "me/messages?a=b",
            0,
            "allowed: it sends POST https://graph.microsoft.com/v1.0/me/messages?a=b\n",
        ),
        ("billing", "vault", "HEAD", "", 0, "allowed: it sends HEAD https://vault.example/\n"),
        (
            "reports",
            "graph",
            "GET",
            "/me",
            1,
            "refused: client is not granted the method (method_not_granted)\n",
        ),
        (
            "reports",
            "graph",
            "POST",
            "/users",
            1,
            "refused: client is not granted the path (path_not_granted)\n",
        ),
        (
            "reports",
            "vault",
            "GET",
            "/",
            1,
            "refused: client is not granted the API (api_not_granted)\n",
        ),
        (
            "reports",
            "nobody",
            "GET",
            "/",
            1,
            "refused: client is not granted the API (api_not_granted)\n",
        ),
        (
            "reports",
            "graph",
            "POST",
            "/me/../users",
            1,
            "refused: malformed request: path has a segment . or .., perhaps encoded (invalid_request)\n",
        ),
    ] {
        let question = [("client", client), ("api", api), ("method", method), ("path", path)];
        let (answered, page) = explain(&with_apis(), &question);
        assert!(page.starts_with(line), "{page}");
        assert_eq!(answered, code);
    }
}

#[test]
fn who_may_send_to_an_api() {
    let clients = |question: &[(&str, &str)]| {
        let (code, page) = explain(&with_apis(), question);
        let clients = page.lines().filter_map(|line| line.strip_prefix("client "));
        (code, clients.collect::<Vec<_>>().join(" "), page.matches("\nAPI ").count())
    };
    assert_eq!(clients(&[("api", "graph")]), (0, "billing reports".into(), 1));
    assert_eq!(clients(&[("api", "vault")]), (0, "billing".into(), 1));
    assert_eq!(
        clients(&[("api", "graph"), ("method", "POST"), ("path", "users/7")]),
        (0, "reports".into(), 1)
    );
    assert_eq!(clients(&[("api", "graph"), ("path", "users/7")]), (0, "billing".into(), 1));
    assert_eq!(clients(&[("api", "nobody")]), (1, String::new(), 0));
    assert_eq!(clients(&[("client", "billing")]), (0, "billing".into(), 2));
    assert_eq!(clients(&[("client", "reports")]), (0, "reports".into(), 1));
    let both = [("api", "graph"), ("scope", GRAPH)];
    assert_eq!(explain(&with_apis(), &both).0, 2, "it is about a token or about a request");
}
