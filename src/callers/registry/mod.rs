//! Clients in Workers KV: any number of them, one entry for each, read when its client first calls.
//!
//! An entry is authenticated by a MAC under `REGISTRY_KEY` that covers its name as well: write
//! access to KV alone grants nothing, and an entry moved to another name does not verify.

pub mod entry;
mod memory;

use std::cell::RefCell;
use std::rc::Rc;

use crate::base::digest;
use crate::base::limits::REGISTRY_ENTRIES_MAX;
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
    /// The digests of entries that are not usable and that the log has.
    noted: RefCell<Vec<[u8; 32]>>,
}

/// Not known without I/O.
#[derive(Clone, Copy, Debug)]
pub struct NeedsIo;

/// KV did not answer, or with more than an entry can have.
#[derive(Clone, Copy, Debug)]
pub struct Unreachable(pub StoreError);

/// What is wrong with an entry that was read.
#[derive(Debug)]
pub enum EntryFault {
    /// The entry is as good as none, such as one that was written without `REGISTRY_KEY`, altered, or
    /// moved. The log has this word for it.
    Ignored(&'static str),
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
            noted: RefCell::default(),
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

    /// Reads the entry of the client `id`, so that [`Self::recall`] knows it. Returns its fault, if it
    /// has one that the log does not have yet.
    ///
    /// # Errors
    /// [`Unreachable`]. While KV does not answer, the client that was known before stays good for some
    /// time.
    pub async fn read(
        &self,
        config: &Config,
        id: &str,
        now: UnixMillis,
    ) -> Result<Option<EntryFault>, Unreachable> {
        let value = match self.store.load(&entry::name_of(id)).await {
            Ok(value) => value,
            Err(error @ StoreError::TooLarge) => {
                self.clients.remember(id.to_owned(), None, now);
                return Ok(Some(EntryFault::Ignored(error.name())));
            }
            Err(error) => {
                let extended = self.clients.extend(id, now, |client| client.fault.is_none());
                return if extended { Ok(None) } else { Err(Unreachable(error)) };
            }
        };
        let Some(value) = value else {
            self.clients.remember(id.to_owned(), None, now);
            return Ok(None);
        };
        // Remembered also if it is not usable: nobody must be able to cause a read for each request.
        let (client, fault) = parse(config, id, &value);
        self.clients.remember(id.to_owned(), client.map(Rc::new), now);
        Ok(fault.filter(|_| self.is_news(id, &value)))
    }

    /// Whether the log does not have this entry yet.
    fn is_news(&self, id: &str, value: &[u8]) -> bool {
        let digest = digest::of_fields(&[id.as_bytes(), value]);
        let mut noted = self.noted.borrow_mut();
        let is_news = !noted.contains(&digest);
        if is_news {
            if noted.len() >= REGISTRY_ENTRIES_MAX {
                noted.clear();
            }
            noted.push(digest);
        }
        is_news
    }

    /// Reads the id of the client that owns `key`.
    ///
    /// # Errors
    /// [`Unreachable`].
    pub async fn read_owner(
        &self,
        key: &OwnerKey,
        now: UnixMillis,
    ) -> Result<Option<String>, Unreachable> {
        let owner = match self.store.load(&key.name()).await {
            Ok(owner) => owner.and_then(|id| String::from_utf8(id).ok()),
            Err(error @ StoreError::TooLarge) => {
                self.owners.remember(key.clone(), None, now);
                return Err(Unreachable(error));
            }
            Err(error) => {
                let extended = self.owners.extend(key, now, |_| true);
                let known = self.recall_owner(key, now).ok().filter(|_| extended);
                return known.ok_or(Unreachable(error));
            }
        };
        self.owners.remember(key.clone(), owner.clone(), now);
        Ok(owner)
    }
}

/// The client of an entry as far as its proofs can be told, and what is wrong with the entry.
fn parse(config: &Config, id: &str, value: &[u8]) -> (Option<Client>, Option<EntryFault>) {
    let key = config.registry_key.as_ref();
    let Some(json) = key.and_then(|key| entry::open(key, &entry::name_of(id), value)) else {
        return (None, Some(EntryFault::Ignored("not_authentic")));
    };
    let (client, faults) = config.registered(id, json);
    (client, (!faults.is_empty()).then_some(EntryFault::Invalid(faults)))
}
