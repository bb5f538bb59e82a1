//! What an isolate remembers of JWTs, and for how long.

use crate::support::jwt::{NOW, at};
use edge_token_broker::base::limits::{
    ASSERTION_AT_ONCE, ASSERTION_LEASE, USED_ASSERTIONS_MAX, USED_ASSERTIONS_OF_CLIENT_MAX,
    VERIFIED_JWTS_MAX,
};
use edge_token_broker::base::lru::LruMap;
use edge_token_broker::base::time::Millis;
use edge_token_broker::callers::ledger::{Owner, ReservedAssertion, UsedAssertions, Verdict};
use edge_token_broker::callers::seen::{JwtDigest, VerifiedJwts};

#[test]
fn a_verified_jwt_is_good_for_five_minutes() {
    let verified = VerifiedJwts::default();
    let jwt = JwtDigest::of("a.b.c", None);
    assert_eq!(verified.recall(&jwt, at(NOW)), None::<u8>);
    verified.remember(jwt, 7, at(NOW + 3600), at(NOW));
    assert_eq!(verified.recall(&jwt, at(NOW + 299)), Some(7));
    assert_eq!(verified.recall(&jwt, at(NOW + 300)), None);
    assert_eq!(verified.recall(&JwtDigest::of("a.b.d", None), at(NOW)), None);
}

#[test]
fn a_verified_jwt_is_not_good_for_longer_than_it_says() {
    let verified = VerifiedJwts::default();
    let jwt = JwtDigest::of("a.b.c", None);
    verified.remember(jwt, 7, at(NOW), at(NOW));
    assert_eq!(verified.recall(&jwt, at(NOW + 59)), Some(7), "skew");
    assert_eq!(verified.recall(&jwt, at(NOW + 60)), None);
}

#[test]
fn ever_new_jwts_do_not_fill_the_memory() {
    let verified = VerifiedJwts::default();
    let digest = |number: usize| JwtDigest::of(&number.to_string(), None);
    for number in 0..=VERIFIED_JWTS_MAX {
        verified.remember(digest(number), number, at(NOW + 300), at(NOW));
        // In use all the while.
        assert_eq!(verified.recall(&digest(0), at(NOW)), Some(0));
    }
    assert_eq!(verified.recall(&digest(1), at(NOW)), None);
    assert_eq!(verified.recall(&digest(VERIFIED_JWTS_MAX), at(NOW)), Some(VERIFIED_JWTS_MAX));
}

#[test]
fn what_is_put_again_takes_its_own_place() {
    let mut recent = LruMap::new(2);
    recent.put([1; 32], 'a');
    recent.put([2; 32], 'b');
    recent.put([1; 32], 'c');
    recent.put([3; 32], 'd');
    assert_eq!(recent.get(&[1; 32]), Some(&mut 'c'));
    assert_eq!(recent.get(&[2; 32]), None);
    assert_eq!(recent.get(&[3; 32]), Some(&mut 'd'));
}

/// A request with an assertion of `client`, which expires five minutes after `now`.
fn presented(client: &str, jti: &str, nonce: &str, now: u64) -> ReservedAssertion {
    ReservedAssertion::new(client, jti, at(now + 300), Owner::of(nonce))
}

/// What comes of a request that reserves an assertion and spends it.
fn once(used: &UsedAssertions, client: &str, jti: &str, now: u64) -> Verdict {
    let assertion = presented(client, jti, &format!("{client} {jti} {now}"), now);
    match used.reserve(&assertion, at(now)) {
        Verdict::Granted => used.spend(&assertion, at(now)),
        refused => refused,
    }
}

#[test]
fn a_replayed_client_assertion_is_refused_until_it_has_expired_anyway() {
    let used = UsedAssertions::default();
    let again = |jti, now| used.reserve(&presented("reports", jti, "again", NOW), at(now));
    assert_eq!(once(&used, "reports", "j", NOW), Verdict::Granted);
    assert_eq!(again("j", NOW), Verdict::Used);
    assert_eq!(once(&used, "other", "j", NOW), Verdict::Granted, "ids are each client's own");
    assert_eq!(once(&used, "reports", "k", NOW), Verdict::Granted);
    // Until then the assertion itself would be accepted, by its skew.
    assert_eq!(again("j", NOW + 359), Verdict::Used);
    assert_eq!(again("j", NOW + 360), Verdict::Granted);
}

#[test]
fn a_reserved_assertion_is_for_one_request_until_that_ends() {
    let used = UsedAssertions::default();
    let [first, second] = ["1", "2"].map(|nonce| presented("reports", "j", nonce, NOW));
    assert_eq!(used.reserve(&first, at(NOW)), Verdict::Granted);
    assert_eq!(used.reserve(&first, at(NOW)), Verdict::Granted, "it began anew");
    assert_eq!(used.reserve(&second, at(NOW)), Verdict::AtOnce);
    used.release(&second);
    assert_eq!(used.spend(&second, at(NOW)), Verdict::AtOnce, "it has nothing to release");
    used.release(&first);
    assert_eq!(used.reserve(&second, at(NOW)), Verdict::Granted);
    assert_eq!(used.spend(&second, at(NOW)), Verdict::Granted);
    used.release(&second);
    assert_eq!(used.reserve(&first, at(NOW)), Verdict::Used, "a use stays");
    assert_eq!(used.reserve(&second, at(NOW)), Verdict::Granted, "it began anew");
    assert_eq!(used.reserve(&first, at(NOW)), Verdict::Used, "and that changes nothing");
}

#[test]
fn a_request_that_vanished_holds_an_assertion_only_for_the_lease() {
    let used = UsedAssertions::default();
    let [lost, later] = ["1", "2"].map(|nonce| presented("reports", "j", nonce, NOW));
    assert_eq!(used.reserve(&lost, at(NOW)), Verdict::Granted);
    let at_once = at(NOW).plus(ASSERTION_AT_ONCE);
    assert_eq!(used.reserve(&later, at_once), Verdict::UnderWay, "it may come again");
    let over = at(NOW).plus(ASSERTION_LEASE);
    assert_eq!(used.reserve(&later, over.minus(Millis(1))), Verdict::UnderWay);
    assert_eq!(used.reserve(&later, over), Verdict::Granted);
    assert_eq!(used.spend(&lost, over), Verdict::AtOnce, "it is late");
    assert_eq!(used.spend(&later, over), Verdict::Granted);
}

#[test]
fn flooding_with_assertions_lets_none_be_used_again() {
    let used = UsedAssertions::default();
    let once = |client: &str, jti: usize, now| once(&used, client, &jti.to_string(), now);
    for jti in 0..USED_ASSERTIONS_OF_CLIENT_MAX {
        assert_eq!(once("reports", jti, NOW), Verdict::Granted);
    }
    assert_eq!(once("reports", USED_ASSERTIONS_OF_CLIENT_MAX, NOW), Verdict::Full);
    assert_eq!(once("reports", 0, NOW + 1), Verdict::Used);
    assert_eq!(once("other", 0, NOW), Verdict::Granted, "nobody else suffers");
    assert_eq!(once("reports", USED_ASSERTIONS_OF_CLIENT_MAX, NOW + 360), Verdict::Granted);
}

#[test]
fn all_clients_together_are_bounded_as_well() {
    let used = UsedAssertions::default();
    let once =
        |number: usize, now| once(&used, &(number % 5).to_string(), &number.to_string(), now);
    for number in 0..USED_ASSERTIONS_MAX {
        assert_eq!(once(number, NOW), Verdict::Granted);
    }
    assert_eq!(once(USED_ASSERTIONS_MAX, NOW), Verdict::Full);
    assert_eq!(once(USED_ASSERTIONS_MAX, NOW + 360), Verdict::Granted);
}

#[test]
fn what_is_reserved_takes_room_only_while_it_is() {
    let used = UsedAssertions::default();
    for jti in 0..USED_ASSERTIONS_OF_CLIENT_MAX {
        let lost = presented("reports", &jti.to_string(), "lost", NOW);
        assert_eq!(used.reserve(&lost, at(NOW)), Verdict::Granted);
    }
    assert_eq!(once(&used, "reports", "more", NOW), Verdict::Full);
    used.release(&presented("reports", "0", "lost", NOW));
    assert_eq!(once(&used, "reports", "more", NOW), Verdict::Granted);
    let over = NOW + ASSERTION_LEASE.whole_secs();
    assert_eq!(once(&used, "reports", "late", over), Verdict::Granted);
}
