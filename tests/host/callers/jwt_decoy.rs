//! Keys of nobody, for JWTs that cost a verification without a key.

use edge_token_broker::jwt::algorithm::Algorithm;
use edge_token_broker::jwt::decoy;

#[test]
fn there_is_a_key_of_nobody_for_every_algorithm_and_it_takes_signatures_of_the_usual_length() {
    for (algorithm, length) in [
        (Algorithm::Rs256, 256),
        (Algorithm::Ps256, 256),
        (Algorithm::Es256, 64),
        (Algorithm::EdDsa, 64),
    ] {
        let key = decoy::key_for(algorithm).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert!(key.may_have_made(&vec![1; length]), "{algorithm:?}");
        assert_eq!(key.key_id(), None);
    }
}
