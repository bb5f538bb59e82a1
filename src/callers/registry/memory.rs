//! What an isolate remembers of the registry.

use std::borrow::Borrow;
use std::cell::RefCell;

use super::NeedsIo;
use crate::base::limits::{REGISTRY_ENTRIES_MAX, REGISTRY_MEMORY, REGISTRY_MEMORY_WHILE_DOWN};
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;

/// Values that were read, and names under which there was none: each for a while.
pub(super) struct Remembered<K, V>(RefCell<SortedMap<K, Memory<V>>>);

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
    /// What was read under `key`, while it is good.
    pub(super) fn recall<Q: Ord + ?Sized>(
        &self,
        key: &Q,
        now: UnixMillis,
    ) -> Result<Option<V>, NeedsIo>
    where
        K: Borrow<Q>,
    {
        match self.0.borrow().get(key) {
            Some(memory) if now < memory.good_until => Ok(memory.value.clone()),
            _ => Err(NeedsIo),
        }
    }

    /// Lets what was read under `key` stay good for longer, because KV does not answer. Returns whether
    /// there was a value that may.
    pub(super) fn extend<Q: Ord + ?Sized>(
        &self,
        key: &Q,
        now: UnixMillis,
        may: impl FnOnce(&V) -> bool,
    ) -> bool
    where
        K: Borrow<Q>,
    {
        let mut known = self.0.borrow_mut();
        let Some(memory) = known.get_mut(key) else { return false };
        // That there was no value is not extended: the client may have been registered since.
        let extended = now < memory.read_at.plus(REGISTRY_MEMORY_WHILE_DOWN)
            && memory.value.as_ref().is_some_and(may);
        if extended {
            memory.good_until = now.plus(REGISTRY_MEMORY);
        }
        extended
    }

    /// Remembers what was read `now` under `key`.
    pub(super) fn remember(&self, key: K, value: Option<V>, now: UnixMillis) {
        let mut known = self.0.borrow_mut();
        if known.len() >= REGISTRY_ENTRIES_MAX && !known.contains_key(&key) {
            // A caller that tries out names makes entries without a value, so those go first.
            known.retain(|memory| memory.value.is_some() && now < memory.good_until);
            if known.len() >= REGISTRY_ENTRIES_MAX {
                known.clear();
            }
        }
        known.insert(key, Memory { value, read_at: now, good_until: now.plus(REGISTRY_MEMORY) });
    }
}
