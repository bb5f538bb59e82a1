//! One Durable Object: what it has in memory, and what it has stored.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::limits::REFUSAL_MEMORY;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::Grant;
use edge_token_broker::tokens::coordinator::message::Seal;
use edge_token_broker::tokens::coordinator::{Coordinator, Waiter};
use edge_token_broker::upstream::error::UpstreamError;
use edge_token_broker::upstream::trail::UpstreamTrail;

use super::coordinators::{Place, Reply};
use super::time::{Owner, Slot};

/// One token's object.
pub(crate) struct Object {
    /// Of its grant.
    pub(crate) number: usize,
    pub(crate) grant: Rc<Grant>,
    pub(crate) place: RefCell<Place>,
    pub(crate) run: RefCell<Option<Run>>,
    pub(crate) stored: RefCell<Option<Vec<u8>>>,
    /// True time, and which alarm it is.
    pub(crate) alarm: Cell<Option<u64>>,
    pub(crate) used_at: Cell<u64>,
    /// Upstream has said that nothing will come of it before.
    pub(crate) futile_until: Cell<UnixMillis>,
}

pub(crate) struct Run {
    pub(crate) machine: Coordinator,
    pub(crate) waiters: BTreeMap<Waiter, Slot<Option<Reply>>>,
    pub(crate) owner: Owner,
    pub(crate) configuration: usize,
    pub(crate) flights: usize,
    pub(crate) trail: UpstreamTrail,
}

impl Object {
    pub(crate) fn new(grant: &Rc<Grant>, place: Place) -> Self {
        let scope: usize = grant.scope.as_str()[1..].parse().unwrap();
        Self {
            number: 2 * scope + usize::from(grant.credential.name == "other"),
            grant: Rc::clone(grant),
            place: RefCell::new(place),
            run: RefCell::default(),
            stored: RefCell::default(),
            alarm: Cell::default(),
            used_at: Cell::default(),
            futile_until: Cell::new(UnixMillis(0)),
        }
    }

    pub(crate) fn seal(&self) -> Seal<'_> {
        Seal { key: &self.grant.token_key, credential: &self.grant.credential }
    }

    pub(crate) fn location(&self) -> usize {
        self.place.borrow().kv.location
    }

    pub(crate) fn forget(&self) {
        *self.stored.borrow_mut() = None;
        self.futile_until.set(UnixMillis(0));
    }

    pub(crate) fn running(&self, change: impl FnOnce(&mut Run)) {
        if let Some(run) = self.run.borrow_mut().as_mut() {
            change(run);
        }
    }
}

/// For how long it is of no use to ask again.
pub(crate) fn futile(error: &UpstreamError) -> Millis {
    match error {
        UpstreamError::Unavailable { retry_after_secs, .. } => Millis::from_secs(*retry_after_secs),
        _ => REFUSAL_MEMORY,
    }
}
