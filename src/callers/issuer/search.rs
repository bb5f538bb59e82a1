//! One JWT on its way to the key that signed it.

use std::rc::Rc;

use crate::base::limits::TRANSIENT_RETRY_AFTER_SECS;
use crate::base::time::UnixMillis;
use crate::jwt::jwks::KeySet;
use crate::jwt::{Jwt, JwtFault};

/// Whether the issuer may be asked for newer keys for a JWT.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// No: no key can have made the signature.
    Impossible,
    /// No: its claims do not fit, so it is refused anyway. Such JWTs would spend the requests that good
    /// ones need.
    Unfit,
    /// Yes.
    Fit,
}

impl Standing {
    pub(super) fn of(jwt: &Jwt, claims_fit: bool) -> Self {
        match jwt.header().algorithm.may_have_made(jwt.signature()) {
            false => Self::Impossible,
            true if claims_fit => Self::Fit,
            true => Self::Unfit,
        }
    }
}

/// What is known of a JWT that no key has verified yet.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) standing: Standing,
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
