//! The request log: which fields a line has, and which lines `LOG_HITS = false` leaves out.

use std::collections::BTreeSet;

use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::log::Line;
use edge_token_broker::upstream::trail::UpstreamTrail;

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
        },
        renewal: Some("x"),
        coordinator: Some("x"),
        kv_read: Some("x"),
        kv_write: Some("x"),
        registry: Some("x"),
        issuer_fault: text(),
        keys_left_out: vec!["x".into()],
        faults: vec!["x".into()],
    }
}

#[test]
fn the_documented_fields_are_all_there_are() {
    let operations = include_str!("../../docs/operations.md");
    let table = operations.split_once("| Field | Meaning |\n").unwrap().1;
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2));
    let line = serde_json::to_value(whole()).unwrap();
    let fields = line.as_object().unwrap().keys().map(String::as_str);
    assert_eq!(names.collect::<BTreeSet<_>>(), fields.collect::<BTreeSet<_>>());
}
