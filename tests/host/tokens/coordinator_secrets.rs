//! A coordinator whose isolate has its secrets from Secrets Store.

use std::rc::Rc;

use edge_token_broker::base::cbor;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::Millis;
use edge_token_broker::config::{Config, Grant};
use edge_token_broker::tokens::coordinator::Want;
use edge_token_broker::tokens::coordinator::driver::CallFault;
use edge_token_broker::tokens::coordinator::message::{AcquireMessage, SealedMessage};
use edge_token_broker::upstream::secrets::Secrets;

use crate::support::clock::{SimulatedClock, run};
use crate::support::flight::{Network, OneDriver};
use crate::support::stored::{Given, SimulatedSecrets};
use crate::support::world::{START, vars};

const SECRET: &str = "AZ_CLIENT_SECRET";

/// An object whose isolate has read `first`, and the store, which has `second` now.
fn object() -> (Network, Rc<OneDriver>, SimulatedSecrets) {
    let network = Network::new(&vars());
    let store = SimulatedSecrets::new(&SimulatedClock::at(START));
    store.set(SECRET, Given::Text("first".to_owned()));
    let secrets = Secrets::of(Box::new(store.clone()));
    let stored = vars().with(SECRET, "stored:");
    assert!(Config::with_secrets(&stored, &secrets, None).is_err());
    run(secrets.read_first(&network.clock));
    let config = Config::with_secrets(&stored, &secrets, None);
    let driver = network.driver_with(Rc::new(config), secrets);
    store.set(SECRET, Given::Text("second".to_owned()));
    (network, driver, store)
}

/// What the object answers to an isolate that has `secret`.
fn told(network: &Network, driver: &Rc<OneDriver>, secret: &str) -> Option<CallFault> {
    let config = Config::parse(&vars().with(SECRET, secret)).unwrap();
    let grant: Rc<Grant> = Rc::clone(config.grants().next().unwrap());
    let request_id = RequestId::parse("id").unwrap();
    let message = AcquireMessage { want: Want::default(), request_id, claims: None };
    let message = SealedMessage::new(&message, &grant, [7; 24]);
    let message = cbor::to_vec(&message);
    let driver = Rc::clone(driver);
    let (_, ended) = network.start(async move { driver.answer(&message).await });
    network.pass(Millis(500));
    ended.take().expect("it ends").0.err()
}

#[test]
fn a_refusal_in_a_flight_makes_it_begin_anew_if_the_secret_has_changed() {
    let (network, driver, store) = object();
    network.answer(401, r#"{"error":"invalid_client","error_codes":[7000215]}"#);
    assert_eq!(told(&network, &driver, "first"), Some(CallFault::Outdated));
    assert_eq!(store.reads.borrow().len(), 2);
    assert!(network.endpoint.asked.borrow()[0].body.contains("first"));
}

#[test]
fn a_flight_after_a_minute_does_not_use_a_secret_that_has_changed() {
    let (network, driver, store) = object();
    network.pass(Millis::from_secs(60));
    assert_eq!(told(&network, &driver, "first"), Some(CallFault::Outdated));
    assert_eq!(store.reads.borrow().len(), 2);
    assert_eq!(network.endpoint.asked.borrow().len(), 0);
}

#[test]
fn an_isolate_with_another_secret_makes_it_look_now_and_then() {
    let (network, driver, store) = object();
    for reads in [2, 2] {
        assert_eq!(told(&network, &driver, "second"), Some(CallFault::NotThisToken));
        assert_eq!(store.reads.borrow().len(), reads);
    }
    network.pass(Millis::from_secs(5));
    assert_eq!(told(&network, &driver, "second"), Some(CallFault::NotThisToken));
    assert_eq!(store.reads.borrow().len(), 3);
}

#[test]
fn a_flight_with_the_secret_that_is_still_there_lands() {
    let (network, driver, store) = object();
    store.set(SECRET, Given::Text("first".to_owned()));
    network.pass(Millis::from_secs(60));
    network.issue("one");
    assert_eq!(told(&network, &driver, "first"), None);
    assert_eq!(store.reads.borrow().len(), 2);
}
