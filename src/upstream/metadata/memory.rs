//! The metadata that an isolate knows, and when it asks for newer ones.

use std::cell::RefCell;

use super::document::ServerMetadata;
use crate::base::limits::{
    METADATA_ASK_SPACING, METADATA_FAILURE_MEMORY, METADATA_FRESH, METADATA_GOOD, METADATA_MAX,
};
use crate::base::lru::LruMap;
use crate::base::time::{Millis, UnixMillis};

/// The metadata of up to [`METADATA_MAX`] servers.
#[derive(Debug)]
pub struct MetadataMemory(RefCell<LruMap<Entry>>);

#[derive(Debug, Default)]
struct Entry {
    /// The metadata, and the instant just before they were requested.
    held: Option<(ServerMetadata, UnixMillis)>,
    /// When they were last requested.
    asked_at: Option<UnixMillis>,
    /// Why that request failed, and when.
    failure: Option<(String, UnixMillis)>,
}

/// What a flight does.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// It uses these.
    Use(ServerMetadata),
    /// It requests them.
    Ask,
    /// It fails for this reason.
    Fail(String),
}

impl Default for MetadataMemory {
    fn default() -> Self {
        Self(RefCell::new(LruMap::new(METADATA_MAX)))
    }
}

impl MetadataMemory {
    /// What a flight does that needs the metadata called `name`. Stale ones are requested anew by one
    /// flight, and the others use them meanwhile.
    pub(super) fn next(&self, name: [u8; 32], now: UnixMillis) -> Step {
        self.with(name, |entry| {
            let asked_lately = is_within(METADATA_ASK_SPACING, entry.asked_at, now);
            let step = match entry.held.as_ref().filter(|(_, at)| is_good(*at, now)) {
                Some((held, at)) if asked_lately || is_within(METADATA_FRESH, Some(*at), now) => {
                    Step::Use(held.clone())
                }
                Some(_) => Step::Ask,
                None => entry.failed(now).map_or(Step::Ask, Step::Fail),
            };
            if step == Step::Ask {
                entry.asked_at = Some(now);
            }
            step
        })
    }

    /// Keeps metadata that were requested at `asked_at`.
    pub(super) fn keep(&self, name: [u8; 32], metadata: ServerMetadata, asked_at: UnixMillis) {
        self.with(name, |entry| {
            (entry.held, entry.failure) = (Some((metadata, asked_at)), None);
        });
    }

    /// Notes that there are no new metadata. Returns those from before, if they are good.
    pub(super) fn fail(
        &self,
        name: [u8; 32],
        why: String,
        now: UnixMillis,
    ) -> Option<ServerMetadata> {
        self.with(name, |entry| {
            entry.failure = Some((why, now));
            let held = entry.held.as_ref().filter(|(_, at)| is_good(*at, now));
            held.map(|(held, _)| held.clone())
        })
    }

    fn with<T>(&self, name: [u8; 32], change: impl FnOnce(&mut Entry) -> T) -> T {
        let (mut entries, mut spare) = (self.0.borrow_mut(), Entry::default());
        if entries.peek(&name).is_none() {
            entries.put(name, Entry::default());
        }
        // There always is one, as there is room for some.
        change(entries.get(&name).unwrap_or(&mut spare))
    }
}

impl Entry {
    fn failed(&self, now: UnixMillis) -> Option<String> {
        let (why, at) = self.failure.as_ref()?;
        is_within(METADATA_FAILURE_MEMORY, Some(*at), now).then(|| why.clone())
    }
}

/// Whether `at` is less than `span` ago.
fn is_within(span: Millis, at: Option<UnixMillis>, now: UnixMillis) -> bool {
    at.is_some_and(|at| now < at.plus(span))
}

fn is_good(at: UnixMillis, now: UnixMillis) -> bool {
    is_within(METADATA_GOOD, Some(at), now)
}
