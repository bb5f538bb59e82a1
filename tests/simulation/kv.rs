//! Workers KV. The location of a write sees it at once, and others up to 60 s later. Each location
//! caches reads and misses for 30 s. A KV key takes one write a second.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::limits::{KV_CACHE_TTL_SECS, KV_TIMEOUT, KV_TTL_MIN_SECS};
use edge_token_broker::base::ports::{Store, StoreError};

use super::random::{Random, mixed};
use super::time::Time;

const VISIBLE_MS: u64 = 60_000;

struct Write {
    at: u64,
    location: usize,
    record: Rc<[u8]>,
    gone_at: u64,
}

type Cached = (u64, Option<Rc<[u8]>>);

/// The namespace, as all locations share it.
pub(crate) struct Kv {
    pub(crate) time: Rc<Time>,
    pub(crate) random: Rc<Random>,
    /// Probability that an operation fails.
    pub(crate) failing: f64,
    pub(crate) reads: Cell<u64>,
    pub(crate) writes: Cell<u64>,
    records: RefCell<BTreeMap<String, Vec<Write>>>,
    caches: RefCell<BTreeMap<String, Vec<Option<Cached>>>>,
}

impl Kv {
    pub(crate) fn new(time: &Rc<Time>, random: &Rc<Random>, failing: f64) -> Self {
        Self {
            time: Rc::clone(time),
            random: Rc::clone(random),
            failing,
            reads: Cell::default(),
            writes: Cell::default(),
            records: RefCell::default(),
            caches: RefCell::default(),
        }
    }

    async fn fault(&self) -> Option<StoreError> {
        self.time.sleep(self.random.range(1, 40)).await;
        if !self.random.chance(self.failing) {
            return None;
        }
        let fault = *self.random.pick(&[StoreError::Failed, StoreError::TimedOut]);
        if fault == StoreError::TimedOut {
            self.time.sleep(KV_TIMEOUT.0).await;
        }
        Some(fault)
    }

    fn read(&self, location: usize, name: &str) -> Option<Rc<[u8]>> {
        let now = self.time.now();
        if let Some(caches) = self.caches.borrow().get(name)
            && let Some(Some((until, cached))) = caches.get(location)
            && now < *until
        {
            return cached.clone();
        }
        let seen = |write: &&Write| {
            let delay = mixed(write.at ^ ((location as u64) << 48)) % VISIBLE_MS;
            write.location == location || now >= write.at + delay
        };
        let records = self.records.borrow();
        let newest = records.get(name).and_then(|writes| writes.iter().rev().find(seen));
        let found = newest.filter(|write| now < write.gone_at).map(|write| write.record.clone());
        let until = now + KV_CACHE_TTL_SECS * 1000;
        let mut caches = self.caches.borrow_mut();
        let caches = caches.entry(name.to_owned()).or_default();
        if caches.len() <= location {
            caches.resize_with(location + 1, || None);
        }
        caches[location] = Some((until, found.clone()));
        found
    }

    fn write(&self, location: usize, name: &str, record: Rc<[u8]>, ttl_secs: u64) -> bool {
        let at = self.time.now();
        let mut records = self.records.borrow_mut();
        let writes = records.entry(name.to_owned()).or_default();
        if writes.last().is_some_and(|last| at < last.at + 1000) {
            return false;
        }
        // Older writes are of no use once every location sees a newer one.
        let covering = writes.iter().rposition(|write| write.at + VISIBLE_MS <= at).unwrap_or(0);
        writes.drain(..covering);
        writes.push(Write { at, location, record, gone_at: at + ttl_secs * 1000 });
        true
    }
}

/// KV as one location sees it.
#[derive(Clone)]
pub(crate) struct LocalKv {
    pub(crate) kv: Rc<Kv>,
    pub(crate) location: usize,
    /// Whether the binding exists.
    pub(crate) bound: bool,
}

impl Store for LocalKv {
    fn is_bound(&self) -> bool {
        self.bound
    }

    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.kv.reads.set(self.kv.reads.get() + 1);
        let fault = self.kv.fault().await;
        fault.map_or_else(|| Ok(self.kv.read(self.location, name).map(|read| read.to_vec())), Err)
    }

    async fn store(&self, name: &str, value: &[u8], ttl_secs: u64) -> Result<(), StoreError> {
        assert!(ttl_secs >= KV_TTL_MIN_SECS, "KV refuses a TTL of {ttl_secs} s");
        self.kv.writes.set(self.kv.writes.get() + 1);
        let fault = self.kv.fault().await;
        // A write that times out may still take effect.
        if fault.is_some_and(|fault| fault == StoreError::Failed || self.kv.random.chance(0.5)) {
            return fault.map_or(Ok(()), Err);
        }
        let taken = self.kv.write(self.location, name, value.into(), ttl_secs);
        fault.map_or(if taken { Ok(()) } else { Err(StoreError::Throttled) }, Err)
    }
}
