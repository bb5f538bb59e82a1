//! One JWT on its way to the key that signed it.

use std::rc::Rc;

use crate::base::limits::TRANSIENT_RETRY_AFTER_SECS;
use crate::base::time::UnixMillis;
use crate::jwt::JwtFault;
use crate::jwt::jwks::KeySet;

/// What is known of a JWT that no key has verified yet.
#[derive(Debug)]
pub(super) struct Search {
    /// Whether some key can have made its signature at all. If not, no newer key helps.
    pub(super) is_possible: bool,
    /// Whether it may make the issuer be asked for newer keys: its signature is possible, and its claims
    /// fit. Otherwise JWTs that are refused anyway would spend the requests that good ones need.
    pub(super) may_ask: bool,
    /// Whether the issuer was asked for it.
    pub(super) has_asked: bool,
    /// [`super::KeySets::has_turn`] when it came.
    pub(super) has_turn: bool,
    /// The last key set of which no key verifies it, and why.
    pub(super) tried: Option<(Rc<KeySet>, JwtFault)>,
}

impl Search {
    pub(super) fn has_tried(&self, keys: &Rc<KeySet>) -> bool {
        self.tried.as_ref().is_some_and(|(tried, _)| Rc::ptr_eq(tried, keys))
    }
}

/// The whole seconds until `again_at`, rounded up: earlier, the answer would be the same.
pub(super) fn retry_after_secs(again_at: Option<UnixMillis>, now: UnixMillis) -> u64 {
    let left = again_at.map_or(0, |at| now.until(at).0.div_ceil(1000));
    left.max(TRANSIENT_RETRY_AFTER_SECS)
}
