//! The sealed record, the sealed key set and a coordinator's state: pinned byte for byte; a miss
//! whenever anything about a record is off.
//!
//! If a pin fails because the format changed on purpose: give it a new version byte in
//! `src/tokens/record.rs` or `src/callers/issuer/stored.rs`, describe it in `docs/storage.md`, and only then pin the new bytes.

use crate::support::jwt::trust;
use crate::support::tokens::token;
use edge_token_broker::base::cbor;
use edge_token_broker::base::keys::{CacheKey, SealingKey, derive};
use edge_token_broker::base::origin::Origin;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::callers::issuer;
use edge_token_broker::callers::issuer::{KeySetName, StoredKeySet};
use edge_token_broker::oauth::error_response::{ErrorResponse, Trace};
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::tokens::coordinator::Facts;
use edge_token_broker::tokens::coordinator::message::{StoredState, TokenId};
use edge_token_broker::tokens::record::{OpenError, open, seal};
use edge_token_broker::tokens::token::CachedToken;
use edge_token_broker::upstream::entra::Entra;
use edge_token_broker::upstream::entra::authority::Tenant;
use edge_token_broker::upstream::error::UpstreamError;
use edge_token_broker::upstream::failure::Failure;
use edge_token_broker::upstream::token_key::{TokenKey, UpstreamIdentity};
use proptest::prelude::*;
use secrecy::SecretBox;

const SCOPE: &str = "https://graph.microsoft.com/.default";

/// Computed once by another implementation (Python: `hmac`, `hashlib`, `PyCryptodome`).
const PINNED_RECORD: &str = "02242424242424242424242424242424242424242424242424d3b440c11403308387c7fbcb228f98b59cb5f236a2f92cfc2d6408e0e4783da94f630aaac5879b419ade4e1cd52fb2a2fc772991d3c9ea102d278153";

/// Computed likewise.
const PINNED_KEY_SET: &str = "01242424242424242424242424242424242424242424242424d3b4414adbe65880fce591259419d28fc7e88e52673ad3ee9106e1a8abba35b323dd04";

/// Encoded once by another implementation (Python: `cbor2`).
const PINNED_STATE: &str = "83836764656661756c74617368746f6b656e3a3030850783820181836e696e76616c69645f636c69656e74626e6f83811a006ad097f661741b0000018bcfe56800021b0000018bcfe568011b0000018bcfe568021b0000018bcfe56803420224";

struct Setup {
    key: TokenKey,
    sealing_key: SealingKey,
}

/// The keys of a credential that differs from the usual one in what is given.
fn setup(secret: &str, cache_key: Option<u8>, tenant: &str, client_id: &str, scope: &str) -> Setup {
    let cache_key = cache_key.map(|byte| CacheKey::new(SecretBox::new(Box::new([byte; 32]))));
    let (fingerprint, sealing_key) = derive(secret.as_bytes(), cache_key.as_ref());
    let identity = UpstreamIdentity {
        server: &Entra::new(
            Origin::parse("https://login.microsoftonline.com").unwrap(),
            Tenant::parse(tenant).unwrap(),
        ),
        client_id,
        fingerprint: &fingerprint,
        parameters: &[],
    };
    let key = TokenKey::new(&identity, &ScopeSet::parse(scope).unwrap(), false);
    Setup { key, sealing_key }
}

fn usual() -> Setup {
    setup("s3cret", None, "contoso.com", "app", SCOPE)
}

fn sample() -> CachedToken {
    let mut token = token("eyJ0", UnixMillis(1_700_000_000_000), Millis::from_secs(3599));
    token.ext_expires_at = Some(UnixMillis(1_700_000_003_599_000));
    token.with_generation(3)
}

fn sealed() -> Vec<u8> {
    let Setup { key, sealing_key } = usual();
    seal(&sample(), &key, &sealing_key, [0x24; 24])
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

#[test]
fn the_token_key_is_pinned() {
    assert_eq!(
        usual().key.kv_name(),
        "token:c9ed125ad451d7c8a84a2c91b3f016d0a04fef977e09010ab48793078f0ee08f"
    );
}

#[test]
fn the_record_is_pinned() {
    assert_eq!(hex(&sealed()), PINNED_RECORD);
}

#[test]
fn the_key_set_is_pinned() {
    let name = KeySetName::of(&trust());
    assert_eq!(
        name.kv_name(),
        "jwks:28926e66c846537b25ff20ef08020dc3ca403dd83ecff8540c857c94f5da20a2"
    );
    let jwks = br#"{"keys":[]}"#.to_vec();
    let stored = StoredKeySet { fetched_at: UnixMillis(1_700_000_000_000), jwks };
    let sealed = issuer::seal(&stored, &name, &usual().sealing_key, [0x24; 24]);
    assert_eq!(hex(&sealed), PINNED_KEY_SET);
}

fn state() -> StoredState {
    let at = |millis: u64| UnixMillis(1_700_000_000_000 + millis);
    let response = ErrorResponse {
        error: "invalid_client".into(),
        description: Some("no".into()),
        trace: Trace {
            error_codes: vec![7_000_215],
            trace_id: Some("t".into()),
            ..Trace::default()
        },
        advice: None,
    };
    let error = UpstreamError::CredentialRefused(Box::new(response));
    StoredState {
        id: TokenId { credential: "default".into(), scope: "s".into(), token: "token:00".into() },
        facts: Facts {
            generation: 7,
            failure: Some(Failure { error, until: at(0), count: 2 }),
            asked_at: Some(at(1)),
            fetched_at: Some(at(2)),
            renew_at: Some(at(3)),
            rejected: None,
            forced_at: None,
            challenged_at: None,
        },
        token: Some(vec![2, 0x24]),
    }
}

#[test]
fn a_coordinators_state_is_pinned() {
    assert_eq!(hex(&cbor::to_vec(&state())), PINNED_STATE);
    let stored: StoredState =
        cbor::of_slice(&base16ct::lower::decode_vec(PINNED_STATE).unwrap()).unwrap();
    assert_eq!(format!("{stored:?}"), format!("{:?}", state()));
}

#[test]
fn a_later_version_may_add_to_a_coordinators_state() {
    let mut longer = base16ct::lower::decode_vec(PINNED_STATE).unwrap();
    longer[0] += 1; // one more item in the outermost array
    longer.push(0);
    assert!(cbor::of_slice::<StoredState>(&longer).is_some());
}

#[test]
fn what_is_kept_of_a_rejected_token_follows_at_the_end() {
    let mut state = state();
    state.facts.failure = None;
    state.facts.rejected = Some(sample().digest());
    state.facts.forced_at = Some(UnixMillis(4));
    state.facts.challenged_at = Some(UnixMillis(5));
    let bytes = cbor::to_vec(&state);
    let digest = sample().digest();
    let stored: StoredState = cbor::of_slice(&bytes).unwrap();
    assert_eq!(
        (stored.facts.rejected, stored.facts.forced_at, stored.facts.challenged_at),
        (Some(digest), Some(UnixMillis(4)), Some(UnixMillis(5)))
    );
    assert!(hex(&bytes).contains("5820"), "a byte string of 32 bytes");
}

#[test]
fn a_sealed_record_opens_to_the_same_token() {
    let Setup { key, sealing_key } = usual();
    assert_eq!(open(&sealed(), &key, &sealing_key), Ok(sample()));
}

#[test]
fn the_sealed_record_does_not_contain_the_token() {
    let text = String::from_utf8_lossy(&sealed()).into_owned();
    assert!(!text.contains("eyJ0"));
}

#[test]
fn a_moved_record_does_not_open() {
    let Setup { sealing_key, .. } = usual();
    let elsewhere = setup("s3cret", None, "contoso.com", "app", "other/.default");
    assert_eq!(open(&sealed(), &elsewhere.key, &sealing_key), Err(OpenError::NotAuthentic));
}

#[test]
fn a_record_of_another_secret_does_not_open() {
    let Setup { key, .. } = usual();
    let rotated = setup("n3w", None, "contoso.com", "app", SCOPE);
    assert_eq!(open(&sealed(), &key, &rotated.sealing_key), Err(OpenError::NotAuthentic));
}

#[test]
fn a_truncated_record_does_not_open() {
    let Setup { key, sealing_key } = usual();
    let sealed = sealed();
    for length in 0..sealed.len() {
        let error = open(&sealed[..length], &key, &sealing_key).unwrap_err();
        let expected =
            if length == 0 { OpenError::UnknownVersion } else { OpenError::NotAuthentic };
        assert_eq!(error, expected, "{length} bytes");
    }
}

#[test]
fn a_record_with_any_bit_flipped_does_not_open() {
    let Setup { key, sealing_key } = usual();
    let sealed = sealed();
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&flipped, &key, &sealing_key).is_err(), "bit {bit}");
    }
}

#[test]
fn a_record_of_another_version_is_not_even_decrypted() {
    let Setup { key, sealing_key } = usual();
    let mut sealed = sealed();
    for version in (0..=u8::MAX).filter(|version| !matches!(version, 2..=4)) {
        sealed[0] = version;
        assert_eq!(open(&sealed, &key, &sealing_key), Err(OpenError::UnknownVersion));
    }
    for version in [3, 4] {
        sealed[0] = version;
        assert_eq!(open(&sealed, &key, &sealing_key), Err(OpenError::NotAuthentic));
    }
}

#[test]
fn everything_that_changes_the_token_changes_the_token_key() {
    let keys = [
        usual(),
        setup("n3w", None, "contoso.com", "app", SCOPE),
        setup("s3cret", Some(7), "contoso.com", "app", SCOPE),
        setup("s3cret", None, "contoso.org", "app", SCOPE),
        setup("s3cret", None, "contoso.com", "app2", SCOPE),
        setup("s3cret", None, "contoso.com", "app", "b"),
        setup("s3cret", None, "contoso.com", "app", "b c"),
    ];
    let mut names: Vec<_> = keys.iter().map(|setup| setup.key.kv_name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), keys.len());
}

#[test]
fn spelling_that_does_not_change_the_token_does_not_change_the_token_key() {
    let spelled = setup("s3cret", None, "CONTOSO.com", "app", &format!(" {SCOPE} {SCOPE}"));
    assert_eq!(spelled.key, usual().key);
}

#[test]
fn with_a_cache_key_a_rotated_secret_changes_the_token_key_but_not_the_sealing_key() {
    let before = setup("s3cret", Some(7), "contoso.com", "app", SCOPE);
    let after = setup("n3w", Some(7), "contoso.com", "app", SCOPE);
    assert_ne!(before.key, after.key);
    assert_eq!(before.sealing_key.expose(), after.sealing_key.expose());
}

proptest! {
    #[test]
    fn any_token_survives_sealing(
        text in "[ -~]{1,300}",
        generation in any::<u64>(),
        requested_at in any::<u64>(),
        expires_at in any::<u64>(),
        ext_expires_at in proptest::option::of(1..u64::MAX),
        refresh_at in proptest::option::of(1..u64::MAX),
        nonce in any::<[u8; 24]>(),
    ) {
        let Setup { key, sealing_key } = usual();
        let mut token = token(&text, UnixMillis(requested_at), Millis(0));
        token.generation = generation;
        token.expires_at = UnixMillis(expires_at);
        token.ext_expires_at = ext_expires_at.map(UnixMillis);
        token.refresh_at = refresh_at.map(UnixMillis);
        prop_assert_eq!(open(&seal(&token, &key, &sealing_key, nonce), &key, &sealing_key), Ok(token));
    }

    #[test]
    fn any_bytes_are_a_miss(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let Setup { key, sealing_key } = usual();
        prop_assert!(open(&bytes, &key, &sealing_key).is_err());
        let _ = cbor::of_slice::<StoredState>(&bytes); // no panic
    }
}
