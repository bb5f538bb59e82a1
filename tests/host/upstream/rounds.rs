//! How long a failure is remembered: refusals too, for longer each time; and failures of one moment
//! are one round.

use std::pin::Pin;
use std::task::Poll;

use crate::support::clock::poll;
use crate::support::sent::{Response, Sent, settled};
use crate::support::world::World;
use edge_token_broker::base::time::Millis;

fn retry_after(response: &Response) -> u64 {
    response.header("Retry-After").expect("Retry-After").parse().unwrap()
}

/// What `count` callers get that come at the same moment.
fn at_once(world: &World, count: usize) -> Vec<Response> {
    type Waiting = Pin<Box<dyn Future<Output = Response>>>;
    let caller = |_| -> Waiting {
        let isolate = std::rc::Rc::clone(&world.isolate);
        Box::pin(async move { Response::of(&settled(Sent::default().begin(&isolate)).await) })
    };
    let mut waiting: Vec<Waiting> = (0..count).map(caller).collect();
    let mut responses = Vec::new();
    while !waiting.is_empty() {
        waiting.retain_mut(|caller| match poll(caller.as_mut()) {
            Poll::Ready(response) => {
                responses.push(response);
                false
            }
            Poll::Pending => true,
        });
    }
    responses
}

/// A request every second, for so many.
fn every_second(world: &World, secs: u64) -> Vec<Response> {
    let request = |_| {
        let response = world.request();
        world.broker.clock.advance(Millis::from_secs(1));
        response
    };
    (0..secs).map(request).collect()
}

#[test]
fn a_secret_that_replicates_is_back_within_seconds() {
    let world = World::new();
    for _ in 0..2 {
        world.refuse(401, "invalid_client", 7_000_215);
    }
    world.issue("one", 3600);
    let responses = every_second(&world, 8);
    let first = responses.iter().position(|response| response.status == 200);
    assert!(first.is_some_and(|second| second <= 7), "{first:?}");
    assert_eq!(world.upstream_requests(), 3);
}

#[test]
fn a_scope_that_was_granted_a_moment_ago_is_back_within_seconds() {
    let world = World::new();
    world.refuse(400, "invalid_resource", 500_011);
    world.issue("one", 3600);
    assert_eq!(every_second(&world, 4)[3].token(), "one");
}

#[test]
fn what_stays_refused_is_asked_for_a_few_times_in_a_minute() {
    for (error, number) in [("invalid_client", 7_000_215), ("invalid_scope", 70011), ("x", 90002)] {
        let world = World::new();
        for _ in 0..20 {
            world.refuse(400, error, number);
        }
        every_second(&world, 60);
        assert!((3..=5).contains(&world.upstream_requests()), "{}", world.upstream_requests());
        let before = world.upstream_requests();
        every_second(&world, 600);
        assert!(world.upstream_requests() - before <= 11, "then once a minute");
    }
}

#[test]
fn failures_of_one_moment_are_one_round() {
    let answers: [(u16, &str); 3] = [(503, ""), (200, "<html>"), (408, "")];
    for (status, body) in answers {
        let world = World::new();
        for _ in 0..20 {
            world.broker.servers.endpoint.answer(status, body);
        }
        let responses = at_once(&world, 10);
        world.broker.servers.endpoint.answers.borrow_mut().clear();
        for response in &responses {
            assert_eq!(retry_after(response), 1, "{}", response.body);
        }
        world.broker.clock.advance(Millis::from_secs(1));
        world.issue("one", 3600);
        assert_eq!(world.request().token(), "one", "{status}");
    }
}

#[test]
fn refusals_of_one_moment_are_one_round() {
    let world = World::new();
    for _ in 0..10 {
        world.refuse(401, "invalid_client", 7_000_215);
    }
    at_once(&world, 10);
    world.broker.servers.endpoint.answers.borrow_mut().clear();
    world.broker.clock.advance(Millis::from_secs(2));
    world.issue("one", 3600);
    assert_eq!(world.request().token(), "one");
}

#[test]
fn rounds_one_after_the_other_still_double() {
    let world = World::new();
    let mut told = Vec::new();
    for _ in 0..8 {
        for _ in 0..6 {
            world.broker.servers.endpoint.answer(503, "");
        }
        told.push(retry_after(at_once(&world, 3).last().unwrap()));
        world.broker.servers.endpoint.answers.borrow_mut().clear();
        world.broker.clock.advance(Millis::from_secs(60));
    }
    assert!(told.is_sorted() && told[0] == 1 && told[7] > 30, "{told:?}");
}

#[test]
fn the_longest_failure_of_a_round_counts() {
    let world = World::new();
    world.broker.servers.endpoint.answer_with(429, Some("30"), "");
    for _ in 0..2 {
        world.broker.servers.endpoint.answer(503, "");
    }
    at_once(&world, 2);
    assert!((28..=30).contains(&retry_after(&world.request())));
}

#[test]
fn a_failure_of_long_ago_is_not_in_a_row_with_the_next() {
    let world = World::new();
    for _ in 0..5 {
        world.refuse(400, "invalid_request", 90002);
        world.request();
        world.broker.clock.advance(Millis::from_secs(60));
    }
    world.broker.clock.advance(Millis::from_secs(600));
    for _ in 0..2 {
        world.broker.servers.endpoint.answer(503, "");
    }
    world.request();
    assert_eq!(retry_after(&world.request()), 1);
}

#[test]
fn who_meets_the_failure_first_is_told_when_to_come_back() {
    let world = World::new();
    for round in 0..6 {
        for _ in 0..2 {
            world.broker.servers.endpoint.answer(503, "");
        }
        let first = retry_after(&world.request());
        assert_eq!(retry_after(&world.request()), first, "round {round}");
        world.broker.clock.advance(Millis::from_secs(first));
    }
}
