//! An isolate with a registry, and callers that come to it. Time is an argument.

use std::cell::{Cell, RefCell};

use base64ct::{Base64, Encoding};
use edge_token_broker::base::keys::RegistryKey;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::secret::PresentedKey;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::callers::ledger::Owner;
use edge_token_broker::callers::presented::Presented;
use edge_token_broker::callers::proofs::Caller;
use edge_token_broker::callers::proofs::key::{ClientCredentials, LoneKey};
use edge_token_broker::callers::registry::{OwnerKey, entry};
use edge_token_broker::callers::{Attempt, Callers, Recognition};
use edge_token_broker::config::{Config, KeyDigest};
use edge_token_broker::error::{BrokerError, PresentedIn};
use edge_token_broker::log::Line;
use secrecy::SecretBox;
use sha2::{Digest, Sha256};

use super::clock::{SimulatedClock, run};
use super::config::{GRAPH, valid};
use super::issuer::callers;
use super::ports::SimulatedPorts;
use super::store::SimulatedStore;

pub(crate) const KEY: [u8; 32] = [7; 32];

/// The entry of the client `id`, as the holder of `key` writes it.
pub(crate) fn entry_of(key: [u8; 32], id: &str, json: &str) -> (String, Vec<u8>) {
    let name = entry::name_of(id);
    let value =
        entry::seal(&RegistryKey::new(SecretBox::new(Box::new(key))), &name, json.as_bytes());
    (name, value)
}

pub(crate) fn json(client_key: &str) -> String {
    let digest = base16ct::lower::encode_string(&Sha256::digest(client_key));
    format!(
        r#"{{"key_sha256":["{digest}"],"allow":[{{"credential":"default","scope":"{GRAPH}"}}]}}"#
    )
}

/// The name of the entry that says whose key this is.
pub(crate) fn owner_of(client_key: &str) -> String {
    OwnerKey::key(&KeyDigest::of(&PresentedKey::new(client_key.to_owned()))).name()
}

pub(crate) struct Desk {
    pub(crate) entries: SimulatedStore,
    pub(crate) callers: Callers<SimulatedPorts>,
    pub(crate) config: Config,
    pub(crate) now: Cell<UnixMillis>,
    pub(crate) line: RefCell<Line>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let vars =
            valid().with("REGISTRY", "json:{}").with("REGISTRY_KEY", &Base64::encode_string(&KEY));
        let entries = SimulatedStore::default();
        Self {
            callers: callers(entries.clone(), &SimulatedClock::at(0)),
            entries,
            config: Config::parse(&vars).unwrap(),
            now: Cell::new(UnixMillis(1_800_000_000_000)),
            line: RefCell::new(Line::new(RequestId::from_random([0; 16]), String::new(), "token")),
        }
    }

    pub(crate) fn register(&self, id: &str, client_key: &str) {
        let (name, value) = entry_of(KEY, id, &json(client_key));
        self.entries.put(&name, value);
        self.entries.put(&owner_of(client_key), id);
    }

    pub(crate) fn pass(&self, span: Millis) {
        self.now.set(self.now.get().plus(span));
    }

    pub(crate) fn call(&self, presented: &Presented) -> Result<Caller, BrokerError> {
        let attempt = Attempt { config: &self.config, presented, now: self.now.get() };
        let line = &mut self.line.borrow_mut();
        match self.callers.recognize(&attempt, line) {
            Recognition::Known(caller) => Ok(caller),
            Recognition::Refused(error) => Err(error),
            Recognition::NeedsIo => {
                run(self.callers.authenticate(&attempt, || Owner::of("nonce"), line))
            }
        }
    }

    pub(crate) fn secret(&self, id: &str, key: &str) -> Result<String, BrokerError> {
        let credentials = ClientCredentials {
            client_id: id.into(),
            key: PresentedKey::new(key.into()),
            presented_in: PresentedIn::Body,
        };
        self.call(&Presented::Secret(credentials)).map(|caller| caller.client.id.clone())
    }

    pub(crate) fn key(&self, key: &str) -> Result<String, BrokerError> {
        let presented = Presented::Key(LoneKey::new(&PresentedKey::new(key.into())));
        self.call(&presented).map(|caller| caller.client.id.clone())
    }

    pub(crate) fn reads(&self) -> usize {
        self.entries.loads.get()
    }
}
