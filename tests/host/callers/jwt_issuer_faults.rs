//! Issuers that give no keys: what the log says, and that nobody waits for them for long.

use std::pin::pin;

use crate::support::clock::{poll, run};
use crate::support::issuer::{HANGS, Isolate, JWKS, METADATA, by_k1, by_k2, cause, k1, k2, warm};
use crate::support::jwt::{ISSUER, claims, one_of, signed_by};
use crate::support::world::line;
use edge_token_broker::base::limits::{
    ISSUER_ASK_SPACING, ISSUER_BODY_MAX_BYTES, ISSUER_FAILURE_MEMORY, ISSUER_TIMEOUT, KEY_SET_FRESH,
};
use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::Millis;
use edge_token_broker::error::BrokerError;
use edge_token_broker::jwt::{IssuerUnreachable, JwtFault};

/// What the log has when this body comes from this URL, in place of the good ones.
fn logged_for(url: &str, body: &str) -> (String, String) {
    let isolate = Isolate::new(&k1());
    isolate.verifier.issuers.bodies.borrow_mut().insert(url.to_owned(), body.to_owned());
    logged(&isolate)
}

/// The field of the request that asks, and the reason of the next one.
fn logged(isolate: &Isolate) -> (String, String) {
    let mut first = line();
    assert!(run(isolate.verify_in(&by_k1(), &mut first)).is_err());
    let mut second = line();
    let Err(JwtFault::KeysUnavailable(outage)) = run(isolate.verify_in(&by_k1(), &mut second))
    else {
        panic!("the failure is remembered")
    };
    assert_eq!((second.issuer_fault, first.level), (None, "warn"), "nobody was asked again");
    (first.issuer_fault.unwrap(), BrokerError::IssuerUnavailable(outage).to_string())
}

#[test]
fn the_log_says_what_an_issuer_answers() {
    let metadata =
        |issuer: &str, uri: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{uri}"}}"#);
    for (url, body, words) in [
        (METADATA, "<html>".into(), "metadata: the answer is not JSON"),
        (METADATA, String::new(), "metadata: the answer is not JSON"),
        (
            METADATA,
            metadata("https://evil.example", JWKS),
            "metadata: the issuer in it is another one, or missing",
        ),
        (METADATA, "[]".into(), "metadata: the issuer in it is another one, or missing"),
        (METADATA, format!(r#"{{"issuer":"{ISSUER}"}}"#), "metadata: jwks_uri is missing"),
        (
            METADATA,
            metadata(ISSUER, "http://keys.example/jwks"),
            "metadata: jwks_uri in it is not https, or not plain",
        ),
        (JWKS, "<html>".into(), "keys: the answer is not JSON"),
        (JWKS, "{}".into(), "keys: the answer is JSON without a list of keys"),
        (JWKS, r#"{"keys":{}}"#.into(), "keys: the answer is JSON without a list of keys"),
        (JWKS, " ".repeat(ISSUER_BODY_MAX_BYTES) + &k1(), "keys: the answer is over 256 KiB"),
    ] {
        let expected = (words.to_owned(), format!("JWT issuer unavailable: {words}"));
        assert_eq!(logged_for(url, &body), expected);
    }
}

#[test]
fn the_log_says_why_an_issuer_does_not_answer() {
    for (fault, words) in [
        (IssuerUnreachable::NoConnection, "no connection"),
        (IssuerUnreachable::TimedOut, "no answer in time"),
        (IssuerUnreachable::Status(500), "status 500"),
        (IssuerUnreachable::Status(404), "status 404"),
        (IssuerUnreachable::Status(302), "a redirect, which is not followed: status 302"),
        (IssuerUnreachable::TooLarge, "the answer is over 256 KiB"),
        (IssuerUnreachable::CutOff, "status 200, and the answer was cut off"),
    ] {
        for (url, document) in [(METADATA, "metadata"), (JWKS, "keys")] {
            let isolate = Isolate::new(&k1());
            isolate.verifier.issuers.faults.borrow_mut().insert(url.to_owned(), fault);
            assert_eq!(logged(&isolate).0, format!("{document}: {words}"));
        }
    }
}

#[test]
fn the_log_says_that_an_issuer_failed_also_where_its_old_keys_are_good() {
    let isolate = warm();
    isolate.go_down();
    isolate.advance(KEY_SET_FRESH);
    let mut line = line();
    assert_eq!(run(isolate.verify_in(&by_k1(), &mut line)), Ok(()));
    assert_eq!(
        (line.issuer_fault.as_deref(), line.level),
        (Some("metadata: no connection"), "warn")
    );
}

#[test]
fn an_answer_of_256_kib_is_read() {
    let padded = " ".repeat(ISSUER_BODY_MAX_BYTES - k1().len()) + &k1();
    assert_eq!(run(Isolate::new(&padded).verify(&by_k1())), Ok(()));
}

#[test]
fn an_answer_that_is_none_replaces_nothing() {
    let isolate = warm();
    for (url, body) in [(METADATA, "<html>"), (JWKS, "<html>"), (JWKS, "{}")] {
        isolate.serve(&k2());
        isolate.verifier.issuers.bodies.borrow_mut().insert(url.to_owned(), body.to_owned());
        isolate.advance(ISSUER_ASK_SPACING);
        assert!(cause(run(isolate.verify(&by_k2()))).is_some());
        assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
    }
}

#[test]
fn one_deadline_covers_metadata_and_keys() {
    let isolate = Isolate::new(&k1());
    let jwt = by_k1();
    let begin = isolate.verifier.clock.now();
    isolate.verifier.issuers.hangs.set(true);
    let mut pending = pin!(isolate.verify(&jwt));
    assert!(poll(pending.as_mut()).is_pending());
    // The metadata come late, and then the keys do not come.
    isolate.advance(Millis(ISSUER_TIMEOUT.0 - 100));
    isolate.verifier.issuers.hangs_at.set(Some(JWKS));
    isolate.verifier.issuers.hangs.set(false);
    assert!(poll(pending.as_mut()).is_pending());
    isolate.advance(Millis(100));
    assert!(cause(run(pending.as_mut())).is_some());
    let waited = begin.until(isolate.verifier.clock.now());
    assert!(waited.0 <= ISSUER_TIMEOUT.0 + 100, "{waited:?}");
}

/// A request that asks the issuer in vain, which takes all the time that there is.
fn hang(isolate: &Isolate) {
    let jwt = by_k2();
    let mut pending = pin!(isolate.verify(&jwt));
    while poll(pending.as_mut()).is_pending() {
        isolate.advance(Millis(100));
    }
}

#[test]
fn a_hang_is_remembered_and_the_next_requests_are_answered_at_once() {
    for isolate in [Isolate::new(&k1()), warm()] {
        isolate.verifier.issuers.hangs.set(true);
        hang(&isolate);
        let (asked, begin) = (isolate.asked(), isolate.verifier.clock.now());
        for _ in 0..20 {
            assert_eq!(cause(run(isolate.verify(&by_k2()))), Some(HANGS));
        }
        assert_eq!((isolate.asked(), isolate.verifier.clock.now()), (asked, begin));
    }
}

#[test]
fn while_one_request_looks_whether_the_issuer_is_back_the_others_do_not_wait() {
    for (isolate, memory) in [
        (Isolate::new(&k1()), ISSUER_FAILURE_MEMORY),
        (warm(), Millis(ISSUER_ASK_SPACING.0 - ISSUER_TIMEOUT.0)),
    ] {
        isolate.verifier.issuers.hangs.set(true);
        hang(&isolate);
        let asked = isolate.asked();
        isolate.advance(memory);
        let jwt = by_k2();
        let mut probe = pin!(isolate.verify(&jwt));
        assert!(poll(probe.as_mut()).is_pending());
        let begin = isolate.verifier.clock.now();
        assert_eq!(cause(run(isolate.verify(&by_k2()))), Some(HANGS));
        assert_eq!((isolate.asked(), isolate.verifier.clock.now()), (asked + 1, begin));
        isolate.serve(&k2());
        isolate.verifier.issuers.hangs.set(false);
        assert_eq!(run(probe.as_mut()), Ok(()));
        assert_eq!(run(isolate.verify(&by_k2())), Ok(()));
    }
}

#[test]
fn an_unsigned_jwt_whose_claims_do_not_fit_never_waits_for_an_issuer_whose_keys_are_known() {
    let mut isolate = warm();
    isolate.trust.subject = Some(one_of(r#""deploy""#));
    isolate.verifier.issuers.hangs.set(true);
    let begin = isolate.verifier.clock.now();
    for kid in ["k1", "made-up"] {
        assert!(isolate.authenticate(&signed_by(kid, 9, &claims(""))).is_err());
    }
    assert_eq!((isolate.verifier.clock.now(), isolate.asked()), (begin, 1));
}
