//! Isolate memory: bounded, least recently used out first.

use crate::support::tokens::token;
use edge_token_broker::base::keys::derive;
use edge_token_broker::base::limits::{ISOLATE_TOKENS_MAX, RENEWAL_CLAIM};
use edge_token_broker::base::origin::Origin;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::tokens::memory::IsolateMemory;
use edge_token_broker::upstream::entra::Entra;
use edge_token_broker::upstream::entra::authority::Tenant;
use edge_token_broker::upstream::token_key::{TokenKey, UpstreamIdentity};

fn key(number: usize) -> TokenKey {
    let (fingerprint, _) = derive(b"s", None);
    let identity = UpstreamIdentity {
        server: &Entra::new(
            Origin::parse("https://login.example").unwrap(),
            Tenant::parse("t").unwrap(),
        ),
        client_id: "app",
        fingerprint: &fingerprint,
        parameters: &[],
    };
    TokenKey::new(&identity, &ScopeSet::parse(&number.to_string()).unwrap(), false)
}

fn remember(memory: &IsolateMemory, number: usize, text: &str) {
    memory.remember(key(number), token(text, UnixMillis(0), Millis(1000)), UnixMillis(0));
}

fn recall(memory: &IsolateMemory, number: usize) -> Option<String> {
    memory.recall(&key(number)).map(|token| token.access_token.expose().to_owned())
}

#[test]
fn the_token_that_expires_later_is_kept_in_whatever_order_they_come() {
    let long = |memory: &IsolateMemory| {
        memory.remember(key(1), token("l", UnixMillis(0), Millis(3000)), UnixMillis(0));
    };
    let short = |memory: &IsolateMemory| {
        memory.remember(key(1), token("s", UnixMillis(1), Millis(300)), UnixMillis(1));
    };
    let memory = IsolateMemory::default();
    assert_eq!(recall(&memory, 1), None);
    short(&memory);
    assert_eq!(recall(&memory, 1).as_deref(), Some("s"));
    long(&memory);
    assert_eq!(recall(&memory, 1).as_deref(), Some("l"));
    short(&memory);
    assert_eq!(recall(&memory, 1).as_deref(), Some("l"));
}

#[test]
fn one_background_renewal_at_a_time_whatever_it_brings() {
    let memory = IsolateMemory::default();
    let hour = |text| token(text, UnixMillis(0), Millis::from_secs(3600));
    memory.remember(key(1), hour("t"), UnixMillis(0));
    assert!(memory.claim_renewal(&key(1), UnixMillis(0)));
    memory.remember(key(1), hour("t"), UnixMillis(0));
    assert!(!memory.claim_renewal(&key(1), UnixMillis(RENEWAL_CLAIM.0 - 1)));
    assert!(memory.claim_renewal(&key(1), UnixMillis(RENEWAL_CLAIM.0)), "a claim lapses");
    memory.remember(key(1), hour("u").with_generation(1), UnixMillis(0));
    assert!(!memory.claim_renewal(&key(1), UnixMillis(RENEWAL_CLAIM.0)), "nor a newer one");
}

#[test]
fn the_least_recently_used_goes_first() {
    let memory = IsolateMemory::default();
    for number in 0..ISOLATE_TOKENS_MAX {
        remember(&memory, number, "t");
    }
    // Used again, one by being read and one by being replaced.
    assert!(recall(&memory, 0).is_some());
    remember(&memory, 1, "u");
    remember(&memory, ISOLATE_TOKENS_MAX, "t");
    remember(&memory, ISOLATE_TOKENS_MAX + 1, "t");
    let gone: Vec<_> =
        (0..ISOLATE_TOKENS_MAX + 2).filter(|number| recall(&memory, *number).is_none()).collect();
    assert_eq!(gone, [2, 3]);
}
