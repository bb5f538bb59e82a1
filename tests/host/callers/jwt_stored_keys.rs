//! Copies of key sets in the store: what they are good for, and that nobody plants a key.

use edge_token_broker::base::keys::derive;
use edge_token_broker::base::limits::{ISSUER_ASK_SPACING, KEY_SET_FRESH, KEY_SET_GOOD};
use edge_token_broker::base::ports::StoreError;
use edge_token_broker::base::sealed::OpenError;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::callers::issuer::{KeySetName, StoredKeySet, open, seal};
use edge_token_broker::jwt::{JwtFault, Trust};

use crate::support::clock::run;
use crate::support::issuer::{Isolate, JWKS, by_k1, by_k2, k1, k2, warm};
use crate::support::jwt::{NOW, at, claims, ed25519, jwks, signed_by, trust};

#[test]
fn a_new_isolate_takes_the_copy_and_asks_nobody() {
    let isolate = warm();
    let other = isolate.another();
    assert_eq!((run(other.verify(&by_k1())), isolate.asked()), (Ok(()), 1));
    assert_eq!(*isolate.verifier.store.ttls.borrow(), [KEY_SET_GOOD.whole_secs()]);
}

#[test]
fn a_tier_that_fails_is_a_miss() {
    let isolate = Isolate::new(&k1());
    isolate.verifier.store.failure.set(Some(StoreError::TimedOut));
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
}

#[test]
fn a_planted_or_altered_copy_is_ignored() {
    let isolate = warm();
    let name = KeySetName::of(&isolate.trust);
    let evil = StoredKeySet { fetched_at: at(NOW), jwks: jwks(&[ed25519("k1", 66)]).into_bytes() };
    let elsewhere = Trust { issuer: "https://evil.example".into(), ..trust() };
    let (_, other_key) = derive(b"other", None);
    let genuine = isolate.verifier.store.values.borrow()[&name.kv_name()].clone();
    let mut altered = genuine.clone();
    *altered.last_mut().unwrap() ^= 1;
    let forged = signed_by("k1", 66, &claims(""));
    for planted in [
        evil.jwks.clone(),
        altered,
        genuine[..genuine.len() / 2].to_vec(),
        Vec::new(),
        seal(&evil, &name, &other_key, [7; 24]),
        seal(&evil, &KeySetName::of(&elsewhere), &isolate.sealing_key, [7; 24]),
    ] {
        isolate.verifier.store.values.borrow_mut().insert(name.kv_name(), planted);
        let other = isolate.another();
        assert_eq!(run(other.verify(&forged)), Err(JwtFault::Signature));
        assert_eq!(run(other.verify(&by_k1())), Ok(()));
    }
}

#[test]
fn a_copy_put_back_does_not_bring_a_withdrawn_key_back() {
    let isolate = warm();
    let before = isolate.verifier.store.values.borrow().clone();
    isolate.serve(&k2());
    isolate.advance(ISSUER_ASK_SPACING);
    assert_eq!(run(isolate.verify(&by_k2())), Ok(()));
    *isolate.verifier.store.values.borrow_mut() = before;
    isolate.advance(ISSUER_ASK_SPACING);
    assert_eq!(run(isolate.verify(&by_k1())), Err(JwtFault::KeyUnknown));
    // In a new isolate for as long as an issuer is not asked anyway.
    isolate.advance(KEY_SET_FRESH);
    assert_eq!(run(isolate.another().verify(&by_k1())), Err(JwtFault::KeyUnknown));
}

#[test]
fn a_stored_copy_opens_only_where_it_belongs() {
    let isolate = Isolate::new(&k1());
    let name = KeySetName::of(&isolate.trust);
    let stored = StoredKeySet { fetched_at: UnixMillis(1), jwks: b"{}".to_vec() };
    let sealed = seal(&stored, &name, &isolate.sealing_key, [0x24; 24]);
    assert_eq!(open(&sealed, &name, &isolate.sealing_key), Ok(stored));
    let pinned = Trust { jwks_uri: Some(JWKS.into()), ..trust() };
    let elsewhere = KeySetName::of(&pinned);
    assert_ne!(elsewhere, name);
    let opened = open(&sealed, &elsewhere, &isolate.sealing_key);
    assert_eq!(opened, Err(OpenError::NotAuthentic));
}
