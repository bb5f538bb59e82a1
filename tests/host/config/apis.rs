//! `APIS`: what an entry may say, and every fault in it.

use std::rc::Rc;

use crate::support::bindings::Vars;
use crate::support::config::{GRAPH, assert_faults, faults, valid};
use edge_token_broker::base::time::Millis;
use edge_token_broker::config::{Api, Config};
use edge_token_broker::tokens::coordinator::message::TokenId;

const GRANT: &str = r#""credential":"default","scope":"https://graph.microsoft.com/.default""#;
const BASE: &str = r#""base":"https://graph.microsoft.com/v1.0""#;

/// An API `graph` with these fields beside its base and its grant.
fn with_fields(fields: &str) -> Vars {
    valid().with("APIS", &format!(r#"{{"graph":{{{BASE},{GRANT}{fields}}}}}"#))
}

fn with_base(base: &str) -> Vars {
    let base = serde_json::Value::from(base);
    valid().with("APIS", &format!(r#"{{"graph":{{"base":{base},{GRANT}}}}}"#))
}

#[track_caller]
fn api(fields: &str) -> Rc<Api> {
    Rc::clone(Config::parse(&with_fields(fields)).unwrap().api("graph").unwrap())
}

#[test]
fn an_entry_needs_a_base_and_a_grant_and_has_defaults() {
    let graph = api("");
    assert_eq!(
        (graph.name.as_str(), graph.base.origin().as_str()),
        ("graph", "https://graph.microsoft.com")
    );
    assert_eq!(graph.base.resolve("/me", "").unwrap().url(), "https://graph.microsoft.com/v1.0/me");
    assert_eq!((graph.header.as_str(), graph.prefix.as_str()), ("authorization", "Bearer "));
    assert_eq!(graph.first_byte_timeout, Millis::from_secs(60));
    assert_eq!(
        (graph.log_path, graph.grant.keep_warm, graph.grant.capability),
        (false, false, false)
    );
    assert_eq!(
        (graph.grant.credential.name.as_str(), graph.grant.scope.shown()),
        ("default", GRAPH)
    );
    let config = Config::parse(&with_fields("")).unwrap();
    assert!(config.api("Graph").is_none(), "case counts");
    assert_eq!(config.apis().count(), 1);
}

#[test]
fn a_prefix_that_is_a_word_gets_its_space() {
    for (fields, header, prefix) in [
        (r#","header":"Authorization""#, "authorization", "Bearer "),
        (r#","header":"AUTHORIZATION","prefix":"Bearer""#, "authorization", "Bearer "),
        (r#","prefix":"Bearer ""#, "authorization", "Bearer "),
        (r#","prefix":"""#, "authorization", ""),
        (r#","prefix":"token=""#, "authorization", "token="),
        (r#","prefix":"Zoho-oauthtoken""#, "authorization", "Zoho-oauthtoken "),
        (r#","header":"X-Shopify-Access-Token""#, "x-shopify-access-token", ""),
        (r#","header":"X-Auth","prefix":"v1""#, "x-auth", "v1 "),
        (r#","header":"Cookie","prefix":"session=""#, "cookie", "session="),
    ] {
        let api = api(fields);
        assert_eq!((api.header.as_str(), api.prefix.as_str()), (header, prefix), "{fields}");
    }
}

#[test]
fn faults_of_fields() {
    let header = "must be the name of a header field such as X-Api-Key, and none of the connection, \
                  the platform or a browser";
    let prefix =
        "must be printable ASCII without a space in front, such as Bearer, or empty for none";
    let timeout = "must be whole seconds, from 1 to 600";
    let long = "x".repeat(254);
    let mut cases = vec![
        (r#","scop":"x""#.to_owned(), "scop: is not a known field"),
        (r#","log_path":1"#.to_owned(), "log_path: must be true or false"),
        (r#","keep_warm":"yes""#.to_owned(), "keep_warm: must be true or false"),
        (r#","header":7"#.to_owned(), "header: must be text"),
        (r#","prefix":null"#.to_owned(), "prefix: must be text"),
        (r#","methods":["GET"]"#.to_owned(), "methods: is not a known field"),
    ];
    let mut refused = |field: &str, value: &str, reason: &'static str| {
        let fault: &str = Box::leak(format!("{field}: {reason}").into_boxed_str());
        cases.push((format!(r#","{field}":{value}"#), fault));
    };
    for name in [
        "",
        "X Key",
        "X:Key",
        "Zähler",
        "Host",
        "content-length",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "Expect",
        "Proxy-Authorization",
        "CF-Ray",
        "Sec-WebSocket-Protocol",
        long.as_str(),
    ] {
        refused("header", &format!("\"{name}\""), header);
    }
    for text in [" ", " Bearer", "Bearer  ", r"a\n", "ä", r"\u0000", r"a\tb", long.as_str()] {
        refused("prefix", &format!("\"{text}\""), prefix);
    }
    for value in ["0", "601", "1.5", "-1", "\"60\"", "true", "null", "1e2"] {
        refused("first_byte_timeout", value, timeout);
    }
    for (fields, fault) in cases {
        assert_faults(&with_fields(&fields), &[&format!("APIS.graph.{fault}")]);
    }
    for secs in [1, 600] {
        let api = api(&format!(r#","first_byte_timeout":{secs},"log_path":true"#));
        assert_eq!((api.first_byte_timeout, api.log_path), (Millis::from_secs(secs), true));
    }
}

#[test]
fn faults_of_bases() {
    let url = "must be https://host[:port][/path], without a user, a query or a fragment";
    let http = "http is allowed for loopback hosts only, use https";
    let dots = "path has a segment . or .., perhaps encoded";
    for (base, reason) in [
        ("", url),
        ("graph.microsoft.com", url),
        ("<base>", url),
        ("https://", url),
        ("https://user@api.example", url),
        ("https://user:s3cret@api.example/v1", url),
        ("https://api.example?key=s3cret", url),
        ("https://api.example/v1?key=s3cret", url),
        ("https://api.example/v1#part", url),
        ("ftp://api.example", url),
        ("http://api.example", http),
        ("https://api.example/v1/..", dots),
        ("https://api.example/%2e%2e/v1", dots),
    ] {
        assert_faults(&with_base(base), &[&format!("APIS.graph.base: {reason}")]);
    }
    for base in [
        "https://api.example",
        "https://api.example/v1/",
        "http://localhost:8080/x",
        "http://127.0.0.1:1",
    ] {
        assert_eq!(faults(&with_base(base)), Vec::<String>::new(), "{base}");
    }
    let vars = valid().with("APIS", &format!(r#"{{"graph":{{{GRANT}}}}}"#));
    assert_faults(&vars, &["APIS.graph.base: is missing"]);
}

#[test]
fn the_broker_is_no_api_of_its_own() {
    let reason =
        "is at the origin of ISSUER, which is this broker: write the URL of the API itself";
    for (base, is_own) in [
        ("https://broker.example", true),
        ("https://BROKER.example:443/api/graph", true),
        ("https://broker.example:8443", false),
        ("https://api.broker.example", false),
    ] {
        let expected = is_own.then(|| format!("APIS.graph.base: {reason}"));
        let vars = with_base(base).with("ISSUER", "https://broker.example");
        assert_eq!(faults(&vars), Vec::from_iter(expected), "{base}");
    }
}

#[test]
fn faults_of_the_grant_are_those_of_any_grant() {
    let entry = |fields: &str| valid().with("APIS", &format!(r#"{{"graph":{{{BASE}{fields}}}}}"#));
    assert_faults(
        &entry(""),
        &["APIS.graph.credential: is missing", "APIS.graph.scope: is missing"],
    );
    assert_faults(
        &entry(r#","credential":"nobody","scope":"a""#),
        &["APIS.graph.credential: names a credential that does not exist"],
    );
    assert_faults(
        &entry(r#","credential":"default","scope":"a\"b""#),
        &["APIS.graph.scope: must be a scope (RFC 6749 section 3.3)"],
    );
    let other = r#"{"other":{"token_endpoint":"https://id.example/token","client_id":"c","client_secret":"SECRET"}}"#;
    let other = |fields: &str| {
        entry(&format!(r#","credential":"other"{fields}"#))
            .with("SECRET", "x")
            .with("CREDENTIALS", other)
    };
    assert_faults(&other(""), &[]);
    let cae =
        "APIS.graph.cae: means nothing to this server: only Entra has continuous access evaluation";
    assert_faults(&other(r#","cae":true"#), &[cae]);
}

#[test]
fn names_can_stand_in_a_path_and_do_not_differ_in_case_only() {
    let named = |names: &[&str]| {
        let entries: Vec<_> = names
            .iter()
            .map(|name| format!("{}:{{{BASE},{GRANT}}}", serde_json::Value::from(*name)))
            .collect();
        valid().with("APIS", &format!("{{{}}}", entries.join(",")))
    };
    assert_faults(&named(&["graph", "Graph-2", "v1.0_beta", "9"]), &[]);
    let name = "must be letters, digits, '.', '-' or '_', beginning with a letter or digit";
    for (bad, shown) in [
        ("", ""),
        ("..", ".."),
        (".a", ".a"),
        ("a/b", "a/b"),
        ("a%2f", "a%2f"),
        ("a b", "a?b"),
        ("ä", "?"),
    ] {
        assert_faults(&named(&[bad]), &[&format!("APIS.{shown}: {name}")]);
    }
    assert_faults(
        &named(&["graph", "GRAPH"]),
        &["APIS.GRAPH: differs only in case from the name of another API: give it another name"],
    );
    assert_faults(&named(&["graph", "graph"]), &["APIS.graph: appears twice"]);
}

#[test]
fn the_table_is_a_table_that_may_be_empty_or_absent() {
    for table in ["", "{}", "json:{}"] {
        assert_eq!(Config::parse(&valid().with("APIS", table)).unwrap().apis().count(), 0);
    }
    for (table, fault) in [
        ("[]", "APIS: must be a table (JSON object)"),
        ("{", "APIS: is not valid JSON (line 1, column 1)"),
        (r#"{"graph":[]}"#, "APIS.graph: must be a table (JSON object)"),
        ("stored:", "APIS: must be a table (JSON object)"),
    ] {
        assert_faults(&valid().with("APIS", table), &[fault]);
    }
}

#[test]
fn a_token_that_only_an_api_uses_is_found_by_its_coordinator_and_kept_warm() {
    let scope = "https://vault.azure.net/.default";
    let warm = format!(
        r#"{{"vault":{{{BASE},"credential":"default","scope":"{scope}","keep_warm":true,"cae":true}}}}"#
    );
    let config = Config::parse(&valid().with("APIS", &warm)).unwrap();
    let grant = &config.api("vault").unwrap().grant;
    assert!(grant.capability, "the broker answers the challenges of an API");
    assert!(
        config
            .client("reports")
            .unwrap()
            .grants
            .iter()
            .all(|other| other.token_key != grant.token_key)
    );
    let kept = config.kept_warm();
    assert_eq!(kept.iter().map(|kept| kept.token_key).collect::<Vec<_>>(), [grant.token_key]);
    let found = TokenId::of(grant).grant(&config).unwrap();
    assert_eq!((found.token_key, found.keep_warm, found.capability), (grant.token_key, true, true));
    assert_eq!((found.scope.shown(), found.credential.name.as_str()), (scope, "default"));
}

#[test]
fn clients_and_apis_with_one_token_keep_it_warm_once() {
    let config = Config::parse(&with_fields(r#","keep_warm":true"#)).unwrap();
    let of_client = &config.client("reports").unwrap().grants[0];
    assert!(!of_client.keep_warm);
    assert_eq!(config.kept_warm().len(), 1);
    assert_eq!(config.kept_warm()[0].token_key, of_client.token_key);
    assert!(
        TokenId::of(of_client).grant(&config).unwrap().keep_warm,
        "the token is kept warm for the client as well"
    );
}
