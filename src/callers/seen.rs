//! Verified bearer JWTs, so that a hit costs one SHA-256 and no signature.

use std::cell::RefCell;

use crate::base::digest;
use crate::base::limits::{JWT_SKEW, VERIFIED_JWT_MEMORY, VERIFIED_JWTS_MAX};
use crate::base::lru::RecentlyUsed;
use crate::base::time::UnixMillis;

/// Stands for a JWT in compact form; the JWT itself is not kept.
#[derive(Clone, Copy)]
pub struct JwtDigest([u8; 32]);

impl JwtDigest {
    /// Of a JWT's text as it was presented, and the client that it was presented for, if one was
    /// named.
    #[must_use]
    pub fn of(text: &str, client_id: Option<&str>) -> Self {
        let client_id = client_id.unwrap_or_default().as_bytes();
        Self(digest::of_fields(&[b"edge-token-broker verified JWT v1", client_id, text.as_bytes()]))
    }
}

/// Up to [`VERIFIED_JWTS_MAX`] JWTs, and what the caller knows of each. Not for client assertions,
/// which are good once.
#[derive(Debug)]
pub struct VerifiedJwts<T>(RefCell<RecentlyUsed<Verified<T>>>);

#[derive(Debug)]
struct Verified<T> {
    value: T,
    until: UnixMillis,
}

impl<T> Default for VerifiedJwts<T> {
    fn default() -> Self {
        Self(RefCell::new(RecentlyUsed::new(VERIFIED_JWTS_MAX)))
    }
}

impl<T: Clone> VerifiedJwts<T> {
    /// What was remembered with the JWT, while that is good.
    #[must_use]
    pub fn recall(&self, jwt: &JwtDigest, now: UnixMillis) -> Option<T> {
        let mut verified = self.0.borrow_mut();
        verified.get(&jwt.0).filter(|it| now < it.until).map(|it| it.value.clone())
    }

    /// Remembers a JWT that was verified `now`: until it expires, skew included as when it was
    /// checked, and not for long.
    pub fn remember(&self, jwt: JwtDigest, value: T, expires_at: UnixMillis, now: UnixMillis) {
        let until = expires_at.plus(JWT_SKEW).min(now.plus(VERIFIED_JWT_MEMORY));
        self.0.borrow_mut().put(jwt.0, Verified { value, until });
    }
}
