//! What an isolate says to a coordinator: only an isolate of this broker can say it, and no number in
//! it can spoil what the coordinator counts with.

use std::rc::Rc;

use edge_token_broker::base::cbor::{self, Cbor, Value};
use edge_token_broker::base::limits::{GENERATION_AHEAD_MAX, MIN_TTL_MAX};
use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::Millis;
use edge_token_broker::config::{Config, Grant};
use edge_token_broker::oauth::claims::RequestedClaims;
use edge_token_broker::tokens::coordinator::Want;
use edge_token_broker::tokens::coordinator::driver::CallFault;
use edge_token_broker::tokens::coordinator::message::{AcquireMessage, SealedMessage, TokenId};
use edge_token_broker::tokens::min_ttl::MinTtl;
use edge_token_broker::tokens::record;

use crate::support::bindings::Vars;
use crate::support::flight::Network;
use crate::support::tokens::token;
use crate::support::world::vars;

const NONCE: [u8; 24] = [7; 24];

fn message(want: Want) -> AcquireMessage {
    let claims =
        RequestedClaims::parse(r#"{"access_token":{"nbf":{"value":"1"}}}"#).unwrap().challenge;
    AcquireMessage { want, request_id: RequestId::parse("id").unwrap(), claims }
}

/// The first grant of another configuration.
fn grant(vars: &Vars) -> Rc<Grant> {
    Rc::clone(Config::parse(vars).unwrap().grants().next().unwrap())
}

/// What the object answers, and what it did: upstream requests, alarms, saved states.
fn told(network: &Network, message: &impl Cbor) -> (Option<CallFault>, [usize; 3]) {
    let message = cbor::to_vec(message);
    let driver = network.driver(Rc::new(Config::parse(&vars())));
    let answer = network.ends(async move { driver.answer(&message).await }).0;
    let asked = network.endpoint.asked.borrow().len();
    let alarms = network.home.alarms.borrow().len();
    (answer.err(), [asked, alarms, usize::from(network.home.stored.borrow().is_some())])
}

fn sealed(network: &Network, want: Want) -> SealedMessage {
    SealedMessage::new(&message(want), &network.grant, NONCE)
}

#[test]
fn a_message_that_no_isolate_of_the_broker_has_sealed_starts_nothing() {
    let network = Network::new(&vars());
    let good = sealed(&network, Want::default());
    let of = |vars: &Vars| {
        let other = SealedMessage::new(&message(Want::default()), &grant(vars), NONCE);
        SealedMessage { id: good.id.clone(), ..other }
    };
    let mut altered = good.clone();
    *altered.seal.last_mut().unwrap() ^= 1;
    let other = Want { known_generation: 1, ..Want::default() };
    let other = cbor::to_vec(&message(other));
    let record = token("t", network.clock.now(), Millis::from_secs(3600));
    let record = record::seal_for(&network.grant, &record, NONCE);
    let mut as_seal = record.clone();
    as_seal[0] = good.seal[0];
    let scope = vars().with(
        "CLIENTS",
        r#"{"c":{"service_binding":true,"allow":[{"credential":"default","scope":"other"}]}}"#,
    );
    for forged in [
        of(&vars().with("AZ_CLIENT_SECRET", "guessed")),
        of(&scope),
        altered,
        SealedMessage { message: other, ..good.clone() },
        SealedMessage { seal: record, ..good.clone() },
        SealedMessage { seal: as_seal, ..good.clone() },
        SealedMessage { seal: Vec::new(), ..good.clone() },
    ] {
        assert_eq!(told(&network, &forged), (Some(CallFault::NotAuthentic), [0; 3]));
    }
    network.issue("one");
    assert_eq!(told(&network, &good).0, None, "the one that is good");
    assert_eq!(network.endpoint.asked.borrow().len(), 1);
}

/// The message of a version without seals.
struct Older(TokenId, Want, RequestId);

impl Cbor for Older {
    fn to_value(&self) -> Value {
        Value::record(vec![self.0.to_value(), self.1.to_value(), self.2.to_value()])
    }

    fn of_value(value: Value) -> Option<Self> {
        let mut fields = value.into_fields()?;
        Some(Self(fields.take()?, fields.take()?, fields.take()?))
    }
}

#[test]
fn an_older_versions_message_is_no_message_and_neither_is_this_one_to_it() {
    let network = Network::new(&vars());
    let id = RequestId::parse("id").unwrap();
    let older = Older(TokenId::of(&network.grant), Want::default(), id);
    assert_eq!(told(&network, &older), (Some(CallFault::Malformed), [0; 3]));
    let newer = cbor::to_vec(&sealed(&network, Want::default()));
    assert!(cbor::of_slice::<Older>(&newer).is_none());
}

#[test]
fn a_generation_far_ahead_does_not_put_later_tokens_behind_it() {
    for known_generation in [u64::MAX, u64::MAX - 1] {
        let network = Network::new(&vars());
        network.issue("one");
        let want = Want { known_generation, ..Want::default() };
        assert_eq!(told(&network, &sealed(&network, want)).0, None);
        let ahead = network.clock.now().plus(GENERATION_AHEAD_MAX).0;
        let isolate = network.isolate();
        let stored = network.kv.values.borrow().values().next().unwrap().clone();
        let mut line = crate::support::world::line();
        let served = isolate.unseal(&network.grant, MinTtl::default(), Ok(Some(stored)), &mut line);
        assert!(served.unwrap().token.generation <= ahead + 1);
    }
}

#[test]
fn an_absurd_min_ttl_is_as_good_as_the_longest_lifetime() {
    let now = Network::new(&vars()).clock.now();
    let min_ttl = MinTtl::asked(Millis(u64::MAX));
    assert_eq!(Want { min_ttl, ..Want::default() }.bounded(now).min_ttl.asked, MIN_TTL_MAX);
    let usual =
        Want { min_ttl: MinTtl::asked(Millis(5)), known_generation: now.0, ..Want::default() };
    assert_eq!(usual.bounded(now), usual);
}
