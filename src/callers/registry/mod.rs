//! Clients in Workers KV: any number of them, one entry for each, read when its client first calls.
//!
//! An entry is authenticated by a MAC under `REGISTRY_KEY` that covers its name as well: write
//! access to KV alone grants nothing, and an entry moved to another name does not verify.

pub mod entry;
mod memory;

use std::cell::RefCell;
use std::rc::Rc;

use crate::base::ports::{Store, StoreError};
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::config;
use crate::config::{Client, Config, Fault};

pub use entry::OwnerKey;
use memory::Remembered;

/// The registry, and what this isolate remembers of it.
pub struct Registry<S> {
    store: S,
    clients: Remembered<String, Rc<Client>>,
    owners: Remembered<OwnerKey, String>,
    /// The ids in `CLIENTS` that were already checked for an entry in the registry.
    shadow_checked: RefCell<SortedMap<String, ()>>,
}

/// Not known without I/O.
#[derive(Clone, Copy, Debug)]
pub struct NeedsIo;

/// Why there is no usable entry.
#[derive(Debug)]
pub enum RegistryFault {
    /// KV did not answer, or with more than an entry can have. That is as good as none.
    Unreachable(StoreError),
    /// The entry was written without `REGISTRY_KEY`, altered, or moved.
    NotAuthentic,
    /// The entry is authentic, but has faults.
    Invalid(Vec<Fault>),
}

impl<S: Store> Registry<S> {
    /// The registry in `store`, of which this isolate knows nothing yet.
    pub fn new(store: S) -> Self {
        Self {
            store,
            clients: Remembered::default(),
            owners: Remembered::default(),
            shadow_checked: RefCell::default(),
        }
    }

    /// Whether there is a registry.
    pub fn is_bound(&self) -> bool {
        self.store.is_bound()
    }

    /// The client `id`, which is not in `CLIENTS`.
    ///
    /// # Errors
    /// [`NeedsIo`]: [`Self::read`] it.
    pub fn recall(&self, id: &str, now: UnixMillis) -> Result<Option<Rc<Client>>, NeedsIo> {
        // No entry can have a name that is no client id.
        let may_exist = self.store.is_bound() && config::is_client_id(id);
        if may_exist { self.clients.recall(id, now) } else { Ok(None) }
    }

    /// The id of the client that owns `key`.
    ///
    /// # Errors
    /// [`NeedsIo`]: [`Self::read_owner`].
    pub fn recall_owner(&self, key: &OwnerKey, now: UnixMillis) -> Result<Option<String>, NeedsIo> {
        if self.store.is_bound() { self.owners.recall(key, now) } else { Ok(None) }
    }

    /// Whether [`Self::shadows_entry`] has been asked about the client `id` of `CLIENTS`.
    pub fn shadow_checked(&self, id: &str) -> bool {
        !self.store.is_bound() || self.shadow_checked.borrow().contains_key(id)
    }

    /// Whether the client `id` of `CLIENTS` hides an entry of the registry. Looked up once.
    pub async fn shadows_entry(&self, id: &str) -> bool {
        self.shadow_checked.borrow_mut().insert(id.to_owned(), ());
        matches!(self.store.load(&entry::name_of(id)).await, Ok(Some(_)))
    }

    /// Reads the entry of the client `id`.
    ///
    /// # Errors
    /// [`RegistryFault`]. While KV does not answer, the client that was known before stays good for
    /// some time.
    pub async fn read(
        &self,
        config: &Config,
        id: &str,
        now: UnixMillis,
    ) -> Result<Option<Rc<Client>>, RegistryFault> {
        let value = match self.store.load(&entry::name_of(id)).await {
            Ok(value) => value,
            Err(error @ StoreError::TooLarge) => {
                self.clients.remember(id.to_owned(), None, now);
                return Err(RegistryFault::Unreachable(error));
            }
            Err(error) => {
                let known = self.clients.extend(id, now);
                return known.map(Some).ok_or(RegistryFault::Unreachable(error));
            }
        };
        let client = value.map(|value| parse(config, id, &value)).transpose();
        match &client {
            Ok(client) => self.clients.remember(id.to_owned(), client.clone(), now),
            Err(RegistryFault::NotAuthentic) => self.clients.remember(id.to_owned(), None, now),
            // Already stale, so that every request reads the entry, and the former one is gone.
            Err(_) => self.clients.remember(id.to_owned(), None, UnixMillis(0)),
        }
        client
    }

    /// Reads the id of the client that owns `key`.
    ///
    /// # Errors
    /// Only [`RegistryFault::Unreachable`].
    pub async fn read_owner(
        &self,
        key: &OwnerKey,
        now: UnixMillis,
    ) -> Result<Option<String>, RegistryFault> {
        let owner = match self.store.load(&key.name()).await {
            Ok(owner) => owner.and_then(|id| String::from_utf8(id).ok()),
            Err(error @ StoreError::TooLarge) => {
                self.owners.remember(key.clone(), None, now);
                return Err(RegistryFault::Unreachable(error));
            }
            Err(error) => {
                let known = self.owners.extend(key, now);
                return known.map(Some).ok_or(RegistryFault::Unreachable(error));
            }
        };
        self.owners.remember(key.clone(), owner.clone(), now);
        Ok(owner)
    }
}

fn parse(config: &Config, id: &str, value: &[u8]) -> Result<Rc<Client>, RegistryFault> {
    let key = config.registry_key.as_ref().ok_or(RegistryFault::NotAuthentic)?;
    let opened = entry::open(key, &entry::name_of(id), value);
    let json = opened.ok_or(RegistryFault::NotAuthentic)?;
    config.registered_client(id, json).map(Rc::new).map_err(RegistryFault::Invalid)
}
