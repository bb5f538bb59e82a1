//! Where keys come from, and how often an issuer is asked, whatever attackers send.

use std::pin::pin;
use std::task::Poll;

use crate::support::clock::{poll, run};
use crate::support::issuer::{
    DOWN, HANGS, Isolate, JWKS, METADATA, by_k1, by_k2, cause, k1, k2, warm,
};
use crate::support::jwt::{ISSUER, NOW, claims, compact, ed25519, jwks, one_of, signed_by};
use edge_token_broker::base::limits::{
    ISSUER_ASK_SPACING, ISSUER_FAILURE_MEMORY, ISSUER_TIMEOUT, KEY_SET_CLAIM_COLD, KEY_SET_FRESH,
};
use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::Millis;
use edge_token_broker::jwt::{DocumentFault, IssuerFault, Jwt, JwtFault};

#[test]
fn keys_are_discovered_once_and_then_in_memory() {
    let isolate = warm();
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
    assert_eq!(*isolate.verifier.issuers.requests.borrow(), [METADATA, JWKS]);
    assert_eq!(isolate.verifier.store.loads.get(), 1);
}

#[test]
fn a_forged_signature_is_refused() {
    let isolate = warm();
    let by_another_key = signed_by("k1", 9, &claims(""));
    assert_eq!(run(isolate.verify(&by_another_key)), Err(JwtFault::Signature));
    let unsigned = Jwt::parse(&compact(r#"{"alg":"EdDSA","kid":"k1"}"#, &claims("")));
    let verified = isolate.verifier.signatures.0.get();
    assert_eq!(run(isolate.verify(&unsigned.unwrap())), Err(JwtFault::Signature));
    assert_eq!(isolate.verifier.signatures.0.get(), verified, "not worth verifying");
}

#[test]
fn random_kids_make_one_request_a_minute() {
    let isolate = warm();
    let (mut unknown, before) = (0, isolate.verifier.store.loads.get());
    for second in 0..600 {
        for number in 0..5 {
            let jwt = signed_by(&format!("random{second}-{number}"), 1, &claims(""));
            match run(isolate.verify(&jwt)) {
                Err(JwtFault::KeyUnknown) => unknown += 1,
                result => assert_eq!(cause(result), Some(IssuerFault::AskedLately)),
            }
        }
        isolate.advance(Millis::from_secs(1));
    }
    assert_eq!(unknown, isolate.asked() - 1, "who made the issuer be asked knows");
    assert!((9..=11).contains(&(isolate.asked() - 1)), "{}", isolate.asked());
    assert!(isolate.verifier.store.loads.get() - before <= 11);
    assert_eq!(isolate.verifier.store.ttls.borrow().len(), 1, "the same keys are not stored again");
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()), "others are served meanwhile");
}

#[test]
fn random_kids_make_one_request_a_minute_of_an_issuer_that_is_down() {
    let isolate = warm();
    isolate.go_down();
    isolate.advance(ISSUER_ASK_SPACING);
    for second in 0..300 {
        let jwt = signed_by(&format!("random{second}"), 1, &claims(""));
        assert_eq!(cause(run(isolate.verify(&jwt))), Some(DOWN));
        assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
        isolate.advance(Millis::from_secs(1));
    }
    assert!((4..=6).contains(&(isolate.asked() - 1)), "{}", isolate.asked());
}

#[test]
fn a_new_key_is_found_by_its_kid() {
    let isolate = warm();
    isolate.serve(&k2());
    assert_eq!(run(isolate.verify(&by_k2())), Ok(()), "at once, the first time");
    assert_eq!(run(isolate.verify(&by_k1())), Err(JwtFault::KeyUnknown), "it was withdrawn");
    isolate.serve(&k1());
    assert_eq!(run(isolate.verify(&by_k1())), Err(JwtFault::KeyUnknown), "just asked");
    isolate.advance(ISSUER_ASK_SPACING);
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
}

#[test]
fn keys_are_asked_for_again_after_an_hour() {
    let isolate = warm();
    isolate.serve(&k2());
    isolate.advance(Millis(KEY_SET_FRESH.0 - 1000));
    assert_eq!((run(isolate.verify(&by_k1())), isolate.asked()), (Ok(()), 1));
    isolate.advance(Millis(1000));
    assert_eq!(run(isolate.verify(&by_k1())), Err(JwtFault::KeyUnknown));
    assert_eq!(isolate.asked(), 2);
}

#[test]
fn old_keys_are_good_for_a_week_while_the_issuer_is_down() {
    let isolate = warm();
    isolate.go_down();
    for hour in 1..24 * 7 {
        isolate.advance(Millis::from_secs(3600));
        assert_eq!(run(isolate.verify(&by_k1())), Ok(()), "hour {hour}");
        assert_eq!(run(isolate.another().verify(&by_k1())), Ok(()), "a new isolate, hour {hour}");
    }
    isolate.advance(Millis::from_secs(3600));
    assert_eq!(cause(run(isolate.verify(&by_k1()))), Some(DOWN));
    assert_eq!(cause(run(isolate.another().verify(&by_k1()))), Some(DOWN));
}

#[test]
fn an_issuer_of_which_no_key_is_known_is_asked_every_ten_seconds_while_it_is_down() {
    let isolate = Isolate::new(&k1());
    isolate.go_down();
    for _ in 0..100 {
        assert_eq!(cause(run(isolate.verify(&by_k1()))), Some(DOWN));
        isolate.advance(Millis::from_secs(1));
    }
    assert!((9..=10).contains(&isolate.asked()), "{}", isolate.asked());
    isolate.serve(&k1());
    isolate.advance(ISSUER_FAILURE_MEMORY);
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
}

#[test]
fn requests_that_come_together_ask_once() {
    let isolate = Isolate::new(&k1());
    isolate.verifier.issuers.hangs.set(true);
    let (first, second) = (by_k1(), by_k1());
    let mut first = pin!(isolate.verify(&first));
    let mut second = pin!(isolate.verify(&second));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    isolate.verifier.issuers.hangs.set(false);
    while poll(first.as_mut()).is_pending() {}
    while poll(second.as_mut()).is_pending() {}
    assert_eq!(isolate.asked(), 1);
}

#[test]
fn a_request_that_was_lost_with_its_caller_keeps_nobody_waiting_for_long() {
    let isolate = Isolate::new(&k1());
    isolate.verifier.issuers.hangs.set(true);
    {
        let jwt = by_k1();
        let mut lost = pin!(isolate.verify(&jwt));
        assert!(poll(lost.as_mut()).is_pending());
    }
    isolate.verifier.issuers.hangs.set(false);
    let before = isolate.verifier.clock.now();
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
    let waited = before.until(isolate.verifier.clock.now());
    assert!(waited.0 <= KEY_SET_CLAIM_COLD.0 + 200, "{waited:?}");
}

#[test]
fn a_slow_issuer_keeps_nobody_waiting_whose_key_is_known() {
    let isolate = warm();
    isolate.advance(KEY_SET_FRESH);
    isolate.verifier.issuers.hangs.set(true);
    let (leader, other, unknown) = (by_k1(), by_k1(), by_k2());
    let mut leader = pin!(isolate.verify(&leader));
    assert!(poll(leader.as_mut()).is_pending());
    assert_eq!(run(isolate.verify(&other)), Ok(()));
    let mut waiting = pin!(isolate.verify(&unknown));
    assert!(poll(waiting.as_mut()).is_pending(), "it may be the key that is on its way");
    isolate.serve(&jwks(&[ed25519("k1", 1), ed25519("k2", 2)]));
    isolate.verifier.issuers.hangs.set(false);
    assert_eq!(poll(leader.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(run(waiting.as_mut()), Ok(()));
    assert_eq!(isolate.asked(), 2);
}

/// Fifty requests at the same moment, until none of them waits any more.
fn crowd_in_vain(isolate: &Isolate) {
    let jwts: Vec<_> = (0..50).map(|_| by_k1()).collect();
    let mut pending: Vec<_> = jwts.iter().map(|jwt| Box::pin(isolate.verify(jwt))).collect();
    let most = isolate.verifier.clock.now().plus(Millis(2 * ISSUER_TIMEOUT.0));
    while !pending.is_empty() {
        pending.retain_mut(|future| match poll(future.as_mut()) {
            Poll::Pending => true,
            Poll::Ready(result) => {
                assert_eq!(cause(result), Some(HANGS));
                false
            }
        });
        isolate.advance(Millis(100));
        assert!(isolate.verifier.clock.now() < most);
    }
}

#[test]
fn an_issuer_that_hangs_holds_nobody_for_long_and_gets_few_requests() {
    let isolate = Isolate::new(&k1());
    isolate.verifier.issuers.hangs.set(true);
    crowd_in_vain(&isolate);
    let asked = isolate.asked();
    assert!(asked <= 3, "{asked}");
    isolate.advance(ISSUER_FAILURE_MEMORY);
    crowd_in_vain(&isolate);
    assert_eq!(isolate.asked(), asked + 1, "one request looks whether it is back");
}

#[test]
fn what_the_configuration_asks_for_is_told_only_to_who_has_a_signature() {
    let mut isolate = warm();
    isolate.trust.subject = Some(one_of(r#""deploy""#));
    let authenticate = |jwt: &Jwt| isolate.authenticate(jwt);
    let (wrong, right) = (claims(r#","sub":"guess""#), claims(r#","sub":"deploy""#));
    assert_eq!(authenticate(&signed_by("k1", 9, &wrong)), Err(JwtFault::Signature));
    assert_eq!(authenticate(&signed_by("k1", 9, &right)), Err(JwtFault::Signature));
    assert_eq!(authenticate(&signed_by("k1", 1, &wrong)), Err(JwtFault::Subject));
    let identity = authenticate(&signed_by("k1", 1, &right)).unwrap();
    assert_eq!(identity.subject.as_deref(), Some("deploy"));
    let expired = format!(r#"{{"iss":"{ISSUER}","aud":"broker","exp":{}}}"#, NOW - 300);
    let verified = isolate.verifier.signatures.0.get();
    assert_eq!(authenticate(&signed_by("k1", 1, &expired)), Err(JwtFault::Expired));
    assert_eq!(isolate.verifier.signatures.0.get(), verified, "not worth verifying");
}

#[test]
fn a_configured_jwks_uri_is_used_as_it_is_and_over_https_only() {
    let mut isolate = Isolate::new(&k1());
    isolate.trust.jwks_uri = Some(JWKS.into());
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
    assert_eq!(*isolate.verifier.issuers.requests.borrow(), [JWKS]);
    isolate.trust.jwks_uri = Some("http://keys.example/jwks".into());
    let url = IssuerFault::Keys(DocumentFault::Url);
    assert_eq!(cause(run(isolate.verify(&by_k1()))), Some(url));
    assert_eq!(isolate.verifier.issuers.requests.borrow().len(), 1);
}
