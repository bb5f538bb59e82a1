//! JWTs whose claims do not fit: they make nobody be asked, and nobody learns from them which claims fit.

use crate::support::issuer::{DOWN, Isolate, cause, warm};
use crate::support::jwt::{ISSUER, NOW, claims, ed25519, jwks, one_of, signed_by};
use edge_token_broker::base::limits::{ISSUER_ASK_SPACING, KEY_SET_FRESH, KEY_SET_GOOD};
use edge_token_broker::jwt::{Jwt, JwtFault};

/// An isolate with keys in memory, whose issuer then has another one, and a JWT of a new key whose
/// claims do not fit.
fn unfit() -> (Isolate, Jwt) {
    let mut isolate = warm();
    isolate.trust.subject = Some(one_of(r#""deploy""#));
    isolate.serve(&jwks(&[ed25519("k1", 1), ed25519("k2", 2)]));
    (isolate, signed_by("k3", 9, &claims(r#","sub":"guess""#)))
}

/// A JWT of a known key whose claims do not fit, and that lasts.
fn genuine() -> Jwt {
    let payload = format!(r#"{{"iss":"{ISSUER}","aud":"broker","exp":{},"sub":"guess"}}"#, 2 * NOW);
    signed_by("k1", 1, &payload)
}

fn fit(kid: &str, seed: u8) -> Jwt {
    signed_by(kid, seed, &claims(r#","sub":"deploy""#))
}

#[test]
fn a_jwt_whose_claims_do_not_fit_spends_no_request() {
    let (isolate, unfit) = unfit();
    for _ in 0..5 {
        assert!(isolate.authenticate(&unfit).is_err());
    }
    assert_eq!(isolate.asked(), 1);
    assert!(isolate.authenticate(&fit("k2", 2)).is_ok(), "the request is there for a good one");
    assert_eq!(isolate.asked(), 2);
    isolate.advance(KEY_SET_FRESH);
    assert_eq!(isolate.authenticate(&genuine()), Err(JwtFault::Subject), "by the known keys");
    assert_eq!(isolate.asked(), 2);
}

#[test]
fn a_jwt_whose_claims_do_not_fit_gets_the_first_keys() {
    let (isolate, _) = unfit();
    let mut other = isolate.another();
    other.trust.subject = Some(one_of(r#""deploy""#));
    assert_eq!(other.authenticate(&genuine()), Err(JwtFault::Subject));
    assert_eq!(isolate.asked(), 1, "from the copy in KV");
    isolate.advance(KEY_SET_GOOD);
    isolate.verifier.store.values.borrow_mut().clear();
    assert!(isolate.authenticate(&genuine()).is_err());
    assert_eq!(isolate.asked(), 2, "from the issuer, which is not known otherwise");
}

#[test]
fn an_unsigned_jwt_does_not_learn_which_claims_fit() {
    // What an attacker sees of its guess, then of others.
    let seen = |guess: &Jwt, probe: &Jwt, name: &str| {
        let (isolate, _) = unfit();
        let answers = [guess, guess, probe, guess].map(|jwt| isolate.authenticate(jwt).map(drop));
        isolate.advance(ISSUER_ASK_SPACING);
        let later = [probe, guess].map(|jwt| isolate.authenticate(jwt).map(drop));
        format!("{name}: {answers:?} {later:?}")
    };
    for kid in ["made-up", "k1"] {
        let wrong = signed_by(kid, 9, &claims(r#","sub":"guess""#));
        for probe in [signed_by("probe", 9, &claims(r#","sub":"probe""#)), fit("probe", 9)] {
            assert_eq!(seen(&fit(kid, 9), &probe, kid), seen(&wrong, &probe, kid));
        }
    }
}

#[test]
fn while_the_issuer_is_down_an_unsigned_jwt_does_not_learn_which_claims_fit() {
    let (isolate, unfit) = unfit();
    isolate.go_down();
    assert_eq!(cause(isolate.authenticate(&fit("k3", 9)).map(drop)), Some(DOWN));
    assert_eq!(cause(isolate.authenticate(&unfit).map(drop)), Some(DOWN));
}
