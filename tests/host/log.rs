//! The request log: which fields a line has, and which lines `LOG_HITS = false` leaves out.

use std::collections::BTreeSet;

use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::log::{ApiTrail, Line};
use edge_token_broker::upstream::trail::UpstreamTrail;
use proptest::prelude::*;

fn hit() -> Line {
    let mut line = Line::new(RequestId::parse("id").unwrap(), "GET".into(), "token");
    line.outcome = "hit";
    line
}

#[test]
fn a_mere_hit_can_be_left_out() {
    assert!(hit().is_mere_hit());
}

#[test]
fn whatever_else_happened_is_always_logged() {
    let mut miss = hit();
    miss.outcome = "miss";
    let mut kv_failed = hit();
    kv_failed.kv_read_failed("failed");
    // Upstream refused, and another request of the isolate had a token meanwhile.
    let mut upstream_failed = hit();
    upstream_failed.upstream.requests = 1;
    let mut key_left_out = hit();
    key_left_out.keys_left_out = vec!["0: kty is not RSA, EC or OKP".into()];
    let mut issuer_failed = hit();
    issuer_failed.issuer_failed("keys: status 500".into());
    for line in [miss, kv_failed, upstream_failed, key_left_out, issuer_failed] {
        assert!(!line.is_mere_hit(), "{line:?}");
    }
}

/// Free text as nobody should write it: separators of lines, changes of direction, controls, a
/// character beyond 16 bits.
const NASTY: &str =
    "a\u{85}b\u{2028}c\u{2029}d\u{202e}e\u{7f}f\u{9b}g\u{feff}h\u{1f600}i\"\\\r\n\u{0}é";

#[test]
fn free_text_stands_in_printable_ascii_and_reads_the_same() {
    let text = || Some(NASTY.to_owned());
    let mut line = hit();
    line.reason = text();
    line.client_id = text();
    line.issuer = text();
    line.subject = text();
    line.address = text();
    line.credential = text();
    line.scope = text();
    line.upstream.trace_id = text();
    line.method = NASTY.into();
    line.faults = vec![NASTY.into()];
    let json = line.to_json();
    assert!(json.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{json}");
    assert!(json.contains(r"b\u2028c\u2029d\u202ee\u007ff") && json.contains(r"\ud83d\ude00"));
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    for field in ["issuer", "subject", "client_id", "scope", "trace_id", "reason", "method"] {
        assert_eq!(read[field], NASTY, "{field}");
    }
}

#[test]
fn a_line_has_its_fields_in_this_order() {
    let fields = [
        r#"{"level":"info","request_id":"id","method":"GET","route":"token","status":200,"outcome":"hit""#,
        r#""reason":"x","client_id":"x","proof":"jwt","issuer":"x","subject":"x","address":"x""#,
        r#""credential":"x","scope":"x","tier":"kv","api":"x","path":"x","first_byte_ms":1"#,
        r#""request_bytes":1,"response_bytes":1,"repeated":true,"upstream_ms":1,"upstream_requests":1"#,
        r#""upstream_status":200,"aadsts":1,"trace_id":"x","certificate_not_after":"x""#,
        r#""metadata_fault":"x","secrets_unread":"x","renewal":"x","coordinator":"x","kv_read":"x""#,
        r#""kv_write":"x","registry":"x","issuer_fault":"x","keys_left_out":["x"],"faults":["x"]"#,
        r#""faults_count":1}"#,
    ];
    assert_eq!(whole().to_json(), fields.join(","));
}

/// A line with every field. It names them all, so that it does not compile without a new one.
fn whole() -> Line {
    let text = || Some("x".to_owned());
    Line {
        level: "info",
        request_id: RequestId::parse("id").unwrap(),
        method: "GET".into(),
        route: "token",
        status: 200,
        outcome: "hit",
        reason: text(),
        client_id: text(),
        proof: Some("jwt"),
        issuer: text(),
        subject: text(),
        address: text(),
        credential: text(),
        scope: text(),
        tier: Some("kv"),
        upstream: UpstreamTrail {
            ms: Some(1),
            requests: 1,
            status: Some(200),
            aadsts: Some(1),
            trace_id: text(),
            secrets_unread: text(),
            certificate_not_after: text(),
            metadata_fault: text(),
        },
        api: ApiTrail {
            name: text(),
            path: text(),
            first_byte_ms: Some(1),
            request_bytes: Some(1),
            response_bytes: Some(1),
            is_repeated: true,
        },
        renewal: Some("x"),
        coordinator: Some("x"),
        kv_read: Some("x"),
        kv_write: Some("x"),
        registry: Some("x"),
        issuer_fault: text(),
        keys_left_out: vec!["x".into()],
        faults: vec!["x".into()],
        faults_count: Some(1),
    }
}

#[test]
fn the_documented_fields_are_all_there_are() {
    let operations = include_str!("../../docs/operations.md");
    let table = operations.split_once("| Field | Meaning |\n").unwrap().1;
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    let line: serde_json::Value = serde_json::from_str(&whole().to_json()).unwrap();
    let fields = line.as_object().unwrap().keys().map(String::as_str);
    assert_eq!(names.collect::<BTreeSet<_>>(), fields.collect::<BTreeSet<_>>());
}

proptest! {
    #[test]
    fn any_text_in_a_line_is_escaped_and_read_again(text in any::<String>()) {
        let mut line = hit();
        line.subject = Some(text.clone());
        let json = line.to_json();
        prop_assert!(json.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{}", json);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(read["subject"].as_str(), Some(text.as_str()));
    }
}
