//! The ledgers of used assertions: the shipping call and the shipping object, in simulated time.

use std::collections::BTreeSet;

use edge_token_broker::base::digest;
use edge_token_broker::base::limits::{
    ASSERTION_AT_ONCE, ASSERTION_LEASE, COORDINATOR_TIMEOUT, LEDGER_PURGE_MAX, LEDGER_PURGE_ONE_IN,
    USED_ASSERTIONS_OF_CLIENT_MAX,
};
use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::callers::ledger::{
    AssertionLedger, Ledger, LedgerError, ObjectLedger, Owner, ReservedAssertion, Step, Verdict,
    seal,
};
use edge_token_broker::config::Config;

use crate::support::clock::{SimulatedClock, run};
use crate::support::jwt::{NOW, at};
use crate::support::ledger::{SimulatedLedgers, SimulatedStorage};
use crate::support::ports::CountingEntropy;
use crate::support::world::vars;

const ID: [u8; 32] = [7; 32];

/// The ledgers as an isolate has them, and the network of objects behind them.
struct Isolate {
    ledger: ObjectLedger<SimulatedLedgers, SimulatedClock, CountingEntropy>,
    config: Config,
}

impl Isolate {
    fn new() -> Self {
        Self::over(&SimulatedLedgers::new(&SimulatedClock::at(NOW * 1000)))
    }

    fn over(objects: &SimulatedLedgers) -> Self {
        let entropy = CountingEntropy::default();
        let ledger = ObjectLedger::new(objects.clone(), objects.clock.clone(), entropy);
        Self { ledger, config: config() }
    }

    fn objects(&self) -> &SimulatedLedgers {
        &self.ledger.objects
    }

    fn tell(&self, step: Step, assertion: &ReservedAssertion) -> Result<Verdict, LedgerError> {
        run(self.ledger.tell(step, assertion, self.config.sealing_key()))
    }

    /// What comes of a whole request of `client` with the assertion `id`.
    fn once(&self, client: &str, id: [u8; 32], nonce: &str) -> Result<Verdict, LedgerError> {
        let assertion = assertion(client, id, nonce);
        match self.tell(Step::Reserve, &assertion)? {
            Verdict::Granted => self.tell(Step::Spend, &assertion),
            refused => Ok(refused),
        }
    }
}

fn config() -> Config {
    Config::parse(&vars()).unwrap()
}

fn assertion(client: &str, id: [u8; 32], nonce: &str) -> ReservedAssertion {
    let expires_at = at(NOW + 300);
    ReservedAssertion { id, ..ReservedAssertion::new(client, "", expires_at, Owner::of(nonce)) }
}

const GRANTED: Result<Verdict, LedgerError> = Ok(Verdict::Granted);
const USED: Result<Verdict, LedgerError> = Ok(Verdict::Used);

#[test]
fn the_first_use_is_good_and_no_other_whatever_the_isolate() {
    let here = Isolate::new();
    let there = Isolate::over(here.objects());
    assert_eq!(here.once("reports", ID, "1"), GRANTED);
    assert_eq!(here.once("reports", ID, "2"), USED);
    assert_eq!(there.once("reports", ID, "3"), USED);
    assert_eq!(there.once("reports", [8; 32], "4"), GRANTED);
    assert_eq!(here.once("reports", [8; 32], "5"), USED);
    assert_eq!(there.once("other", ID, "6"), GRANTED, "ids are each client's own");
}

#[test]
fn one_request_at_a_time_has_an_assertion() {
    let isolate = Isolate::new();
    let [first, second] = ["1", "2"].map(|nonce| assertion("reports", ID, nonce));
    let tell = |step, assertion| isolate.tell(step, assertion);
    assert_eq!(tell(Step::Reserve, &first), GRANTED);
    assert_eq!(tell(Step::Reserve, &first), GRANTED, "it began anew");
    assert_eq!(tell(Step::Reserve, &second), Ok(Verdict::AtOnce));
    assert_eq!(tell(Step::Spend, &second), Ok(Verdict::AtOnce));
    tell(Step::Release, &second).unwrap();
    assert_eq!(tell(Step::Reserve, &second), Ok(Verdict::AtOnce), "it is not its own");
    tell(Step::Release, &first).unwrap();
    assert_eq!(tell(Step::Reserve, &second), GRANTED);
    assert_eq!(tell(Step::Spend, &second), GRANTED);
    tell(Step::Release, &second).unwrap();
    assert_eq!(tell(Step::Reserve, &first), USED, "a use stays");
}

#[test]
fn a_request_that_vanished_holds_an_assertion_only_for_the_lease() {
    let isolate = Isolate::new();
    let clock = &isolate.objects().clock;
    let [lost, later] = ["1", "2"].map(|nonce| assertion("reports", ID, nonce));
    assert_eq!(isolate.tell(Step::Reserve, &lost), GRANTED);
    clock.advance(ASSERTION_AT_ONCE);
    assert_eq!(isolate.tell(Step::Reserve, &later), Ok(Verdict::UnderWay));
    clock.advance(ASSERTION_LEASE);
    assert_eq!(isolate.tell(Step::Reserve, &later), GRANTED);
    assert_eq!(isolate.tell(Step::Spend, &lost), Ok(Verdict::AtOnce), "it is late");
    assert_eq!(isolate.tell(Step::Spend, &later), GRANTED);
}

#[test]
fn the_same_request_may_spend_an_assertion_again_and_no_other_may() {
    let isolate = Isolate::new();
    let own = assertion("reports", ID, "1");
    assert_eq!(isolate.once("reports", ID, "1"), GRANTED);
    assert_eq!(isolate.tell(Step::Reserve, &own), GRANTED);
    assert_eq!(isolate.tell(Step::Spend, &own), GRANTED);
    assert_eq!(isolate.once("reports", ID, "2"), USED);
}

#[test]
fn an_object_that_lost_its_memory_knows_every_use_and_lets_one_request_win() {
    let isolate = Isolate::new();
    let [first, second] = ["1", "2"].map(|nonce| assertion("reports", ID, nonce));
    assert_eq!(isolate.tell(Step::Reserve, &first), GRANTED);
    isolate.objects().evict();
    assert_eq!(isolate.tell(Step::Reserve, &second), GRANTED);
    isolate.objects().evict();
    assert_eq!(isolate.tell(Step::Spend, &first), GRANTED);
    assert_eq!(isolate.tell(Step::Spend, &second), USED);
}

#[test]
fn reservations_that_nobody_ends_do_not_fill_the_object() {
    let isolate = Isolate::new();
    let reserve = |number: usize| {
        let id = digest::of_fields(&[&number.to_be_bytes()]);
        isolate.tell(Step::Reserve, &assertion("reports", id, &number.to_string()))
    };
    for number in 0..=2 * USED_ASSERTIONS_OF_CLIENT_MAX {
        assert_eq!(reserve(number), GRANTED);
    }
    assert!(isolate.objects().storage("assertions:reports").values.borrow().is_empty());
}

#[test]
fn each_client_has_an_object_and_each_use_a_name() {
    let isolate = Isolate::new();
    isolate.once("reports", ID, "1").unwrap();
    let storages = isolate.objects().storages.borrow();
    assert_eq!(storages.keys().collect::<Vec<_>>(), ["assertions:reports"]);
    let values = storages["assertions:reports"].values.borrow().clone();
    // As every version before has written it.
    let used = ("used:".to_owned() + &"07".repeat(32), at(NOW + 360));
    assert_eq!(values.into_iter().collect::<Vec<_>>(), [used]);
}

#[test]
fn without_a_binding_it_says_so() {
    let unbound = Isolate::over(&SimulatedLedgers::unbound(&SimulatedClock::at(0)));
    assert_eq!(unbound.once("reports", ID, "1"), Err(LedgerError::Unbound));
}

#[test]
fn an_object_that_hangs_holds_nobody_for_longer_than_a_coordinator() {
    let isolate = Isolate::new();
    isolate.objects().hangs.set(true);
    let before = isolate.objects().clock.now();
    assert_eq!(isolate.once("reports", ID, "1"), Err(LedgerError::TimedOut));
    assert_eq!(before.until(isolate.objects().clock.now()), COORDINATOR_TIMEOUT);
}

#[test]
fn a_storage_that_fails_is_not_a_used_assertion() {
    for call in ["get", "put"] {
        let isolate = Isolate::new();
        let storage = isolate.objects().storage("assertions:reports");
        storage.failing.set(Some(call));
        assert_eq!(isolate.once("reports", ID, "1"), Err(LedgerError::Failed), "{call}");
        storage.failing.set(None);
        assert_eq!(isolate.once("reports", ID, "1"), GRANTED, "{call}");
    }
}

#[test]
fn the_log_has_its_failures_by_name() {
    use LedgerError::{Failed, Silent, TimedOut, Unbound};
    let names = [Unbound, TimedOut, Silent, Failed].map(LedgerError::name);
    assert_eq!(names, ["unbound", "timeout", "silent", "failed"]);
}

thread_local! {
    static CONFIG: Config = config();
}

/// The object's answer to the first use of `id` at `now`, with `random`.
fn first_use(storage: &SimulatedStorage, id: [u8; 32], now: UnixMillis, random: u16) {
    let assertion = ReservedAssertion::new("reports", "", now, Owner::of("1"));
    let assertion = ReservedAssertion { id, ..assertion };
    let ledger = Ledger::new(None, storage.clone());
    let reply = CONFIG.with(|config| {
        let message = seal(Step::Spend, &assertion, config.sealing_key(), [1; 24]);
        run(ledger.answer(config, &message, now, random.to_be_bytes()))
    });
    assert_eq!(reply, Ok(Verdict::Granted as u8), "the first");
}

/// A multiple of how often the object purges, with this first byte.
fn purging_from(start: u8) -> u16 {
    let begin = u16::from_be_bytes([start, 0]);
    (begin..=begin | 0xff).find(|random| random.is_multiple_of(LEDGER_PURGE_ONE_IN)).unwrap()
}

#[test]
fn a_purge_deletes_only_expired_uses() {
    let storage = SimulatedStorage::default();
    for byte in 0..100 {
        let until = if byte % 2 == 0 { NOW - 1 } else { NOW };
        let name = format!("used:{}", format!("{byte:02x}").repeat(32));
        storage.values.borrow_mut().insert(name, at(until));
    }
    first_use(&storage, [0xfe; 32], at(NOW), purging_from(0));
    assert_eq!(*storage.deleted.borrow(), [50]);
    let values = storage.values.borrow();
    assert!(values.values().all(|until| *until >= at(NOW)));
    assert_eq!(values.len(), 51);
}

#[test]
fn a_purge_begins_anywhere_and_is_bounded() {
    let storage = SimulatedStorage::default();
    for number in 0..1000_u16 {
        let [high, low] = number.to_be_bytes();
        let id = [0x40, high, low].repeat(10);
        let name = format!("used:{}", base16ct::lower::encode_string(&id));
        storage.values.borrow_mut().insert(name, at(NOW - 1));
    }
    first_use(&storage, [0x01; 32], at(NOW), purging_from(0x41));
    assert_eq!(*storage.deleted.borrow(), [0], "none from there on");
    first_use(&storage, [0x02; 32], at(NOW), purging_from(0x40));
    assert_eq!(*storage.deleted.borrow(), [0, LEDGER_PURGE_MAX]);
}

#[test]
fn one_first_use_in_fifty_purges_and_each_start_has_its_turn() {
    let storage = SimulatedStorage::default();
    let mut starts = BTreeSet::new();
    let around = (0..=u16::MAX).step_by(25).flat_map(|random| [random, random | 1]);
    for random in around.clone() {
        let purges = storage.deleted.borrow().len();
        storage.values.borrow_mut().clear();
        first_use(&storage, ID, at(NOW), random);
        if storage.deleted.borrow().len() > purges {
            starts.insert(random >> 8);
        }
    }
    let purging = around.filter(|random| random.is_multiple_of(50)).count();
    assert_eq!(storage.deleted.borrow().len(), purging);
    assert_eq!(starts.len(), 256);
}

#[test]
fn a_purge_that_fails_changes_no_answer() {
    for call in ["list", "delete"] {
        let storage = SimulatedStorage::default();
        storage.failing.set(Some(call));
        first_use(&storage, ID, at(NOW), purging_from(0));
        assert_eq!(storage.values.borrow().len(), 1, "{call}");
    }
}

#[test]
fn uses_that_come_for_ever_do_not_fill_the_object() {
    let storage = SimulatedStorage::default();
    let mut most = 0;
    for number in 0..10_000_u64 {
        // What looks random, and is the same in each run.
        let id = digest::of_fields(&[&number.to_be_bytes()]);
        let [.., high, low] = id;
        first_use(&storage, id, at(NOW + number), u16::from_be_bytes([high, low]));
        most = most.max(storage.values.borrow().len());
    }
    assert!(most < 2000, "{most}");
}
