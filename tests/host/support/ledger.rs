//! The ledgers of used assertions: the shipping object over a storage in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::ports::StorageFault;
use edge_token_broker::base::ports::{CallFailed, Clock, Objects};
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::callers::ledger::{LedgerStorage, answer};

use super::clock::SimulatedClock;

/// One object's storage, in the order of names. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct SimulatedStorage {
    pub(crate) values: Rc<RefCell<BTreeMap<String, UnixMillis>>>,
    /// How many names each call deleted.
    pub(crate) deleted: Rc<RefCell<Vec<usize>>>,
    /// The call that fails.
    pub(crate) failing: Rc<Cell<Option<&'static str>>>,
}

impl SimulatedStorage {
    fn fails(&self, call: &str) -> Result<(), StorageFault> {
        if self.failing.get() == Some(call) { Err(StorageFault) } else { Ok(()) }
    }
}

impl LedgerStorage for SimulatedStorage {
    async fn get(&self, name: &str) -> Result<Option<UnixMillis>, StorageFault> {
        self.fails("get")?;
        Ok(self.values.borrow().get(name).copied())
    }

    async fn put(&self, name: &str, until: UnixMillis) -> Result<(), StorageFault> {
        self.fails("put")?;
        self.values.borrow_mut().insert(name.to_owned(), until);
        Ok(())
    }

    async fn list(
        &self,
        prefix: &str,
        start: &str,
        limit: usize,
    ) -> Result<Vec<(String, UnixMillis)>, StorageFault> {
        self.fails("list")?;
        let values = self.values.borrow();
        let some = values.range(start.to_owned()..).filter(|(name, _)| name.starts_with(prefix));
        Ok(some.take(limit).map(|(name, until)| (name.clone(), *until)).collect())
    }

    async fn delete(&self, names: &[String]) -> Result<(), StorageFault> {
        self.fails("delete")?;
        self.deleted.borrow_mut().push(names.len());
        self.values.borrow_mut().retain(|name, _| !names.contains(name));
        Ok(())
    }
}

/// The objects of the network, by name. Clones are the same network.
#[derive(Clone)]
pub(crate) struct SimulatedLedgers {
    pub(crate) clock: SimulatedClock,
    pub(crate) storages: Rc<RefCell<BTreeMap<String, SimulatedStorage>>>,
    pub(crate) bound: bool,
    /// No answer comes while this is set.
    pub(crate) hangs: Rc<Cell<bool>>,
}

impl SimulatedLedgers {
    pub(crate) fn new(clock: &SimulatedClock) -> Self {
        Self { clock: clock.clone(), storages: Rc::default(), bound: true, hangs: Rc::default() }
    }

    pub(crate) fn unbound(clock: &SimulatedClock) -> Self {
        Self { bound: false, ..Self::new(clock) }
    }

    pub(crate) fn storage(&self, name: &str) -> SimulatedStorage {
        self.storages.borrow_mut().entry(name.to_owned()).or_default().clone()
    }
}

impl Objects for SimulatedLedgers {
    fn is_bound(&self) -> bool {
        self.bound
    }

    async fn call(&self, name: &str, message: &[u8]) -> Result<Vec<u8>, CallFailed> {
        if self.hangs.get() {
            std::future::pending::<()>().await;
        }
        let storage = self.storage(name);
        // 1 is no multiple of how often it purges: it does not.
        answer(&storage, message, self.clock.now(), [0, 1]).await.map_err(|_| CallFailed)
    }
}
