//! What all isolates of a world share: the tally, and the first violation.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edge_token_broker::base::time::Millis;
use edge_token_broker::config::Grant;

use super::time::Time;
use super::upstream::AuthorizationServer;

/// What all isolates of a world share.
pub(crate) struct Shared {
    pub(crate) time: Rc<Time>,
    pub(crate) server: Rc<AuthorizationServer>,
    /// Of the old configuration and of the new one.
    pub(crate) grants: [Vec<Rc<Grant>>; 2],
    /// When each token was last requested, anywhere.
    pub(crate) asked_at: RefCell<Vec<Option<u64>>>,
    /// The grants of which a token has been served. Before that there is nothing to renew.
    pub(crate) in_hand: RefCell<Vec<bool>>,
    pub(crate) requests: Cell<u64>,
    pub(crate) failed: Cell<u64>,
    pub(crate) waited: Cell<u64>,
    pub(crate) waited_in_use: Cell<u64>,
    pub(crate) reports: Cell<u64>,
    pub(crate) revoked: Cell<u64>,
    /// By how much the clocks of two locations may differ.
    pub(crate) clocks_differ: Millis,
    /// Upstream is well, so it is a violation if a request waits for a token in use.
    pub(crate) nobody_waits: bool,
    /// The first violation.
    pub(crate) violation: RefCell<Option<String>>,
}
