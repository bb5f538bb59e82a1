//! Rejected tokens: the coordinator's rules by example, and what an isolate does with a report.

use std::rc::Rc;

use edge_token_broker::base::cbor;
use edge_token_broker::base::limits::CLAIMS_MAX_BYTES;
use edge_token_broker::base::ports::Store;
use edge_token_broker::base::secret::AccessToken;
use edge_token_broker::base::time::Millis;
use edge_token_broker::error::BrokerError;
use edge_token_broker::oauth::claims::{ClaimsFault, RequestedClaims, for_upstream};
use edge_token_broker::oauth::error_response::{ErrorResponse, Trace};
use edge_token_broker::tokens::coordinator::message::AcquireMessage;
use edge_token_broker::tokens::coordinator::{Source, Want};
use edge_token_broker::tokens::min_ttl::MinTtl;
use edge_token_broker::tokens::revocation::{Rejected, Revocation};
use edge_token_broker::tokens::token::CachedToken;
use edge_token_broker::upstream::error::UpstreamError;

use crate::support::clock::run;
use crate::support::driven::{Driven, HOUR, at, down, hour_token};
use crate::support::tokens::token;
use crate::support::world::{World, line, text};

fn rejected(token: &CachedToken) -> Want {
    let (rejected, known_generation) = (Some(token.digest()), token.generation);
    Want { rejected, known_generation, ..Want::default() }
}

fn current(driven: &Driven) -> CachedToken {
    driven.machine.snapshot().token.clone().unwrap()
}

fn refused() -> UpstreamError {
    UpstreamError::CredentialRefused(Box::new(ErrorResponse {
        error: "interaction_required".into(),
        description: None,
        trace: Trace::default(),
        advice: None,
    }))
}

#[test]
fn many_reports_are_one_renewal() {
    let mut driven = Driven::with_token();
    let old = current(&driven);
    let waiters: Vec<_> = (0..50).map(|_| driven.acquire(rejected(&old), 10)).collect();
    assert_eq!((driven.asked, driven.reply(waiters[0])), (2, None));
    driven.land(Ok(hour_token(10)), 11);
    assert_eq!(driven.source(waiters[0]), Some(Source::Flight));
    assert!(waiters[1..].iter().all(|waiter| driven.source(*waiter) == Some(Source::Collapsed)));
    let late = driven.acquire(rejected(&old), 12);
    assert_eq!((driven.source(late), driven.asked), (Some(Source::Held), 2));
    assert_eq!(driven.published.len(), 2);
}

#[test]
fn a_new_token_takes_the_place_also_when_it_expires_earlier() {
    let mut driven = Driven::with_token();
    let old = current(&driven);
    driven.acquire(rejected(&old), 10);
    driven.land(Ok(token("short", at(10), Millis::from_secs(600))), 11);
    let new = current(&driven);
    assert!(new.generation > old.generation && new.expires_at < old.expires_at);
    assert_eq!(driven.published.last(), Some(&new));
}

#[test]
fn a_flight_under_way_is_joined() {
    let mut driven = Driven::with_token();
    let old = current(&driven);
    driven.acquire(Want { renewed: true, ..Want::default() }, 2800);
    let report = driven.acquire(rejected(&old), 2801);
    assert_eq!((driven.asked, driven.reply(report)), (2, None));
    driven.land(Ok(token("short", at(2801), Millis::from_secs(300))), 2802);
    assert_eq!(driven.source(report), Some(Source::Collapsed));
    assert_eq!(current(&driven).access_token.expose(), "short");
}

#[test]
fn the_same_token_again_is_not_renewed_once_more_not_even_after_an_eviction() {
    let mut driven = Driven::with_token();
    let old = current(&driven);
    driven.acquire(rejected(&old), 10);
    driven.land(Ok(hour_token(0)), 11);
    for secs in [12, 300, 2000] {
        driven.evict();
        let same = current(&driven);
        let report = driven.acquire(rejected(&same), secs);
        assert_eq!((driven.source(report), driven.asked), (Some(Source::Held), 2));
    }
}

#[test]
fn a_flight_lost_in_an_eviction_may_be_repeated_when_the_spacing_is_over() {
    let mut driven = Driven::with_token();
    let old = current(&driven);
    driven.acquire(rejected(&old), 10);
    driven.evict();
    let too_soon = driven.acquire(rejected(&old), 69);
    assert_eq!((driven.source(too_soon), driven.asked), (Some(Source::Held), 2));
    driven.acquire(rejected(&old), 70);
    assert_eq!(driven.asked, 3);
}

#[test]
fn each_new_token_rejected_at_once_is_a_renewal_a_minute() {
    let mut driven = Driven::with_token();
    let mut forced = Vec::new();
    for secs in 1..200 {
        let before = driven.asked;
        driven.acquire(rejected(&current(&driven)), secs);
        if driven.asked > before {
            forced.push(secs);
            driven.land(Ok(hour_token(secs)), secs);
        }
    }
    assert_eq!(forced, [1, 61, 121, 181]);
}

#[test]
fn while_upstream_fails_the_token_is_served_and_whoever_rejects_it_is_told() {
    let mut driven = Driven::with_token();
    let old = current(&driven);
    let report = driven.acquire(rejected(&old), 10);
    driven.land(Err(down()), 10);
    assert_eq!(driven.reply(report), Some(&Err(down())));
    let other = driven.acquire(rejected(&old), 10);
    assert!(matches!(driven.reply(other), Some(Err(UpstreamError::Unavailable { .. }))));
    let caller = driven.acquire(Want::default(), 10);
    assert_eq!((driven.source(caller), driven.asked), (Some(Source::Held), 2));
    let again = driven.acquire(rejected(&old), 12);
    driven.land(Ok(hour_token(12)), 12);
    assert_eq!((driven.source(again), driven.asked), (Some(Source::Flight), 3));
}

#[test]
fn a_refusal_of_a_forced_renewal_is_not_remembered_against_others() {
    let mut driven = Driven::with_token();
    let old = current(&driven);
    let report = driven.acquire(rejected(&old), 10);
    let caller = driven
        .acquire(Want { min_ttl: MinTtl::asked(Millis::from_secs(HOUR)), ..Want::default() }, 10);
    driven.land(Err(refused()), 11);
    assert_eq!(driven.reply(report), Some(&Err(refused())));
    assert_eq!(driven.source(caller), Some(Source::Held));
    assert!(driven.machine.snapshot().facts.failure.is_none());
    let too_soon = driven.acquire(rejected(&old), 12);
    assert_eq!((driven.source(too_soon), driven.asked), (Some(Source::Held), 2));
}

#[test]
fn a_coordinator_that_has_nothing_or_an_older_token_gets_a_new_one() {
    let old = hour_token(0).with_generation(at(0).0);
    let mut driven = Driven::default();
    let report = driven.acquire(rejected(&old), 10);
    driven.land(Ok(hour_token(10)), 10);
    assert_eq!(driven.source(report), Some(Source::Flight));
    assert!(current(&driven).generation > old.generation);
    let newer = token("newer", at(90), Millis::from_secs(HOUR)).with_generation(at(90).0);
    driven.acquire(rejected(&newer), 100);
    assert_eq!(driven.asked, 2);
}

#[test]
fn an_older_isolates_message_has_neither_a_rejected_token_nor_claims() {
    let message = [0x82, 0x84, 0, 0xf4, 0, 0xf4, 0x62, b'i', b'd'];
    let message: AcquireMessage = cbor::of_slice(&message).unwrap();
    assert!(message.want.rejected.is_none() && message.claims.is_none());
}

#[test]
fn claims_are_a_json_object_of_a_bounded_size() {
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(CLAIMS_MAX_BYTES));
    for bad in ["", "[]", "1", "null", r#""{}""#, "{", "{} {}", &long] {
        assert_eq!(RequestedClaims::parse(bad).err(), Some(ClaimsFault::Malformed), "{bad}");
    }
    let claims = r#"{"access_token":{"nbf":{"value":"1"}}}"#;
    let RequestedClaims { capability, challenge } = RequestedClaims::parse(claims).unwrap();
    assert_eq!(
        (capability, for_upstream(challenge.as_ref(), false).as_deref()),
        (false, Some(claims))
    );
}

fn report(world: &World, token: &str) -> Result<Revocation, BrokerError> {
    let rejected = Rejected {
        grants: vec![Rc::clone(&world.grant)],
        token: AccessToken::parse(token.to_owned()),
        claims: None,
    };
    run(world.broker.revoke(&rejected, &mut line()))
}

#[test]
fn without_a_coordinator_the_isolate_renews_once_and_writes_kv() {
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    let stored = world.broker.kv.values.borrow().clone();
    world.issue("two", 600);
    assert_eq!(report(&world, "other"), Ok(Revocation::NotCurrent));
    assert_eq!(report(&world, "one"), Ok(Revocation::Revoked));
    assert_eq!(world.request().token(), "two");
    assert_eq!(report(&world, "one"), Ok(Revocation::NotCurrent));
    assert_eq!(report(&world, "two"), Ok(Revocation::NotYet));
    assert_eq!(world.another_isolate().request().token(), "two");
    // KV goes on answering with the old record.
    *world.broker.kv.values.borrow_mut() = stored;
    let served = world.obtain().0.unwrap();
    assert_eq!((text(&served), world.upstream_requests()), ("two", 2));
    world.broker.clock.advance(Millis::from_secs(61));
    world.issue("three", 3600);
    assert_eq!(report(&world, "two"), Ok(Revocation::Revoked));
}

#[test]
fn an_outage_lets_the_isolate_try_again_and_leaves_the_token() {
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    world.broker.servers.endpoint.answer_with(429, Some("5"), "");
    for _ in 0..2 {
        let told = report(&world, "one");
        assert!(matches!(told, Err(BrokerError::Upstream(UpstreamError::Unavailable { .. }))));
    }
    assert_eq!((world.request().token(), world.upstream_requests()), ("one", 2));
    world.broker.clock.advance(Millis::from_secs(6));
    world.issue("one", 3600);
    assert_eq!(report(&world, "one"), Ok(Revocation::Unchanged));
    world.broker.clock.advance(Millis::from_secs(600));
    assert_eq!(report(&world, "one"), Ok(Revocation::NotYet));
    assert_eq!(world.upstream_requests(), 3);
}

#[test]
fn a_token_that_only_kv_has_is_found_there() {
    let world = World::new();
    world.issue("one", 3600);
    world.request();
    let other = world.another_isolate();
    other.issue("two", 3600);
    assert_eq!(report(&other, "one"), Ok(Revocation::Revoked));
    let name = world.grant.token_key.kv_name();
    assert!(run(other.broker.kv.load(&name)).unwrap().is_some());
    assert_eq!(world.another_isolate().request().token(), "two");
}
