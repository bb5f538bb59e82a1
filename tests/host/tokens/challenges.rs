//! Challenges at the coordinator: the rules of its machine by example, and the flights of its driver.

use std::rc::Rc;

use edge_token_broker::base::time::Millis;
use edge_token_broker::error::BrokerError;
use edge_token_broker::oauth::claims::{Claims, RequestedClaims};
use edge_token_broker::oauth::error_response::ErrorResponse;
use edge_token_broker::tokens::broker::{Broker, Served};
use edge_token_broker::tokens::cache_status::{CacheStatus, Forward};
use edge_token_broker::tokens::coordinator::{Event, Source, Want};
use edge_token_broker::tokens::min_ttl::MinTtl;
use edge_token_broker::tokens::token::CachedToken;
use edge_token_broker::upstream::error::{Outage, UpstreamError};

use crate::support::driven::{Driven, HOUR, at, down, hour_token, throttled};
use crate::support::flight::{Ended, FlightPorts, Network, OneObject};
use crate::support::world::{line, text, vars};

/// Which token is good enough for a caller with a challenge.
fn challenge() -> Want {
    Want { challenge: Some([1; 32]), ..Want::default() }
}

fn rejecting(token: &CachedToken) -> Want {
    let (rejected, known_generation) = (Some(token.digest()), token.generation);
    Want { rejected, known_generation, ..challenge() }
}

fn current(driven: &Driven) -> CachedToken {
    driven.machine.snapshot().token.clone().unwrap()
}

fn refused() -> UpstreamError {
    let error = "invalid_request".into();
    UpstreamError::CredentialRefused(Box::new(ErrorResponse { error, ..Default::default() }))
}

#[test]
fn many_challenges_are_one_renewal_of_the_token_in_hand() {
    let mut driven = Driven::with_token();
    let waiters: Vec<_> = (0..50).map(|_| driven.acquire(challenge(), 10)).collect();
    assert_eq!((driven.asked, driven.machine.is_challenged()), (2, true));
    driven.land(Ok(hour_token(10)), 11);
    assert_eq!(driven.source(waiters[0]), Some(Source::Flight));
    assert!(waiters[1..].iter().all(|waiter| driven.source(*waiter) == Some(Source::Collapsed)));
    // Not yet again: the newest in hand.
    let late = driven.acquire(challenge(), 69);
    assert_eq!((driven.source(late), driven.asked), (Some(Source::Held), 2));
    driven.acquire(challenge(), 70);
    assert_eq!((driven.asked, driven.machine.is_challenged()), (3, true));
}

/// The token of that flight was fetched without the claims. So a call after it has them sent.
#[test]
fn a_flight_under_way_is_joined_and_the_claims_that_it_does_not_have_may_be_sent_after_it() {
    let mut driven = Driven::with_token();
    driven.acquire(Want { renewed: true, ..Want::default() }, 2800);
    let joined = driven.acquire(challenge(), 2801);
    assert!(!driven.machine.is_challenged(), "it keeps its own claims, or none");
    driven.land(Ok(hour_token(2801)), 2804);
    assert_eq!(driven.source(joined), Some(Source::Collapsed));
    let again = driven.acquire(challenge(), 2805);
    assert_eq!((driven.asked, driven.machine.is_challenged()), (3, true));
    let joined = driven.acquire(challenge(), 2805);
    driven.land(Ok(hour_token(2805)), 2806);
    assert_eq!(driven.source(again), Some(Source::Flight));
    assert_eq!(driven.source(joined), Some(Source::Collapsed));
    // The same calls after a sign of life.
    let again = driven.acquire(challenge(), 2807);
    assert_eq!((driven.source(again), driven.asked), (Some(Source::Held), 3));
}

/// Other claims may get another one, so an answer to some does not end it: their pace does.
#[test]
fn the_same_token_again_is_challenged_once_a_minute() {
    let mut driven = Driven::with_token();
    let same = |driven: &Driven, secs| {
        let access_token = current(driven).access_token;
        CachedToken { access_token, ..hour_token(secs) }
    };
    driven.acquire(challenge(), 10);
    driven.land(Ok(same(&driven, 10)), 11);
    for secs in [12, 69] {
        driven.evict();
        let again = driven.acquire(challenge(), secs);
        assert_eq!((driven.source(again), driven.asked), (Some(Source::Held), 2));
    }
    driven.acquire(challenge(), 70);
    assert_eq!((driven.asked, driven.machine.is_challenged()), (3, true));
}

#[test]
fn no_failure_of_a_flight_with_claims_is_left_to_others() {
    for error in [refused(), down()] {
        for want in [challenge(), rejecting(&current(&Driven::with_token()))] {
            let mut driven = Driven::with_token();
            let report = driven.acquire(want, 10);
            driven.land(Err(error.clone()), 11);
            assert_eq!(driven.reply(report), Some(&Err(error.clone())));
            assert!(driven.machine.snapshot().facts.failure.is_none());
            let min_ttl = MinTtl::asked(Millis::from_secs(HOUR));
            let caller = driven.acquire(Want { min_ttl, ..Want::default() }, 12);
            assert_eq!((driven.reply(caller), driven.asked), (None, 3), "it may have a flight");
        }
    }
}

#[test]
fn a_time_that_upstream_names_to_a_flight_with_claims_holds_for_all() {
    let busy =
        UpstreamError::Unavailable { cause: Outage::Failing, retry_after_secs: 30, response: None };
    for error in [throttled(30), busy] {
        let mut driven = Driven::with_token();
        let report = driven.acquire(challenge(), 10);
        driven.land(Err(error.clone()), 11);
        assert_eq!(driven.reply(report), Some(&Err(error)));
        let more = Want { min_ttl: MinTtl::asked(Millis::from_secs(HOUR)), ..Want::default() };
        let caller = driven.acquire(more, 12);
        assert_eq!((driven.source(caller), driven.asked), (Some(Source::HeldWhileFailing), 2));
    }
}

#[test]
fn who_else_waits_gets_a_flight_without_the_claims() {
    for error in [refused(), down()] {
        for mut driven in [Driven::default(), Driven::with_token()] {
            let before = driven.asked;
            let report = driven.acquire(challenge(), 10);
            let more = Want { min_ttl: MinTtl::asked(Millis::from_secs(HOUR)), ..Want::default() };
            let others: Vec<_> = (0..5).map(|_| driven.acquire(more, 10)).collect();
            driven.land(Err(error.clone()), 11);
            assert_eq!(driven.reply(report), Some(&Err(error.clone())));
            assert!(others.iter().all(|other| driven.reply(*other).is_none()));
            assert_eq!((driven.asked - before, driven.machine.is_challenged()), (2, false));
            driven.land(Ok(hour_token(12)), 12);
            assert_eq!(driven.source(others[0]), Some(Source::Flight));
            assert_eq!(driven.source(others[4]), Some(Source::Collapsed));
            assert_eq!(driven.replies.iter().filter(|(to, _)| *to == report).count(), 1);
        }
    }
}

#[test]
fn with_no_token_in_hand_the_claims_are_sent_once_in_a_minute_also_after_an_eviction() {
    let mut driven = Driven::default();
    let first = driven.acquire(challenge(), 10);
    assert!(driven.machine.is_challenged());
    driven.land(Err(refused()), 11);
    assert_eq!(driven.reply(first), Some(&Err(refused())));
    driven.on(Event::Alarm, at(11));
    driven.evict();
    // An ordinary flight, whose failure is everybody's.
    driven.acquire(challenge(), 12);
    assert_eq!((driven.asked, driven.machine.is_challenged()), (2, false));
    driven.land(Err(refused()), 12);
    driven.acquire(challenge(), 13);
    assert_eq!(driven.asked, 2);
    // When it is over, there is another ordinary one.
    driven.acquire(challenge(), 14);
    assert_eq!((driven.asked, driven.machine.is_challenged()), (3, false));
}

fn nbf() -> Claims {
    let claims = r#"{"access_token":{"nbf":{"value":"1700000000"}}}"#;
    RequestedClaims::parse(claims).unwrap().challenge.unwrap()
}

type Obtained = Ended<Result<Served, BrokerError>>;

/// A token request with a challenge in an isolate.
fn challenged(network: &Rc<Network>, isolate: Rc<Broker<FlightPorts>>) -> Obtained {
    let network_ = Rc::clone(network);
    let work = async move {
        isolate.renewed(&network_.grant, &nbf(), MinTtl::default(), &mut line()).await
    };
    network.start(work).1
}

fn plain(network: &Rc<Network>, isolate: Rc<Broker<FlightPorts>>) -> Obtained {
    let network_ = Rc::clone(network);
    let work = async move {
        isolate.recall_or_obtain(&network_.grant, MinTtl::default(), &mut line()).await
    };
    network.start(work).1
}

fn with_claims(network: &Network) -> Vec<bool> {
    network.endpoint.asked.borrow().iter().map(|asked| asked.body.contains("claims=")).collect()
}

#[test]
fn an_isolate_with_an_older_token_or_none_has_the_coordinators_renewed() {
    let network = Rc::new(Network::new(&vars()));
    for token in ["one", "two", "three"] {
        network.issue(token);
    }
    let (behind, empty) = (network.isolate(), network.isolate());
    plain(&network, Rc::clone(&behind));
    network.pass(Millis::from_secs(1));
    let first = challenged(&network, network.isolate());
    network.pass(Millis::from_secs(1));
    let (served, _) = first.take().unwrap();
    let served = served.unwrap();
    let led = CacheStatus::Forwarded { reason: Forward::Miss, collapsed: false };
    assert_eq!((text(&served), served.cache_status), ("two", led));
    // The caller of another isolate, which still has the first token, got the second one rejected.
    network.pass(Millis::from_secs(61));
    let second = challenged(&network, Rc::clone(&behind));
    network.pass(Millis::from_secs(1));
    assert_eq!(text(&second.take().unwrap().0.unwrap()), "three");
    let third = challenged(&network, Rc::clone(&empty));
    network.pass(Millis::from_secs(1));
    assert_eq!(text(&third.take().unwrap().0.unwrap()), "three");
    let hit = plain(&network, behind);
    network.pass(Millis(1));
    assert_eq!(text(&hit.take().unwrap().0.unwrap()), "three");
    assert_eq!(with_claims(&network), [false, true, true]);
}

#[test]
fn what_a_challenge_meets_costs_no_other_caller_a_token() {
    let network = Rc::new(Network::new(&vars()));
    network.endpoint.latency.set(Millis::from_secs(1));
    network.answer(400, r#"{"error":"invalid_request","error_codes":[50076]}"#);
    network.issue("one");
    let isolate = network.isolate();
    let challenger = challenged(&network, Rc::clone(&isolate));
    let others = [plain(&network, Rc::clone(&isolate)), plain(&network, network.isolate())];
    network.pass(Millis::from_secs(5));
    assert!(challenger.take().unwrap().0.is_err());
    for other in others {
        assert_eq!(text(&other.take().unwrap().0.unwrap()), "one");
    }
    assert_eq!(with_claims(&network), [true, false]);
    // Nor is it remembered in the isolate of the caller.
    assert!(isolate.memory.failure(&network.grant.token_key).is_none());
}

#[test]
fn a_coordinator_out_of_reach_costs_nobody_the_new_token() {
    let network = Rc::new(Network::new(&vars()));
    network.issue("one");
    let isolate = network.isolate();
    plain(&network, Rc::clone(&isolate));
    network.pass(Millis::from_secs(1));
    network.object.panics.set(true);
    network.issue("two");
    for _ in 0..3 {
        let ended = challenged(&network, Rc::clone(&isolate));
        network.pass(Millis::from_secs(7));
        assert_eq!(text(&ended.take().unwrap().0.unwrap()), "two");
    }
    assert_eq!(with_claims(&network), [false, true]);
}

#[test]
fn without_a_coordinator_there_is_one_upstream_request_at_a_time() {
    let mut network = Network::new(&vars());
    network.object = OneObject::default();
    let network = Rc::new(network);
    network.issue("one");
    let isolate = network.isolate();
    plain(&network, Rc::clone(&isolate));
    network.pass(Millis::from_secs(3500));
    network.endpoint.latency.set(Millis::from_secs(1));
    network.issue("two");
    // An ordinary one: this request wants more time than the token has left.
    let network_ = Rc::clone(&network);
    let ordinary = Rc::clone(&isolate);
    let more = MinTtl::asked(Millis::from_secs(3000));
    let (_, ordinary) = network
        .start(async move { ordinary.recall_or_obtain(&network_.grant, more, &mut line()).await });
    network.pass(Millis(1));
    let beside = challenged(&network, Rc::clone(&isolate));
    network.pass(Millis(1));
    assert_eq!(with_claims(&network), [false, false]);
    assert_eq!(text(&beside.take().unwrap().0.unwrap()), "one", "what is in hand");
    network.pass(Millis::from_secs(2));
    assert_eq!(text(&ordinary.take().unwrap().0.unwrap()), "two");
    // It was not spent, and nothing starts beside it.
    network.issue("three");
    let after = challenged(&network, Rc::clone(&isolate));
    network.pass(Millis(1));
    let network_ = Rc::clone(&network);
    let (_, beside) = network.start({
        let (isolate, more) = (Rc::clone(&isolate), MinTtl::asked(Millis::from_secs(9999)));
        async move { isolate.fetch_token(&network_.grant, more, &mut line()).await }
    });
    network.pass(Millis(1));
    assert_eq!(text(&beside.take().unwrap().0.unwrap()), "two");
    network.pass(Millis::from_secs(2));
    assert_eq!(text(&after.take().unwrap().0.unwrap()), "three");
    assert_eq!(with_claims(&network), [false, false, true]);
}
