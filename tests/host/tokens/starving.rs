//! What one caller's claims cost other callers: nothing. The coordinator's rules, and an isolate without one.

use std::rc::Rc;

use edge_token_broker::base::secret::AccessToken;
use edge_token_broker::base::time::Millis;
use edge_token_broker::error::BrokerError;
use edge_token_broker::oauth::claims::RequestedClaims;
use edge_token_broker::oauth::error_response::ErrorResponse;
use edge_token_broker::tokens::coordinator::{Event, Source, Want};
use edge_token_broker::tokens::min_ttl::MinTtl;
use edge_token_broker::tokens::revocation::{Rejected, Revocation};
use edge_token_broker::tokens::token::CachedToken;
use edge_token_broker::upstream::error::UpstreamError;

use crate::support::clock::run;
use crate::support::driven::{Driven, HOUR, at, down, hour_token};
use crate::support::sent::{Response, Sent};
use crate::support::tokens::token;
use crate::support::world::{World, line};

/// A caller that brings the challenge with this number.
fn challenge(number: u8) -> Want {
    Want { challenge: Some([number; 32]), ..Want::default() }
}

fn reporting(token: &CachedToken) -> Want {
    let (rejected, known_generation) = (Some(token.digest()), token.generation);
    Want { rejected, known_generation, ..Want::default() }
}

fn current(driven: &Driven) -> CachedToken {
    driven.machine.snapshot().token.clone().unwrap()
}

fn refused() -> UpstreamError {
    let error = "invalid_request".into();
    UpstreamError::CredentialRefused(Box::new(ErrorResponse { error, ..Default::default() }))
}

#[test]
fn failed_claims_delay_no_report_of_another_caller() {
    for error in [refused(), down()] {
        let mut driven = Driven::with_token();
        let old = current(&driven);
        driven.acquire(challenge(1), 10);
        driven.land(Err(error), 11);
        let report = driven.acquire(reporting(&old), 12);
        assert_eq!((driven.asked, driven.machine.is_challenged()), (3, false));
        driven.land(Ok(hour_token(12)), 13);
        assert_eq!(driven.source(report), Some(Source::Flight));
    }
}

#[test]
fn failed_claims_delay_only_those_of_another_caller_and_it_gets_a_new_token() {
    for evicted in [false, true] {
        let mut driven = Driven::with_token();
        let old = current(&driven);
        driven.acquire(challenge(1), 10);
        driven.land(Err(refused()), 11);
        if evicted {
            driven.evict();
        }
        // Its claims may not go upstream yet.
        for want in [challenge(2), Want { rejected: Some(old.digest()), ..challenge(2) }] {
            let known_generation = old.generation;
            let other = driven.acquire(Want { known_generation, ..want }, 12);
            assert_eq!((driven.asked, driven.machine.is_challenged()), (3, false));
            assert_eq!(driven.reply(other), None, "not the rejected one");
        }
        driven.land(Ok(hour_token(12)), 13);
        assert_eq!(driven.source(2), Some(Source::Flight));
        assert_eq!(driven.source(3), Some(Source::Collapsed));
        // That one is not fetched again and again.
        let again = driven.acquire(challenge(2), 14);
        assert_eq!((driven.source(again), driven.asked), (Some(Source::Held), 3));
    }
}

#[test]
fn refused_claims_each_second_are_two_requests_a_minute_at_most() {
    let mut driven = Driven::with_token();
    let mut reported = 0;
    for secs in 1..=600 {
        for want in [challenge(1), reporting(&current(&driven))] {
            let before = driven.asked;
            driven.acquire(want, secs);
            let (sent, with_claims) = (driven.asked > before, driven.machine.is_challenged());
            reported += usize::from(sent && !with_claims);
            if sent {
                driven.land(if with_claims { Err(refused()) } else { Ok(hour_token(secs)) }, secs);
            }
        }
    }
    assert!(reported >= 10, "those of the other caller: {reported}");
    assert!(driven.asked <= 22, "{}", driven.asked);
}

#[test]
fn claims_that_change_nothing_delay_no_report_and_no_other_claims() {
    let mut driven = Driven::with_token();
    let old = current(&driven);
    driven.acquire(challenge(1), 10);
    let same = CachedToken { access_token: old.access_token.clone(), ..hour_token(10) };
    driven.land(Ok(same), 11);
    driven.acquire(reporting(&current(&driven)), 12);
    assert_eq!((driven.asked, driven.machine.is_challenged()), (3, false));
    let same = CachedToken { access_token: old.access_token, ..hour_token(12) };
    driven.land(Ok(same), 13);
    // Upstream has answered this report, and may answer other claims in another way.
    driven.acquire(reporting(&current(&driven)), 200);
    assert_eq!(driven.asked, 3);
    driven.acquire(challenge(2), 201);
    assert_eq!((driven.asked, driven.machine.is_challenged()), (4, true));
}

#[test]
fn who_joins_a_flight_with_the_claims_of_another_is_not_told_its_refusal() {
    for error in [refused(), down()] {
        for mut driven in [Driven::default(), Driven::with_token()] {
            let before = driven.asked;
            let challenger = driven.acquire(challenge(1), 10);
            let more = Want { min_ttl: MinTtl::asked(Millis::from_secs(HOUR)), ..Want::default() };
            let caller = driven.acquire(more, 10);
            let reporter = driven.acquire(reporting(&hour_token(0)), 10);
            let other = driven.acquire(challenge(2), 10);
            driven.land(Err(error.clone()), 11);
            assert_eq!(driven.reply(challenger), Some(&Err(error.clone())));
            assert_eq!((driven.asked - before, driven.machine.is_challenged()), (2, false));
            for waiter in [caller, reporter, other] {
                assert_eq!(driven.reply(waiter), None, "{waiter}");
            }
            driven.land(Ok(hour_token(12)), 12);
            for waiter in [caller, reporter, other] {
                let source = driven.source(waiter);
                assert!(matches!(source, Some(Source::Flight | Source::Collapsed)), "{source:?}");
            }
        }
    }
}

#[test]
fn the_same_claims_again_after_a_sign_of_life_are_told_their_refusal() {
    let mut driven = Driven::with_token();
    let first = driven.acquire(challenge(1), 10);
    driven.on(Event::Left(first), at(14));
    let again = driven.acquire(challenge(1), 14);
    driven.land(Err(refused()), 15);
    assert_eq!((driven.reply(again), driven.asked), (Some(&Err(refused())), 2));
}

/// The spacing of tokens that live for seconds is shorter than a flight may take.
#[test]
fn the_flight_after_a_failed_one_has_no_claims_however_long_that_took() {
    let mut driven = Driven::default();
    driven.acquire(Want::default(), 0);
    driven.land(Ok(token("short", at(0), Millis::from_secs(20))), 0);
    driven.acquire(challenge(1), 1);
    let other = driven.acquire(challenge(2), 1);
    driven.land(Err(refused()), 9);
    assert_eq!((driven.asked, driven.machine.is_challenged()), (3, false));
    driven.land(Ok(hour_token(9)), 10);
    assert_eq!(driven.source(other), Some(Source::Flight));
}

#[test]
fn the_refusal_of_a_report_is_told_to_all_that_reported_and_to_nobody_else() {
    let mut driven = Driven::with_token();
    let reporter = driven.acquire(reporting(&current(&driven)), 10);
    let other = driven.acquire(challenge(2), 10);
    driven.land(Err(refused()), 11);
    for waiter in [reporter, other] {
        assert_eq!(driven.reply(waiter), Some(&Err(refused())));
    }
    assert!(driven.machine.snapshot().facts.failure.is_none());
}

fn nbf(number: u8) -> String {
    format!(r#"{{"access_token":{{"nbf":{{"value":"170000000{number}"}}}}}}"#)
}

fn challenged(world: &World, number: u8) -> Response {
    Sent::get(&format!("/token?claims={}", nbf(number))).to(&world.isolate)
}

fn report(world: &World, token: &str, claims: Option<u8>) -> Result<Revocation, BrokerError> {
    let claims = claims.and_then(|number| RequestedClaims::parse(&nbf(number)).unwrap().challenge);
    let grants = vec![Rc::clone(&world.grant)];
    let rejected = Rejected { grants, token: AccessToken::parse(token.to_owned()), claims };
    run(world.broker.revoke(&rejected, &mut line()))
}

/// A world whose caller A has had its claims refused just now.
fn with_refused_claims() -> World {
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    world.broker.clock.advance(Millis::from_secs(10));
    world.refuse(400, "invalid_request", 50_076);
    assert_eq!(challenged(&world, 1).status, 502);
    world.broker.clock.advance(Millis::from_secs(1));
    world
}

#[test]
fn without_a_coordinator_refused_claims_delay_no_report_either() {
    let world = with_refused_claims();
    world.issue("two", 3600);
    assert_eq!(report(&world, "one", None), Ok(Revocation::Revoked));
    assert_eq!(world.request().token(), "two");
    assert_eq!(report(&world, "two", None), Ok(Revocation::NotYet), "at the broker's pace");
    assert_eq!(challenged(&world, 1).token(), "two");
    assert_eq!(world.upstream_requests(), 3);
}

#[test]
fn without_a_coordinator_other_claims_get_a_new_token_too() {
    for by_report in [false, true] {
        let world = with_refused_claims();
        world.issue("two", 3600);
        if by_report {
            assert_eq!(report(&world, "one", Some(2)), Ok(Revocation::Revoked));
        } else {
            assert_eq!(challenged(&world, 2).token(), "two");
        }
        for _ in 0..5 {
            assert_eq!(challenged(&world, 2).token(), "two");
        }
        assert_eq!(world.upstream_requests(), 3);
        let requests = world.broker.servers.endpoint.requests.borrow();
        assert!(!requests.last().unwrap().1.contains("claims="));
    }
}
