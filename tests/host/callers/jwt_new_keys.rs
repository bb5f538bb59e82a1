//! New keys of an issuer, under new names, under old names and under none: they are found, the issuer is
//! asked once a minute at most, and what is not yet known is not refused.

use std::pin::pin;

use crate::support::clock::{poll, run};
use crate::support::issuer::{Isolate, by_k1, by_k2, k1, k2, warm};
use crate::support::jwt::{claims, compact, ed25519, jwks, signed_by, unnamed};
use edge_token_broker::base::limits::ISSUER_ASK_SPACING;
use edge_token_broker::base::time::Millis;
use edge_token_broker::jwt::{IssuerFault, Jwt, JwtFault};

/// A key set whose key has no name.
fn nameless(seed: u8) -> String {
    jwks(&[ed25519("x", seed).replace(r#""kid":"x","#, "")])
}

/// A JWT that names no key.
fn by_nameless(seed: u8) -> Jwt {
    unnamed(seed, &claims(""))
}

/// A JWT with a made-up `kid`.
fn made_up(kid: &str) -> Jwt {
    signed_by(kid, 9, &claims(""))
}

/// A JWT of an issuer that was asked a moment ago may be signed with a newer key.
#[track_caller]
fn assert_not_yet_known(result: Result<(), JwtFault>, retry_after: u64) {
    let Err(JwtFault::KeysUnavailable(outage)) = result else { panic!("{result:?}") };
    assert_eq!((outage.cause, outage.retry_after_secs), (IssuerFault::AskedLately, retry_after));
}

#[test]
fn a_new_key_of_an_issuer_without_kid_is_found() {
    let isolate = Isolate::new(&nameless(1));
    assert_eq!(run(isolate.verify(&by_nameless(1))), Ok(()));
    isolate.serve(&nameless(2));
    assert_eq!(run(isolate.verify(&by_nameless(2))), Ok(()), "at once");
    assert_eq!(isolate.asked(), 2);
}

#[test]
fn a_new_key_under_an_old_kid_is_found() {
    let isolate = warm();
    isolate.serve(&jwks(&[ed25519("k1", 2)]));
    let by_new = signed_by("k1", 2, &claims(""));
    assert_eq!(run(isolate.verify(&by_new)), Ok(()), "at once");
    assert_eq!(run(isolate.verify(&by_k1())), Err(JwtFault::Signature), "the old one is replaced");
    assert_eq!(isolate.asked(), 2);
}

#[test]
fn a_new_key_for_another_algorithm_under_an_old_kid_is_found() {
    let old = r#"{"kty":"EC","crv":"P-256","kid":"k1","x":"X","y":"X"}"#;
    let isolate = Isolate::new(&jwks(&[old.replace('X', &crate::support::jwt::x_of(1))]));
    assert_eq!(run(isolate.verify(&by_k1())), Err(JwtFault::KeyAlgorithm));
    isolate.serve(&k1());
    isolate.advance(ISSUER_ASK_SPACING);
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
}

#[test]
fn old_and_new_keys_without_kid_are_both_tried() {
    let both = [1, 2].map(|seed| ed25519("x", seed).replace(r#""kid":"x","#, ""));
    let isolate = Isolate::new(&jwks(&both));
    for seed in [1, 2] {
        assert_eq!(run(isolate.verify(&by_nameless(seed))), Ok(()));
    }
    let shared = Isolate::new(&jwks(&[ed25519("k1", 1), ed25519("k1", 2)]));
    for seed in [1, 2] {
        assert_eq!(run(shared.verify(&signed_by("k1", seed, &claims("")))), Ok(()));
    }
}

#[test]
fn signatures_that_no_key_verifies_make_one_request_a_minute() {
    for jwt in [made_up("k1"), by_nameless(9), made_up("other")] {
        let isolate = warm();
        for _ in 0..600 {
            assert!(run(isolate.verify(&jwt)).is_err());
            isolate.advance(Millis::from_secs(1));
        }
        assert!((9..=11).contains(&(isolate.asked() - 1)), "{}", isolate.asked());
        assert_eq!(run(isolate.verify(&by_k1())), Ok(()), "others are served meanwhile");
    }
}

#[test]
fn a_signature_that_can_be_of_no_key_makes_no_request() {
    let isolate = warm();
    for header in
        [r#"{"alg":"EdDSA","kid":"k1"}"#, r#"{"alg":"EdDSA","kid":"x"}"#, r#"{"alg":"RS256"}"#]
    {
        let unsigned = Jwt::parse(&compact(header, &claims(""))).unwrap();
        assert!(matches!(
            run(isolate.verify(&unsigned)),
            Err(JwtFault::Signature | JwtFault::KeyUnknown)
        ));
    }
    isolate.serve(&k2());
    assert_eq!((isolate.asked(), run(isolate.verify(&by_k2()))), (1, Ok(())));
}

#[test]
fn a_copy_in_kv_takes_the_place_of_a_request_only_where_it_has_the_key() {
    let here = warm();
    let there = here.another();
    assert_eq!(run(there.verify(&by_k1())), Ok(()));
    let by_new = signed_by("k1", 2, &claims(""));
    here.serve(&jwks(&[ed25519("k1", 2)]));
    assert_eq!(run(here.verify(&by_new)), Ok(()));
    assert_eq!((run(there.verify(&by_new)), here.asked()), (Ok(()), 2), "the copy is newer");
    // Now memory and copy are the same, so only the issuer can know more.
    let by_newest = signed_by("k1", 3, &claims(""));
    here.serve(&jwks(&[ed25519("k1", 3)]));
    assert_eq!((run(there.verify(&by_newest)), here.asked()), (Ok(()), 3));
    // A new isolate that reads the copy first.
    here.serve(&jwks(&[ed25519("k1", 4)]));
    let new = here.another();
    assert_eq!(run(new.verify(&signed_by("k1", 4, &claims("")))), Ok(()));
    assert_eq!(here.asked(), 4);
}

#[test]
fn a_copy_in_kv_does_not_make_an_isolate_ask_again_and_again() {
    let isolate = warm();
    let old = isolate.verifier.store.values.borrow().clone();
    isolate.serve(&k2());
    for _ in 0..300 {
        // Somebody puts the old copy back, or KV is slow to forget it.
        *isolate.verifier.store.values.borrow_mut() = old.clone();
        assert!(run(isolate.verify(&made_up("k2"))).is_err());
        isolate.advance(Millis::from_secs(1));
    }
    assert!((5..=6).contains(&(isolate.asked() - 1)), "{}", isolate.asked());
}

#[test]
fn a_key_that_is_not_yet_known_is_no_refusal() {
    let isolate = warm();
    assert_eq!(run(isolate.verify(&made_up("x"))), Err(JwtFault::KeyUnknown));
    isolate.serve(&jwks(&[ed25519("k1", 1), ed25519("k2", 2)]));
    isolate.advance(Millis(1500));
    assert_not_yet_known(run(isolate.verify(&by_k2())), 59);
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
    isolate.advance(Millis::from_secs(58));
    assert_not_yet_known(run(isolate.verify(&by_k2())), 1);
    isolate.advance(Millis::from_secs(1));
    assert_eq!(run(isolate.verify(&by_k2())), Ok(()), "after the time in Retry-After");
}

#[test]
fn a_key_without_kid_that_is_not_yet_known_is_no_refusal() {
    let isolate = Isolate::new(&nameless(1));
    assert_eq!(run(isolate.verify(&by_nameless(1))), Ok(()));
    assert_eq!(run(isolate.verify(&by_nameless(9))), Err(JwtFault::Signature));
    isolate.serve(&nameless(2));
    assert_not_yet_known(run(isolate.verify(&by_nameless(2))), 60);
    isolate.advance(ISSUER_ASK_SPACING);
    assert_eq!(run(isolate.verify(&by_nameless(2))), Ok(()));
}

/// The limit of what a known name can tell: a forged JWT looks the same.
#[test]
fn a_new_key_under_an_old_kid_is_refused_until_the_issuer_may_be_asked_again() {
    let isolate = warm();
    assert_eq!(run(isolate.verify(&made_up("x"))), Err(JwtFault::KeyUnknown));
    isolate.serve(&jwks(&[ed25519("k1", 2)]));
    let (by_new, forged) = (signed_by("k1", 2, &claims("")), made_up("k1"));
    isolate.advance(Millis::from_secs(59));
    for jwt in [&by_new, &forged] {
        assert_eq!(run(isolate.verify(jwt)), Err(JwtFault::Signature));
    }
    isolate.advance(Millis::from_secs(1));
    // The next request to the issuer brings the key, also if a forged JWT causes it.
    assert_eq!(run(isolate.verify(&forged)), Err(JwtFault::Signature));
    assert_eq!(run(isolate.verify(&by_new)), Ok(()), "a minute at most");
    assert_eq!(isolate.asked(), 3);
}

#[test]
fn a_jwt_for_which_the_issuer_was_asked_is_refused() {
    let isolate = warm();
    assert_eq!(run(isolate.verify(&made_up("x"))), Err(JwtFault::KeyUnknown));
    isolate.advance(ISSUER_ASK_SPACING);
    // Two at once: the second one waits for the request that the first one makes.
    isolate.verifier.issuers.hangs.set(true);
    let jwts = [made_up("y"), made_up("z")];
    let mut first = pin!(isolate.verify(&jwts[0]));
    assert!(poll(first.as_mut()).is_pending());
    let mut second = pin!(isolate.verify(&jwts[1]));
    assert!(poll(second.as_mut()).is_pending());
    isolate.verifier.issuers.hangs.set(false);
    assert_eq!(run(first.as_mut()), Err(JwtFault::KeyUnknown));
    assert_eq!(run(second.as_mut()), Err(JwtFault::KeyUnknown));
    assert_eq!(isolate.asked(), 3);
}

#[test]
fn a_key_that_was_withdrawn_is_refused_at_once() {
    let isolate = warm();
    isolate.serve(&k2());
    assert_eq!(run(isolate.verify(&by_k2())), Ok(()));
    assert_eq!(run(isolate.verify(&by_k1())), Err(JwtFault::KeyUnknown));
    assert_not_yet_known(run(isolate.verify(&made_up("k3"))), 60);
}
