//! A bounded memory of values under digests. A new value replaces the least recently used one.

use crate::base::sorted_map::SortedMap;

/// At most `max` values.
#[derive(Debug)]
pub struct LruMap<V> {
    places: SortedMap<[u8; 32], usize>,
    slots: Vec<Slot<V>>,
    /// When each slot was last used. Kept contiguous, because eviction scans all of them.
    last_used: Vec<u64>,
    max: usize,
    /// The number of uses so far. A smaller number is longer ago.
    uses: u64,
}

#[derive(Debug)]
struct Slot<V> {
    key: [u8; 32],
    value: V,
}

impl<V> LruMap<V> {
    /// Room for `max` values.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { places: SortedMap::new(), slots: Vec::new(), last_used: Vec::new(), max, uses: 0 }
    }

    /// The value under `key`. This is not a use.
    pub fn peek(&mut self, key: &[u8; 32]) -> Option<&mut V> {
        let place = *self.places.get(key)?;
        self.slots.get_mut(place).map(|slot| &mut slot.value)
    }

    /// The value under `key`. This is a use.
    pub fn get(&mut self, key: &[u8; 32]) -> Option<&mut V> {
        self.uses = self.uses.saturating_add(1);
        let place = *self.places.get(key)?;
        *self.last_used.get_mut(place)? = self.uses;
        self.slots.get_mut(place).map(|slot| &mut slot.value)
    }

    /// Puts `value` under `key`. If there is no room, it replaces the least recently used value.
    pub fn put(&mut self, key: [u8; 32], value: V) {
        if let Some(known) = self.get(&key) {
            *known = value;
            return;
        }
        let new = Slot { key, value };
        if self.slots.len() < self.max {
            self.places.insert(key, self.slots.len());
            self.slots.push(new);
            self.last_used.push(self.uses);
            return;
        }
        let oldest = self.last_used.iter_mut().enumerate().min_by_key(|(_, used)| **used);
        if let Some((place, last_used)) = oldest
            && let Some(slot) = self.slots.get_mut(place)
        {
            self.places.remove(&slot.key);
            self.places.insert(key, place);
            (*last_used, *slot) = (self.uses, new);
        }
    }
}
