//! The request id: taken over, or made.

use edge_token_broker::base::request_id::RequestId;

#[test]
fn sane_request_ids_are_taken_over() {
    let longest = "x".repeat(64);
    for good in ["a", "4f2-!~", &longest] {
        assert_eq!(RequestId::parse(good).unwrap().as_str(), good);
    }
    let too_long = "x".repeat(65);
    for bad in ["", "a b", "a\n", "ä", &too_long] {
        assert_eq!(RequestId::parse(bad), None, "{bad:?}");
    }
}

#[test]
fn a_fresh_request_id_is_a_uuid_version_4() {
    assert_eq!(RequestId::from_random([0xff; 16]).as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(RequestId::from_random([0; 16]).as_str(), "00000000-0000-4000-8000-000000000000");
}
