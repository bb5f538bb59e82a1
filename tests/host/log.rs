//! Which lines `LOG_HITS = false` leaves out.

use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::log::Event;

fn hit() -> Event {
    let mut event = Event::new(RequestId::parse("id").unwrap(), "GET".into(), "token");
    event.outcome = "hit";
    event
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
    for event in [miss, kv_failed, upstream_failed] {
        assert!(!event.is_mere_hit(), "{event:?}");
    }
}
