//! JWTs of issuers that were verified lately, so that most requests cost a SHA-256 and no signature.

use std::cell::RefCell;

use crate::base::digest;
use crate::base::limits::{JWT_SKEW, VERIFIED_JWT_MEMORY, VERIFIED_JWTS_MAX};
use crate::base::lru::LruMap;
use crate::base::time::UnixMillis;

/// The digest of a JWT. The JWT itself is not kept.
#[derive(Clone, Copy)]
pub struct JwtDigest([u8; 32]);

impl JwtDigest {
    /// The digest of a JWT in compact form, and of the client that the caller names, if it names one.
    #[must_use]
    pub fn of(text: &str, client_id: Option<&str>) -> Self {
        let client_id = client_id.unwrap_or_default().as_bytes();
        Self(digest::of_fields(&[b"edge-token-broker verified JWT v1", client_id, text.as_bytes()]))
    }
}

/// Up to [`VERIFIED_JWTS_MAX`] verified JWTs, with a value for each. A client's own JWTs are not
/// remembered here, because each is good once.
#[derive(Debug)]
pub struct VerifiedJwts<T>(RefCell<LruMap<Verified<T>>>);

#[derive(Debug)]
struct Verified<T> {
    value: T,
    until: UnixMillis,
}

impl<T> Default for VerifiedJwts<T> {
    fn default() -> Self {
        Self(RefCell::new(LruMap::new(VERIFIED_JWTS_MAX)))
    }
}

impl<T: Clone> VerifiedJwts<T> {
    /// The value of a JWT, while the JWT is good.
    #[must_use]
    pub fn recall(&self, jwt: &JwtDigest, now: UnixMillis) -> Option<T> {
        let mut verified = self.0.borrow_mut();
        verified.get(&jwt.0).filter(|it| now < it.until).map(|it| it.value.clone())
    }

    /// Remembers a JWT that was verified `now`: until it expires, with the same skew as when it was
    /// checked, and for [`VERIFIED_JWT_MEMORY`] at most.
    pub fn remember(&self, jwt: JwtDigest, value: T, expires_at: UnixMillis, now: UnixMillis) {
        let until = expires_at.plus(JWT_SKEW).min(now.plus(VERIFIED_JWT_MEMORY));
        self.0.borrow_mut().put(jwt.0, Verified { value, until });
    }
}
