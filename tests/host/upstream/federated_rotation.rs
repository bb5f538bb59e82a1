//! A rotation of `ISSUER_KEY`: it loses no token, with a cache key and without, and two versions of the
//! broker understand each other meanwhile.

use std::rc::Rc;

use crate::support::bindings::Vars;
use crate::support::federated::federated;
use crate::support::keys::fixture;
use crate::support::tokens::token;
use crate::support::world::START;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::{Config, Grant};
use edge_token_broker::tokens::coordinator::Want;
use edge_token_broker::tokens::coordinator::message::{AcquireMessage, SealedMessage};
use edge_token_broker::tokens::record;

const NONCE: [u8; 24] = [7; 24];
const CACHE_KEY: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";

fn grant(vars: &Vars) -> Rc<Grant> {
    Rc::clone(Config::parse(vars).unwrap().grants().next().unwrap())
}

fn with_keys(key: &str, next: &str, previous: &str) -> Vars {
    let text = |file: &str| if file.is_empty() { String::new() } else { fixture(file) };
    federated()
        .with("ISSUER_KEY", &text(key))
        .with("ISSUER_KEY_NEXT", &text(next))
        .with("ISSUER_KEY_PREVIOUS", &text(previous))
}

/// Whether `reader` opens what `writer` has sealed: a record, and a message to a coordinator.
fn understands(reader: &Vars, writer: &Vars) -> [bool; 2] {
    let (reader, writer) = (grant(reader), grant(writer));
    assert_eq!(reader.token_key, writer.token_key, "the key of the token stays");
    let token = token("one", UnixMillis(START), Millis::from_secs(3600));
    let record = record::seal_for(&writer, &token, NONCE);
    let (want, request_id) = (Want::default(), RequestId::parse("id").unwrap());
    let message = AcquireMessage { want, request_id, claims: None };
    let sealed = SealedMessage::new(&message, &writer, NONCE);
    [record::open_for(&reader, &record).is_ok(), sealed.open(&reader).is_some()]
}

#[test]
fn without_a_cache_key_each_step_of_a_rotation_understands_the_one_before() {
    let (old, new) = ("rsa2048.pem", "other.pem");
    let steps = [
        with_keys(old, "", ""),
        with_keys(old, new, ""),
        with_keys(old, new, old),
        with_keys(new, new, old),
        with_keys(new, "", old),
        with_keys(new, "", ""),
    ];
    for pair in steps.windows(2) {
        let [before, after] = pair else { panic!("two steps") };
        assert_eq!(understands(after, before), [true; 2]);
        assert_eq!(understands(before, after), [true; 2], "while both versions are there");
    }
    assert_eq!(understands(&steps[5], &steps[0]), [false; 2], "the old key is gone");
}

#[test]
fn with_a_cache_key_the_issuer_key_seals_nothing() {
    let key = |file| with_keys(file, "", "").with("CACHE_KEY", CACHE_KEY);
    assert_eq!(understands(&key("rsa2048.pem"), &key("other.pem")), [true; 2]);
}

#[test]
fn what_everybody_knows_seals_nothing() {
    // Another key with the same issuer, subject and audience.
    let (one, other) = (with_keys("rsa2048.pem", "", ""), with_keys("other.pem", "", ""));
    assert_eq!(understands(&one, &other), [false; 2]);
}
