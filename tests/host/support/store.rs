//! A namespace that isolates share, in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::keyspace;
use edge_token_broker::base::ports::{Store, StoreError};

/// Clones share what they hold.
#[derive(Clone, Default)]
pub(crate) struct SimulatedStore {
    pub(crate) values: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    /// How many reads there were.
    pub(crate) loads: Rc<Cell<usize>>,
    /// The TTL of each write, in order.
    pub(crate) ttls: Rc<RefCell<Vec<u64>>>,
    /// Reads and writes fail with it.
    pub(crate) failure: Rc<Cell<Option<StoreError>>>,
}

impl SimulatedStore {
    /// A binding that does not exist.
    pub(crate) fn unbound() -> Self {
        let store = Self::default();
        store.failure.set(Some(StoreError::Unbound));
        store
    }

    pub(crate) fn put(&self, name: &str, value: impl Into<Vec<u8>>) {
        self.values.borrow_mut().insert(name.to_owned(), value.into());
    }
}

impl Store for SimulatedStore {
    fn is_bound(&self) -> bool {
        self.failure.get() != Some(StoreError::Unbound)
    }

    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.loads.set(self.loads.get() + 1);
        if let Some(failure) = self.failure.get() {
            return Err(failure);
        }
        let value = self.values.borrow().get(name).cloned();
        let is_too_large = |value: &Vec<u8>| value.len() > keyspace::value_max_bytes(name);
        if value.as_ref().is_some_and(is_too_large) { Err(StoreError::TooLarge) } else { Ok(value) }
    }

    async fn store(&self, name: &str, value: &[u8], ttl_secs: u64) -> Result<(), StoreError> {
        self.ttls.borrow_mut().push(ttl_secs);
        if let Some(failure) = self.failure.get() {
            return Err(failure);
        }
        self.put(name, value);
        Ok(())
    }
}
