//! The success response: body and headers, before the platform sends them.

use edge_token_broker::base::secret::AccessToken;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::http::reply::Reply;
use edge_token_broker::tokens::broker::{FollowUp, Served};
use edge_token_broker::tokens::cache_status::{CacheStatus, Tier};

use crate::support::tokens::token;

fn served(ext_expires_in: Option<Millis>, after: Millis) -> Served {
    let start = UnixMillis(1_700_000_000_000);
    let mut token = token("t", start, Millis::from_secs(3599));
    token.ext_expires_at = ext_expires_in.map(|span| start.plus(span));
    let cache_status = CacheStatus::Hit { tier: Tier::Kv, ttl_secs: 7 };
    Served { token, cache_status, at: start.plus(after), follow_up: FollowUp::Nothing }
}

#[test]
fn lifetimes_are_the_whole_seconds_left() {
    let reply = Reply::token(&served(Some(Millis::from_secs(7200)), Millis(1)), None);
    let expected =
        r#"{"token_type":"Bearer","expires_in":3598,"ext_expires_in":7199,"access_token":"t"}"#;
    assert_eq!((reply.status, reply.body.as_str()), (200, expected));
}

#[test]
fn a_token_is_escaped_where_it_has_to_be() {
    let mut served = served(None, Millis(0));
    let text = r#"a"b\c"#;
    served.token.access_token = AccessToken::parse(text.to_owned()).unwrap();
    assert_eq!(served.token.access_token.expose(), text);
    let body: serde_json::Value = serde_json::from_str(&Reply::token(&served, None).body).unwrap();
    assert_eq!(body["access_token"], text);
}

#[test]
fn ext_expires_in_is_there_only_where_upstream_sent_it() {
    let reply = Reply::token(&served(None, Millis(0)), None);
    let expected = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"t"}"#;
    assert_eq!(reply.body, expected);
}

#[test]
fn a_token_response_is_not_to_be_cached_and_says_where_it_came_from() {
    let reply = Reply::token(&served(None, Millis(0)), None);
    let headers: Vec<_> = reply.headers().collect();
    let cache_status = "edge-token-broker; hit; ttl=7; detail=kv";
    let expected = ["Pragma", "no-cache", "Cache-Status", cache_status];
    assert_eq!(headers, expected);
}
