//! What an isolate remembers of JWTs, and for how long.

use crate::support::jwt::{NOW, at};
use edge_token_broker::base::limits::{
    USED_ASSERTIONS_MAX, USED_ASSERTIONS_OF_CLIENT_MAX, VERIFIED_JWTS_MAX,
};
use edge_token_broker::base::lru::LruMap;
use edge_token_broker::callers::ledger::UsedAssertions;
use edge_token_broker::callers::seen::{JwtDigest, VerifiedJwts};
use edge_token_broker::jwt::JwtFault;

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

#[test]
fn a_replayed_client_assertion_is_refused_until_it_has_expired_anyway() {
    let used = UsedAssertions::default();
    let once = |client, jti, now| used.use_once(client, jti, at(NOW + 300), at(now)).map(drop);
    assert_eq!(once("reports", "j", NOW), Ok(()));
    assert_eq!(once("reports", "j", NOW), Err(JwtFault::Replayed));
    assert_eq!(once("other", "j", NOW), Ok(()), "ids are each client's own");
    assert_eq!(once("reports", "k", NOW), Ok(()));
    // Until then the assertion itself would be accepted, by its skew.
    assert_eq!(once("reports", "j", NOW + 359), Err(JwtFault::Replayed));
    assert_eq!(once("reports", "j", NOW + 360), Ok(()));
}

#[test]
fn flooding_with_assertions_lets_none_be_used_again() {
    let used = UsedAssertions::default();
    let once = |jti: usize, now| {
        used.use_once("reports", &jti.to_string(), at(now + 300), at(now)).map(drop)
    };
    for jti in 0..USED_ASSERTIONS_OF_CLIENT_MAX {
        assert_eq!(once(jti, NOW), Ok(()));
    }
    assert_eq!(once(USED_ASSERTIONS_OF_CLIENT_MAX, NOW), Err(JwtFault::TooManyAssertions));
    assert_eq!(once(0, NOW), Err(JwtFault::Replayed));
    assert!(used.use_once("other", "0", at(NOW + 300), at(NOW)).is_ok(), "nobody else suffers");
    assert_eq!(once(USED_ASSERTIONS_OF_CLIENT_MAX, NOW + 360), Ok(()));
}

#[test]
fn all_clients_together_are_bounded_as_well() {
    let used = UsedAssertions::default();
    let once = |number: usize, now| {
        let client = (number % 5).to_string();
        used.use_once(&client, &number.to_string(), at(now + 300), at(now)).map(drop)
    };
    for number in 0..USED_ASSERTIONS_MAX {
        assert_eq!(once(number, NOW), Ok(()));
    }
    assert_eq!(once(USED_ASSERTIONS_MAX, NOW), Err(JwtFault::TooManyAssertions));
    assert_eq!(once(USED_ASSERTIONS_MAX, NOW + 360), Ok(()));
}
