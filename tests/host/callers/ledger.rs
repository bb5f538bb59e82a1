//! The ledgers of used assertions: the shipping call and the shipping object, in simulated time.

use std::collections::BTreeSet;

use edge_token_broker::base::digest;
use edge_token_broker::base::limits::{COORDINATOR_TIMEOUT, LEDGER_PURGE_MAX, LEDGER_PURGE_ONE_IN};
use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::callers::ledger::{
    AssertionLedger, LedgerError, LedgerFault, ObjectLedger, answer,
};

use crate::support::clock::{SimulatedClock, run};
use crate::support::jwt::{NOW, at};
use crate::support::ledger::{SimulatedLedgers, SimulatedStorage};

const ID: [u8; 32] = [7; 32];

type Ledger = ObjectLedger<SimulatedLedgers, SimulatedClock>;

/// The ledger as an isolate has it, and the network of objects behind it.
fn isolate() -> (Ledger, SimulatedLedgers) {
    let objects = SimulatedLedgers::new(&SimulatedClock::at(NOW * 1000));
    (another(&objects), objects)
}

fn another(objects: &SimulatedLedgers) -> Ledger {
    ObjectLedger { objects: objects.clone(), clock: objects.clock.clone() }
}

fn once(ledger: &Ledger, client_id: &str, id: [u8; 32]) -> Result<bool, LedgerError> {
    run(ledger.use_once(client_id, &id, at(NOW + 360)))
}

#[test]
fn the_first_use_is_good_and_no_other_whatever_the_isolate() {
    let (here, objects) = isolate();
    let there = another(&objects);
    assert_eq!(once(&here, "reports", ID), Ok(true));
    assert_eq!(once(&here, "reports", ID), Ok(false));
    assert_eq!(once(&there, "reports", ID), Ok(false));
    assert_eq!(once(&there, "reports", [8; 32]), Ok(true));
    assert_eq!(once(&here, "reports", [8; 32]), Ok(false));
    assert_eq!(once(&there, "other", ID), Ok(true), "ids are each client's own");
}

#[test]
fn each_client_has_an_object_and_each_use_a_name() {
    let (ledger, objects) = isolate();
    once(&ledger, "reports", ID).unwrap();
    let storages = objects.storages.borrow();
    assert_eq!(storages.keys().collect::<Vec<_>>(), ["assertions:reports"]);
    let values = storages["assertions:reports"].values.borrow().clone();
    let used = ("used:".to_owned() + &"07".repeat(32), at(NOW + 360));
    assert_eq!(values.into_iter().collect::<Vec<_>>(), [used]);
}

#[test]
fn without_a_binding_it_says_so() {
    let unbound = SimulatedLedgers::unbound(&SimulatedClock::at(0));
    assert_eq!(once(&another(&unbound), "reports", ID), Err(LedgerError::Unbound));
}

#[test]
fn an_object_that_hangs_holds_nobody_for_longer_than_a_coordinator() {
    let (ledger, objects) = isolate();
    objects.hangs.set(true);
    let before = objects.clock.now();
    assert_eq!(once(&ledger, "reports", ID), Err(LedgerError::TimedOut));
    assert_eq!(before.until(objects.clock.now()), COORDINATOR_TIMEOUT);
}

#[test]
fn a_storage_that_fails_is_not_a_used_assertion() {
    for call in ["get", "put"] {
        let (ledger, objects) = isolate();
        let storage = objects.storage("assertions:reports");
        storage.failing.set(Some(call));
        assert_eq!(once(&ledger, "reports", ID), Err(LedgerError::Failed), "{call}");
        storage.failing.set(None);
        assert_eq!(once(&ledger, "reports", ID), Ok(true), "{call}");
    }
}

#[test]
fn the_log_has_its_failures_by_name() {
    let names = [LedgerError::Unbound, LedgerError::TimedOut, LedgerError::Failed];
    assert_eq!(names.map(LedgerError::name), ["unbound", "timeout", "failed"]);
}

/// The message with which an isolate records the use of `id` until `until`.
fn message(id: [u8; 32], until: UnixMillis) -> Vec<u8> {
    let id = [[0x82, 0x58, 32].as_slice(), &id].concat();
    [id.as_slice(), &[0x1b], &until.0.to_be_bytes()].concat()
}

/// The object's answer to the first use of `id` at `now`, with `random`.
fn first_use(storage: &SimulatedStorage, id: [u8; 32], now: UnixMillis, random: u16) {
    let message = message(id, now.plus(Millis::from_secs(60)));
    let reply = run(answer(storage, &message, now, random.to_be_bytes()));
    assert_eq!(reply, Ok(vec![0x81, 0xf5]), "the first");
}

/// A multiple of how often the object purges, with this first byte.
fn purging_from(start: u8) -> u16 {
    let begin = u16::from_be_bytes([start, 0]);
    (begin..=begin | 0xff).find(|random| random.is_multiple_of(LEDGER_PURGE_ONE_IN)).unwrap()
}

#[test]
fn messages_are_cbor_with_numbered_fields() {
    let storage = SimulatedStorage::default();
    first_use(&storage, ID, at(NOW), 1);
    let again = run(answer(&storage, &message(ID, at(NOW)), at(NOW), [0, 1]));
    assert_eq!(again, Ok(vec![0x81, 0xf4]));
    for garbage in [b"".as_slice(), b"{}", &message(ID, at(NOW))[..20]] {
        let answer = run(answer(&storage, garbage, at(NOW), [0, 1]));
        assert_eq!(answer, Err(LedgerFault::NotAMessage));
    }
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
    for random in 0..=u16::MAX {
        let purges = storage.deleted.borrow().len();
        storage.values.borrow_mut().clear();
        first_use(&storage, ID, at(NOW), random);
        if storage.deleted.borrow().len() > purges {
            starts.insert(random >> 8);
        }
    }
    assert_eq!(storage.deleted.borrow().len(), 65536_usize.div_ceil(50));
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
    for number in 0..50_000_u64 {
        // What looks random, and is the same in each run.
        let id = digest::of_fields(&[&number.to_be_bytes()]);
        let [.., high, low] = id;
        first_use(&storage, id, at(NOW + number), u16::from_be_bytes([high, low]));
        most = most.max(storage.values.borrow().len());
    }
    assert!(most < 2000, "{most}");
}
