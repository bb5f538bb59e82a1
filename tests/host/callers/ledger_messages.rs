//! Messages to a ledger: only the broker can make one, and none says more than it may.

use edge_token_broker::base::keys::{SealingKey, derive};
use edge_token_broker::base::limits::ASSERTION_USE_MAX;
use edge_token_broker::base::secret::ClientSecret;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::callers::ledger::{
    Ledger, LedgerFault, Owner, ReservedAssertion, Step, open, seal,
};
use edge_token_broker::config::Config;

use crate::support::bindings::Vars;
use crate::support::clock::run;
use crate::support::jwt::{NOW, at};
use crate::support::ledger::SimulatedStorage;
use crate::support::world::vars;

const GRANTED: Result<Vec<u8>, LedgerFault> = Ok(Vec::new());
const NOT_A_MESSAGE: Result<Vec<u8>, LedgerFault> = Err(LedgerFault::NotAMessage);

/// The object of the client `reports`, with this configuration.
struct Object {
    config: Config,
    storage: SimulatedStorage,
    ledger: Ledger<SimulatedStorage>,
}

impl Object {
    fn new(vars: &Vars) -> Self {
        let storage = SimulatedStorage::default();
        let ledger = Ledger::new(Some("assertions:reports".to_owned()), storage.clone());
        Self { config: Config::parse(vars).unwrap(), storage, ledger }
    }

    /// Whether it takes `message`.
    fn takes(&self, message: &[u8]) -> Result<Vec<u8>, LedgerFault> {
        let answer = run(self.ledger.answer(&self.config, message, at(NOW), [0, 1]));
        answer.map(|answer| {
            assert_eq!(answer, [0x81, 0x00]);
            Vec::new()
        })
    }

    fn stored(&self) -> Vec<UnixMillis> {
        self.storage.values.borrow().values().copied().collect()
    }
}

fn use_of(client: &str, expires_at: UnixMillis) -> ReservedAssertion {
    ReservedAssertion::new(client, "j", expires_at, Owner::of("nonce"))
}

fn sealed(client: &str, key: &SealingKey) -> Vec<u8> {
    seal(Step::Spend, &use_of(client, at(NOW + 300)), key, [9; 24])
}

/// The sealing key of a credential with this first secret.
fn key_of(secret: &str) -> SealingKey {
    derive(&ClientSecret::new(secret.into()), None).1
}

#[test]
fn another_worker_of_the_account_cannot_fill_a_ledger() {
    let object = Object::new(&vars());
    // What every version before took from anybody.
    let plain = [&[0x82, 0x58, 32][..], &[7; 32], &[0x1b], &at(NOW + 300).0.to_be_bytes()].concat();
    let good = sealed("reports", object.config.sealing_key());
    let mut changed = good.clone();
    changed[40] ^= 1;
    for message in [
        Vec::new(),
        b"{}".to_vec(),
        plain,
        sealed("reports", &key_of("of the other Worker")),
        good[..good.len() - 1].to_vec(),
        changed,
    ] {
        assert_eq!(object.takes(&message), NOT_A_MESSAGE);
    }
    assert!(object.stored().is_empty(), "nothing changes");
    assert_eq!(object.takes(&good), GRANTED);
    assert_eq!(object.stored(), [at(NOW + 360)]);
}

#[test]
fn a_message_for_another_ledger_changes_nothing() {
    let object = Object::new(&vars());
    let message = sealed("other", object.config.sealing_key());
    assert_eq!(object.takes(&message), NOT_A_MESSAGE);
    assert!(object.stored().is_empty());
}

#[test]
fn a_use_matters_no_longer_than_an_assertion_can_last() {
    let object = Object::new(&vars());
    let ages = UnixMillis(u64::MAX);
    let message = seal(Step::Spend, &use_of("reports", ages), object.config.sealing_key(), [9; 24]);
    assert_eq!(object.takes(&message), GRANTED);
    assert_eq!(object.stored(), [at(NOW).plus(ASSERTION_USE_MAX)]);
}

#[test]
fn during_a_rotation_two_versions_understand_each_other() {
    let (old, new) = (vars(), vars().with("AZ_CLIENT_SECRET", "next"));
    let both = new.clone().with("AZ_CLIENT_SECRET_SECONDARY", "first");
    let before = old.clone().with("AZ_CLIENT_SECRET_SECONDARY", "next");
    assert_eq!(Object::new(&both).takes(&sealed("reports", &key_of("first"))), GRANTED);
    assert_eq!(Object::new(&before).takes(&sealed("reports", &key_of("next"))), GRANTED);
    // Where only one secret is there, they do not, and each isolate knows its own uses.
    assert_eq!(Object::new(&new).takes(&sealed("reports", &key_of("first"))), NOT_A_MESSAGE);
    assert_eq!(Object::new(&old).takes(&sealed("reports", &key_of("next"))), NOT_A_MESSAGE);
    // A cache key that is new changes the sealing key as well.
    let cache_key = old.with("CACHE_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    assert_eq!(Object::new(&cache_key).takes(&sealed("reports", &key_of("first"))), GRANTED);
}

#[test]
fn a_message_is_a_version_a_nonce_and_a_sealed_array() {
    let config = Config::parse(&vars()).unwrap();
    let message = sealed("reports", config.sealing_key());
    assert_eq!((message[0], &message[1..25]), (1, [9; 24].as_slice()));
    let opened = open(&message, &config).unwrap();
    assert_eq!((opened.step, opened.ledger.as_str()), (Step::Spend, "assertions:reports"));
    assert_eq!((opened.until, opened.owner), (at(NOW + 360), Owner::of("nonce")));
    assert_ne!(Owner::of("nonce"), Owner::of("another"));
}
