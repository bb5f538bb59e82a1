//! Messages to a ledger: only the broker can make one, and none says more than it may.

use edge_token_broker::base::digest;
use edge_token_broker::base::keys::{SealingKey, derive};
use edge_token_broker::base::limits::ASSERTION_USE_MAX;
use edge_token_broker::base::sealed::{self, Place};
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::callers::ledger::{
    Ledger, LedgerFault, Owner, ReservedAssertion, Step, Verdict, open, seal,
};
use edge_token_broker::config::Config;

use crate::support::bindings::Vars;
use crate::support::clock::run;
use crate::support::jwt::{NOW, at};
use crate::support::ledger::SimulatedStorage;
use crate::support::world::vars;

const GRANTED: Result<u8, LedgerFault> = Ok(0);
const NOT_A_MESSAGE: Result<u8, LedgerFault> = Err(LedgerFault::NotAMessage);

const CACHE_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

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
    fn takes(&self, message: &[u8]) -> Result<u8, LedgerFault> {
        run(self.ledger.answer(&self.config, message, at(NOW), [0, 1]))
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
    derive(secret.as_bytes(), None).1
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
    // With a cache key the secrets do not matter.
    let cache_key = |vars: Vars| vars.with("CACHE_KEY", CACHE_KEY);
    let (old, new) = (Object::new(&cache_key(old)), Object::new(&cache_key(new)));
    assert_eq!(old.takes(&sealed("reports", new.config.sealing_key())), GRANTED);
    assert_eq!(new.takes(&sealed("reports", old.config.sealing_key())), GRANTED);
}

#[test]
fn a_message_is_a_version_a_nonce_and_what_is_sealed() {
    let config = Config::parse(&vars()).unwrap();
    let message = sealed("reports", config.sealing_key());
    assert_eq!((message[0], &message[1..25]), (1, [9; 24].as_slice()));
    // The step, the owner, the instant, the digest, the name, and a tag.
    assert_eq!(message.len(), 25 + 1 + 8 + 8 + 32 + "assertions:reports".len() + 16);
    let (step, opened) = open(&message, &config).unwrap();
    let sent = use_of("reports", at(NOW + 300));
    assert_eq!((step, opened.client_id.as_str()), (Step::Spend, "reports"));
    assert_eq!((opened.until, opened.owner, opened.id), (at(NOW + 360), sent.owner, sent.id));
    assert_ne!(Owner::of("nonce"), Owner::of("another"));
}

#[test]
fn a_sealed_text_that_is_no_message_is_none() {
    let config = Config::parse(&vars()).unwrap();
    let name = digest::of_fields(&[b"edge-token-broker ledger message v1"]);
    let place = Place { version: 1, name: &name };
    let whole = [&[1; 17][..], &[7; 32], b"assertions:reports"].concat();
    let open = |text: &[u8]| {
        open(&sealed::seal(text, place, config.sealing_key(), [9; 24]), &config).is_some()
    };
    assert!(open(&whole));
    for length in 0..whole.len() - "reports".len() {
        assert!(!open(&whole[..length]), "{length}");
    }
    let unknown_step = [&[3], &whole[1..]].concat();
    assert!(!open(&unknown_step));
    for verdict in [Verdict::Granted, Verdict::Used, Verdict::AtOnce, Verdict::UnderWay] {
        assert_eq!(Verdict::of(verdict as u8), Some(verdict));
    }
    assert_eq!(Verdict::of(9), None);
}
