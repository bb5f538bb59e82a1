//! Clients in Workers KV: any number of them, one entry for each, read when its client first calls.
//!
//! An entry is authenticated by a MAC under `REGISTRY_KEY` that covers its name as well: write
//! access to KV alone grants nothing, and an entry moved to another name does not verify.
//! `docs/storage.md` has the format, which `npm run new-client` writes.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::rc::Rc;

use crate::base::limits::{REGISTRY_ENTRIES_MAX, REGISTRY_MEMORY, REGISTRY_MEMORY_WHILE_DOWN};
use crate::base::ports::TierError;
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::callers::ports::ClientEntries;
use crate::config;
use crate::config::{CertificateFingerprint, Client, Config, Fault, KeyDigest};

/// What is known of the registry in this isolate, and the way to the rest.
#[derive(Debug)]
pub struct Registry<S> {
    /// Where the entries are.
    pub entries: S,
    clients: Remembered<String, Rc<Client>>,
    owners: Remembered<Proved, String>,
    /// The clients of `CLIENTS` of which is known whether the registry has them as well.
    compared: RefCell<SortedMap<String, ()>>,
}

/// What comes without a client id. The registry has an entry that names its client;
/// only the client's own entry says whether it is so.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Proved {
    /// A key.
    Key([u8; 32]),
    /// A certificate.
    Certificate(CertificateFingerprint),
    /// An origin, which proves nothing: a preflight has no proof with it.
    Origin(String),
}

/// It takes I/O to know.
#[derive(Clone, Copy, Debug)]
pub struct Unread;

/// Why an entry could not be had.
#[derive(Debug)]
pub enum RegistryFault {
    /// KV did not answer.
    Unreachable(TierError),
    /// Somebody wrote it who does not have `REGISTRY_KEY`, or it was moved.
    NotAuthentic,
    /// It is authentic, but has faults.
    Invalid(Vec<Fault>),
}

impl<S: ClientEntries> Registry<S> {
    /// Nothing is known yet.
    pub fn new(entries: S) -> Self {
        Self {
            entries,
            clients: Remembered::default(),
            owners: Remembered::default(),
            compared: RefCell::default(),
        }
    }

    /// The client called `id`, which `CLIENTS` does not have.
    ///
    /// # Errors
    /// [`Unread`].
    pub fn recall(&self, id: &str, now: UnixMillis) -> Result<Option<Rc<Client>>, Unread> {
        // What cannot be a client's id is not asked for.
        let may_be = self.entries.is_bound() && config::is_name(id);
        if may_be { self.clients.recall(id, now) } else { Ok(None) }
    }

    /// The id of the client that `proved` belongs to.
    ///
    /// # Errors
    /// [`Unread`].
    pub fn recall_owner(&self, proved: &Proved, now: UnixMillis) -> Result<Option<String>, Unread> {
        if self.entries.is_bound() { self.owners.recall(proved, now) } else { Ok(None) }
    }

    /// Whether the registry has been looked at for a client that `CLIENTS` has.
    pub fn is_compared(&self, id: &str) -> bool {
        !self.entries.is_bound() || self.compared.borrow().contains_key(id)
    }

    /// Whether the registry has an entry for a client that `CLIENTS` has, and that wins. Looked at
    /// once.
    pub async fn has_also(&self, id: &str) -> bool {
        self.compared.borrow_mut().insert(id.to_owned(), ());
        matches!(self.entries.load(&client_name(id)).await, Ok(Some(_)))
    }

    /// Reads the entry of the client called `id`.
    ///
    /// # Errors
    /// [`RegistryFault`]; the client that was known before stays good for a while where KV does
    /// not answer.
    pub async fn read(
        &self,
        config: &Config,
        id: &str,
        now: UnixMillis,
    ) -> Result<Option<Rc<Client>>, RegistryFault> {
        let name = client_name(id);
        let entry = match self.entries.load(&name).await {
            Ok(entry) => entry,
            Err(error) => {
                let known = self.clients.extend(id, now);
                return known.map(Some).ok_or(RegistryFault::Unreachable(error));
            }
        };
        let client = entry.map(|entry| parse(config, id, &name, &entry)).transpose();
        match &client {
            Ok(client) => self.clients.remember(id.to_owned(), client.clone(), now),
            Err(RegistryFault::NotAuthentic) => self.clients.remember(id.to_owned(), None, now),
            // Whoever calls is told, every time; and what was before is not served any more.
            Err(_) => self.clients.remember(id.to_owned(), None, UnixMillis(0)),
        }
        client
    }

    /// Reads which client `proved` belongs to.
    ///
    /// # Errors
    /// Only [`RegistryFault::Unreachable`].
    pub async fn read_owner(
        &self,
        proved: &Proved,
        now: UnixMillis,
    ) -> Result<Option<String>, RegistryFault> {
        let owner = match self.entries.load(&proved.name()).await {
            Ok(owner) => owner.and_then(|id| String::from_utf8(id).ok()),
            Err(error) => {
                let known = self.owners.extend(proved, now);
                return known.map(Some).ok_or(RegistryFault::Unreachable(error));
            }
        };
        self.owners.remember(proved.clone(), owner.clone(), now);
        Ok(owner)
    }
}

impl Proved {
    /// Of a key's digest.
    #[must_use]
    pub const fn key(digest: &KeyDigest) -> Self {
        Self::Key(*digest.as_bytes())
    }

    fn name(&self) -> String {
        match self {
            Self::Key(digest) => format!("key:{}", base16ct::lower::encode_string(digest)),
            Self::Certificate(fingerprint) => format!("certificate:{}", fingerprint.to_hex()),
            Self::Origin(origin) => format!("origin:{origin}"),
        }
    }
}

fn client_name(id: &str) -> String {
    format!("client:{id}")
}

/// An entry: the MAC in hexadecimal digits, a line break, and the client as in `CLIENTS`.
fn parse(config: &Config, id: &str, name: &str, entry: &[u8]) -> Result<Rc<Client>, RegistryFault> {
    let split =
        entry.split_at_checked(64).and_then(|(mac, rest)| Some((mac, rest.strip_prefix(b"\n")?)));
    let (mac, json) = split.ok_or(RegistryFault::NotAuthentic)?;
    let mac = base16ct::lower::decode_vec(mac).map_err(|_| RegistryFault::NotAuthentic)?;
    let key = config.registry_key.as_ref().ok_or(RegistryFault::NotAuthentic)?;
    if !key.verifies(name, json, &mac) {
        return Err(RegistryFault::NotAuthentic);
    }
    config.registered_client(id, json).map(Rc::new).map_err(RegistryFault::Invalid)
}

/// What was read, for a while; also that there was nothing.
#[derive(Debug)]
struct Remembered<K, V>(RefCell<SortedMap<K, Memory<V>>>);

#[derive(Debug)]
struct Memory<V> {
    value: Option<V>,
    read_at: UnixMillis,
    good_until: UnixMillis,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Ord, V: Clone> Remembered<K, V> {
    fn recall<Q: Ord + ?Sized>(&self, key: &Q, now: UnixMillis) -> Result<Option<V>, Unread>
    where
        K: Borrow<Q>,
    {
        match self.0.borrow().get(key) {
            Some(memory) if now < memory.good_until => Ok(memory.value.clone()),
            _ => Err(Unread),
        }
    }

    /// KV does not answer: what was known stays good, but not for ever.
    fn extend<Q: Ord + ?Sized>(&self, key: &Q, now: UnixMillis) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let mut known = self.0.borrow_mut();
        let memory = known.get_mut(key)?;
        if now >= memory.read_at.plus(REGISTRY_MEMORY_WHILE_DOWN) {
            return None;
        }
        // Who was nobody may have been registered since.
        let value = memory.value.clone()?;
        memory.good_until = now.plus(REGISTRY_MEMORY);
        Some(value)
    }

    fn remember(&self, key: K, value: Option<V>, now: UnixMillis) {
        let mut known = self.0.borrow_mut();
        if known.len() >= REGISTRY_ENTRIES_MAX && !known.contains_key(&key) {
            // Somebody tries out names: those that are nobody's go first.
            known.retain(|memory| memory.value.is_some() && now < memory.good_until);
            if known.len() >= REGISTRY_ENTRIES_MAX {
                known.clear();
            }
        }
        known.insert(key, Memory { value, read_at: now, good_until: now.plus(REGISTRY_MEMORY) });
    }
}
