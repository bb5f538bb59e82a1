//! An issuer's public keys: a JWK Set (RFC 7517 §5).

use super::compact::Header;
use super::jwk::VerificationKey;
use crate::base::json::Json;
use crate::base::limits::KEY_SET_KEYS_MAX;

/// The usable keys of an issuer.
#[derive(Debug)]
pub struct KeySet(Vec<VerificationKey>);

/// What a key set contains for a JWT.
#[derive(Debug)]
pub enum Found<'k> {
    /// The key that can verify the JWT.
    Key(&'k VerificationKey),
    /// No key. The issuer may have a newer one.
    Unknown,
    /// The key that the JWT names is for another algorithm.
    OtherAlgorithm,
    /// The JWT names no key, and several fit.
    Ambiguous,
}

impl KeySet {
    /// Parses a JWK Set, or returns nothing if `bytes` is none. Unusable keys are left out, because the
    /// issuer may have others. Of more than [`KEY_SET_KEYS_MAX`] keys the first are kept.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let [keys] = Json::parse(bytes).ok()?.into_members(["keys"])?;
        let Json::List(keys) = keys? else { return None };
        let usable = keys.into_iter().filter_map(|key| VerificationKey::of(key).ok());
        Some(Self(usable.take(KEY_SET_KEYS_MAX).collect()))
    }

    /// The key for a JWT with `header`.
    #[must_use]
    pub fn find(&self, header: &Header) -> Found<'_> {
        let kid = header.key_id.as_deref();
        let named = self.0.iter().filter(|key| kid.is_none() || key.key_id() == kid);
        let mut fitting = named.clone().filter(|key| key.algorithm() == header.algorithm);
        match (fitting.next(), fitting.next(), kid) {
            (Some(_), Some(_), None) => Found::Ambiguous,
            (Some(key), ..) => Found::Key(key),
            (None, _, Some(_)) if named.count() > 0 => Found::OtherAlgorithm,
            (None, ..) => Found::Unknown,
        }
    }
}
