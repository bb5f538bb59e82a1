//! The fence between isolates that fetched tokens themselves and a coordinator that comes back: an
//! older generation never replaces a newer one, and the coordinator goes on above the newest.

use std::rc::Rc;

use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::Millis;
use edge_token_broker::tokens::coordinator::{Handout, Source, Want};
use edge_token_broker::tokens::ports::{Coordinated, CoordinationError};
use edge_token_broker::tokens::revocation::{Rejected, Revocation};

use crate::support::clock::run;
use crate::support::driven::{Driven, HOUR, at, hour_token};
use crate::support::tokens::token;
use crate::support::world::{World, line};

/// The next call to the coordinator does not reach it.
fn lose_next_call(world: &World) {
    world.broker.coordinator.answers.borrow_mut().push_back(Err(CoordinationError::Failed));
}

#[test]
fn a_touch_tells_the_generation_and_an_older_token_of_the_coordinator_is_not_taken() {
    let world = World::new();
    lose_next_call(&world);
    world.issue("newest", 3600);
    world.request();
    let older =
        token("older", world.broker.clock.now(), Millis::from_secs(HOUR)).with_generation(5);
    let handed = Ok(Handout { token: older, source: Source::Held });
    let answer = Coordinated { handed, trail: None, failing_for: Millis(0) };
    let other = world.another_isolate();
    other.broker.coordinator.answers.borrow_mut().push_back(Ok(answer));
    assert_eq!(other.request().token(), "newest", "from KV, then it touches");
    let held = other.broker.memory.recall(&world.grant.token_key).unwrap();
    assert_eq!(held.access_token.expose(), "newest");
    let want = Want { touch: true, known_generation: held.generation, ..Want::default() };
    assert_eq!(*other.broker.coordinator.wants.borrow(), [want]);
}

#[test]
fn a_coordinator_that_was_told_of_a_newer_generation_goes_on_above_it() {
    for told in [
        Want { touch: true, known_generation: at(9000).0, ..Want::default() },
        Want { renewed: true, known_generation: at(9000).0, ..Want::default() },
    ] {
        let mut driven = Driven::with_token();
        driven.acquire(told, 2750);
        driven.acquire(Want { renewed: true, ..Want::default() }, 2750);
        driven.land(Ok(hour_token(2750)), 2751);
        assert!(driven.published.last().unwrap().generation > at(9000).0, "{told:?}");
    }
}

#[test]
fn what_replaces_a_rejected_token_while_the_object_is_down_reaches_the_other_isolates() {
    let world = World::new();
    lose_next_call(&world);
    world.issue("one", 3600);
    world.request();
    lose_next_call(&world);
    world.issue("two", 600);
    let token = world.broker.memory.recall(&world.grant.token_key).unwrap();
    let generation = token.generation;
    let rejected = Rejected {
        grants: vec![Rc::clone(&world.grant)],
        token: Some(token.access_token),
        claims: None,
    };
    assert_eq!(run(world.broker.revoke(&rejected, &mut line())), Ok(Revocation::Revoked));
    let other = world.another_isolate();
    assert_eq!(other.request().token(), "two");
    let held = other.broker.memory.recall(&world.grant.token_key).unwrap();
    assert!(held.generation > generation);
    assert_eq!(world.broker.kv.ttls.borrow().len(), 2);
}
