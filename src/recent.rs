//! A bounded memory: values under digests, the least recently used out first.

use std::collections::BTreeMap;

/// Up to a number of values.
#[derive(Debug)]
pub struct RecentlyUsed<V> {
    places: BTreeMap<[u8; 32], usize>,
    /// Close together: the oldest is looked for among all of them.
    slots: Vec<Slot<V>>,
    max: usize,
    /// Counts uses; the smallest is the longest ago.
    uses: u64,
}

#[derive(Debug)]
struct Slot<V> {
    key: [u8; 32],
    value: V,
    last_used: u64,
}

impl<V> RecentlyUsed<V> {
    /// Room for `max` values.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { places: BTreeMap::new(), slots: Vec::new(), max, uses: 0 }
    }

    /// The value under `key`, which is thereby used.
    pub fn get(&mut self, key: &[u8; 32]) -> Option<&mut V> {
        self.uses = self.uses.saturating_add(1);
        let slot = self.slots.get_mut(*self.places.get(key)?)?;
        slot.last_used = self.uses;
        Some(&mut slot.value)
    }

    /// Puts `value` under `key`, in the place of the least recently used if there is no room.
    pub fn put(&mut self, key: [u8; 32], value: V) {
        if let Some(known) = self.get(&key) {
            *known = value;
            return;
        }
        let slot = Slot { key, value, last_used: self.uses };
        if self.slots.len() < self.max {
            self.places.insert(key, self.slots.len());
            self.slots.push(slot);
            return;
        }
        let oldest = self.slots.iter_mut().enumerate().min_by_key(|(_, slot)| slot.last_used);
        if let Some((place, oldest)) = oldest {
            self.places.remove(&oldest.key);
            self.places.insert(key, place);
            *oldest = slot;
        }
    }
}
