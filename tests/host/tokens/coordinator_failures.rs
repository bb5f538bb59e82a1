//! What a coordinator remembers of upstream's failures, and for how long.

use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::oauth::error_response::ErrorResponse;
use edge_token_broker::oauth::token_response::AnswerFault;
use edge_token_broker::tokens::coordinator::{Event, Want};
use edge_token_broker::upstream::error::UpstreamError;

use crate::support::driven::{Driven, at, down, hour_token};

fn refused() -> UpstreamError {
    UpstreamError::CredentialRefused(Box::<ErrorResponse>::default())
}

fn not_understood() -> UpstreamError {
    UpstreamError::NotATokenResponse {
        fault: AnswerFault::UnexpectedStatus(404),
        retry_after_secs: 1,
        in_a_row: 1,
        response: None,
    }
}

/// A caller gets this error, and the next one comes when it is over. The time until then.
fn fails(driven: &mut Driven, now: &mut UnixMillis, error: UpstreamError) -> u64 {
    driven.acquire_at(Want::default(), *now);
    driven.on(Event::Landed(Err(error)), *now);
    let until = driven.alarm.unwrap();
    let pause = now.until(until).0;
    *now = until;
    pause
}

#[test]
fn refusals_are_remembered_longer_each_time() {
    let mut driven = Driven { random: 7, ..Driven::default() };
    let mut now = at(0);
    let pauses: Vec<_> = (0..8).map(|_| fails(&mut driven, &mut now, refused())).collect();
    assert_eq!(pauses, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    driven.acquire_at(Want::default(), now);
    driven.on(Event::Landed(Ok(hour_token(300))), now);
    assert!(driven.saved.facts.failure.is_none());
}

#[test]
fn answers_that_are_not_understood_are_remembered_like_an_outage() {
    let mut driven = Driven { random: u32::MAX, ..Driven::default() };
    let mut now = at(0);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        pauses.push(fails(&mut driven, &mut now, not_understood()).div_ceil(1000));
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
}

/// What the last caller was told: `Retry-After`, and how many such answers there were in a row.
fn last_told(driven: &Driven) -> (u64, u32) {
    match driven.replies.last() {
        Some((_, Err(UpstreamError::NotATokenResponse { retry_after_secs, in_a_row, .. }))) => {
            (*retry_after_secs, *in_a_row)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_counts_the_answers_in_a_row_that_were_not_understood_and_only_those() {
    let mut driven = Driven { random: u32::MAX, ..Driven::default() };
    let mut now = at(0);
    for in_a_row in 1..4 {
        fails(&mut driven, &mut now, not_understood());
        assert_eq!(last_told(&driven).1, in_a_row);
    }
    fails(&mut driven, &mut now, down());
    fails(&mut driven, &mut now, not_understood());
    assert_eq!(last_told(&driven), (16, 1), "the time goes on, the count begins again");
}

#[test]
fn a_report_that_meets_one_leaves_a_failure_as_an_outage_does() {
    let mut driven = Driven::with_token();
    let token = driven.machine.snapshot().token.clone().unwrap();
    let rejected = Some(token.digest());
    let want = Want { rejected, known_generation: token.generation, ..Want::default() };
    let report = driven.acquire(want, 10);
    driven.land(Err(not_understood()), 10);
    assert!(matches!(driven.reply(report), Some(Err(UpstreamError::NotATokenResponse { .. }))));
    assert!(driven.saved.facts.failure.is_some() && driven.saved.facts.forced_at.is_none());
    driven.acquire(want, 11);
    assert_eq!(driven.asked, 3, "upstream is asked again after a second, and not after a minute");
}
