//! What isolates and coordinators say to each other and store (CBOR). The first byte picks which.

#![no_main]

use edge_token_broker::base::cbor::{self, Cbor};
use edge_token_broker::config::Config;
use edge_token_broker::tokens::coordinator::message::{
    AcquireMessage, HandedMessage, SealedMessage, StoredState, TokenId,
};
use edge_token_broker_fuzz::{assert_has_no_secret, config, first_grant};
use libfuzzer_sys::fuzz_target;

/// Decodes; what decodes encodes to bytes that decode to the same, and is not much larger than it was.
fn decoded<T: Cbor>(bytes: &[u8]) -> Option<T> {
    let message: T = cbor::of_slice(bytes)?;
    let encoded = cbor::to_vec(&message);
    assert!(encoded.len() <= bytes.len().saturating_mul(2).saturating_add(64), "bounded");
    let again: T = cbor::of_slice(&encoded).expect("what is encoded is decoded");
    assert_eq!(cbor::to_vec(&again), encoded);
    Some(message)
}

fn token_id(id: &TokenId, config: &Config) {
    if let Some(grant) = id.grant(config) {
        assert_eq!(grant.token_key.kv_name(), id.token, "both sides mean the same token");
        assert_eq!(TokenId::of(&grant).token, id.token);
    }
}

fuzz_target!(|bytes: &[u8]| {
    thread_local!(static CONFIG: Config = config());
    let Some((kind, rest)) = bytes.split_first() else { return };
    CONFIG.with(|config| {
        let grant = first_grant(config);
        match kind % 3 {
            0 => {
                let _ = decoded::<AcquireMessage>(rest);
                if let Some(message) = decoded::<SealedMessage>(rest) {
                    token_id(&message.id, config);
                    assert!(message.open(grant).is_none(), "nobody guesses a tag");
                }
            }
            1 => {
                if let Some(message) = decoded::<HandedMessage>(rest) {
                    assert_has_no_secret(&format!("{message:?}"));
                    let opened = message.handed.open(grant);
                    assert!(!matches!(opened, Some(Ok(_))), "nobody guesses a tag");
                }
            }
            _ => {
                if let Some(state) = decoded::<StoredState>(rest) {
                    token_id(&state.id, config);
                    let snapshot = state.snapshot(grant);
                    assert!(snapshot.token.is_none(), "nobody guesses a tag");
                    assert_eq!(snapshot.facts, state.facts);
                }
            }
        }
    });
});
