//! The ledgers of used assertions: the shipping object over a storage in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::ports::StorageFault;
use edge_token_broker::base::ports::{CallFailed, Clock, Objects};
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::callers::ledger::{Ledger, LedgerStorage};
use edge_token_broker::config::Config;

use super::clock::SimulatedClock;
use super::world::vars;

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
    /// What each object stores.
    pub(crate) storages: Rc<RefCell<BTreeMap<String, SimulatedStorage>>>,
    /// The objects that are in memory.
    objects: Rc<RefCell<BTreeMap<String, Rc<Ledger<SimulatedStorage>>>>>,
    /// The configuration that the objects have.
    pub(crate) config: Rc<RefCell<Rc<Config>>>,
    pub(crate) bound: bool,
    /// No answer comes while this is set.
    pub(crate) hangs: Rc<Cell<bool>>,
    /// They do what they are told, and no answer comes while this is set.
    pub(crate) loses_answers: Rc<Cell<bool>>,
    /// The calls that fail, by their numbers.
    pub(crate) failing: Rc<RefCell<Vec<usize>>>,
    /// How many calls there were.
    pub(crate) calls: Rc<Cell<usize>>,
}

impl SimulatedLedgers {
    pub(crate) fn new(clock: &SimulatedClock) -> Self {
        Self {
            clock: clock.clone(),
            storages: Rc::default(),
            objects: Rc::default(),
            config: Rc::new(RefCell::new(Rc::new(Config::parse(&vars()).unwrap()))),
            bound: true,
            hangs: Rc::default(),
            loses_answers: Rc::default(),
            failing: Rc::default(),
            calls: Rc::default(),
        }
    }

    pub(crate) fn unbound(clock: &SimulatedClock) -> Self {
        Self { bound: false, ..Self::new(clock) }
    }

    /// The call that comes after so many others fails.
    pub(crate) fn fail_after(&self, others: usize) {
        self.failing.borrow_mut().push(self.calls.get() + others + 1);
    }

    pub(crate) fn storage(&self, name: &str) -> SimulatedStorage {
        self.storages.borrow_mut().entry(name.to_owned()).or_default().clone()
    }

    /// The objects lose their memory, and keep what they stored.
    pub(crate) fn evict(&self) {
        self.objects.borrow_mut().clear();
    }

    pub(crate) fn object(&self, name: &str) -> Rc<Ledger<SimulatedStorage>> {
        let storage = self.storage(name);
        let mut objects = self.objects.borrow_mut();
        let new = || Rc::new(Ledger::new(Some(name.to_owned()), storage));
        Rc::clone(objects.entry(name.to_owned()).or_insert_with(new))
    }
}

impl Objects for SimulatedLedgers {
    fn is_bound(&self) -> bool {
        self.bound
    }

    async fn call(&self, name: &str, message: &[u8]) -> Result<Vec<u8>, CallFailed> {
        self.calls.set(self.calls.get() + 1);
        if self.hangs.get() {
            std::future::pending::<()>().await;
        }
        if self.failing.borrow().contains(&self.calls.get()) {
            return Err(CallFailed);
        }
        let (object, config) = (self.object(name), Rc::clone(&self.config.borrow()));
        // 1 is no multiple of how often it purges: it does not.
        let answer = object.answer(&config, message, self.clock.now(), [0, 1]).await;
        if self.loses_answers.get() {
            std::future::pending::<()>().await;
        }
        answer.map(|verdict| vec![verdict]).map_err(|_| CallFailed)
    }
}
