//! Durable Objects that did not answer in time: an isolate leaves each alone for a while, so that its
//! requests do not all wait for the same object.

use std::cell::RefCell;

use crate::base::limits::{ISOLATE_TOKENS_MAX, OBJECT_SILENCE};
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;

/// The objects that are silent, by name, and until when each is left alone.
#[derive(Debug, Default)]
pub struct Silence(RefCell<SortedMap<String, UnixMillis>>);

impl Silence {
    /// Whether the object may be called now. When its time has passed, one request may try it again,
    /// and the time starts anew for the others.
    #[must_use]
    pub fn may_call(&self, name: &str, now: UnixMillis) -> bool {
        let mut silent = self.0.borrow_mut();
        let Some(until) = silent.get_mut(name) else { return true };
        let may_call = now >= *until;
        if may_call {
            *until = now.plus(OBJECT_SILENCE);
        }
        may_call
    }

    /// The object did not answer in time.
    pub fn note_silence(&self, name: &str, now: UnixMillis) {
        let mut silent = self.0.borrow_mut();
        if silent.len() >= ISOLATE_TOKENS_MAX {
            silent.clear();
        }
        silent.insert(name.to_owned(), now.plus(OBJECT_SILENCE));
    }

    /// The object answered, or failed at once.
    pub fn note_answer(&self, name: &str) {
        self.0.borrow_mut().remove(name);
    }
}
