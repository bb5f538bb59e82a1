//! How long a value of KV may be: what the broker writes fits, and what does not fit is a miss.

use edge_token_broker::base::keyspace::{self, value_max_bytes};
use edge_token_broker::base::limits::{
    ISSUER_BODY_MAX_BYTES, KV_CLIENT_MAX_BYTES, KV_KEY_SET_MAX_BYTES, KV_POINTER_MAX_BYTES,
    KV_TOKEN_MAX_BYTES, UPSTREAM_BODY_MAX_BYTES,
};
use edge_token_broker::base::ports::StoreError;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::callers::issuer::{KeySetName, StoredKeySet, seal as seal_keys};
use edge_token_broker::tokens::record;

use crate::support::jwt::trust;
use crate::support::tokens::token;
use crate::support::world::{START, World};

/// Longer than any value of the broker's, and as long as KV holds.
const OF_SOMEBODY_ELSE: usize = 25 * 1024 * 1024;

#[test]
fn each_kind_of_value_has_its_limit() {
    let key = World::new().grant.token_key.kv_name();
    for (name, max) in [
        (key.as_str(), KV_TOKEN_MAX_BYTES),
        (KeySetName::of(&trust()).kv_name().as_str(), KV_KEY_SET_MAX_BYTES),
        ("client:reports", KV_CLIENT_MAX_BYTES),
        ("key:00", KV_POINTER_MAX_BYTES),
        ("certificate:00", KV_POINTER_MAX_BYTES),
        ("origin:https://token:1", KV_POINTER_MAX_BYTES),
        ("", KV_POINTER_MAX_BYTES),
    ] {
        assert_eq!(value_max_bytes(name), max, "{name}");
        assert!(max < OF_SOMEBODY_ELSE / 50, "{name}");
    }
}

#[test]
fn the_longest_values_of_the_broker_fit() {
    let world = World::new();
    let longest =
        token(&"t".repeat(UPSTREAM_BODY_MAX_BYTES), UnixMillis(START), Millis::from_secs(3600));
    let sealed = record::seal_for(&world.grant, &longest, [1; 24]);
    assert!(sealed.len() <= value_max_bytes(&world.grant.token_key.kv_name()));

    let (_, sealing_key) = edge_token_broker::base::keys::derive(b"s3cret", None);
    let name = KeySetName::of(&trust());
    let keys =
        StoredKeySet { fetched_at: UnixMillis(START), jwks: vec![b' '; ISSUER_BODY_MAX_BYTES] };
    let sealed = seal_keys(&keys, &name, &sealing_key, [1; 24]);
    assert!(sealed.len() <= value_max_bytes(&name.kv_name()));
    assert!(keyspace::KEY_SET.len() < name.kv_name().len());
}

#[test]
fn a_token_record_over_its_limit_is_a_miss_and_a_word_in_the_log() {
    let world = World::new();
    world.broker.kv.put(&world.grant.token_key.kv_name(), vec![2; KV_TOKEN_MAX_BYTES + 1]);
    world.issue("one", 3600);
    let served = world.request();
    assert_eq!((served.token(), served.cache_status()), ("one", "fwd=miss; stored"));
    let line = world.logged();
    assert_eq!((&line["kv_read"], &line["level"]), (&"too_large".into(), &"warn".into()));
    assert_eq!(line["status"], 200);
    assert_eq!(StoreError::TooLarge.name(), "too_large");
    // The write has replaced it.
    assert_eq!(world.another_isolate().request().token(), "one");
}
