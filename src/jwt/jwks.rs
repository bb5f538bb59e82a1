//! An issuer's public keys: a JWK Set (RFC 7517 §5).

use super::compact::Header;
use super::jwk::VerificationKey;
use crate::base::json::Json;
use crate::base::limits::KEY_SET_KEYS_MAX;

/// The keys of an issuer that can be used.
#[derive(Debug)]
pub struct KeySet(Vec<VerificationKey>);

/// What a key set has for a JWT.
#[derive(Debug)]
pub enum Found<'k> {
    /// The one key that can verify it.
    Key(&'k VerificationKey),
    /// Nothing; the issuer may have a newer key.
    Unknown,
    /// The key that it names is for another algorithm.
    OtherAlgorithm,
    /// It names no key, and several fit.
    Ambiguous,
}

impl KeySet {
    /// Parses a JWK Set; nothing where it is none. Keys that are of no use are left out, since an
    /// issuer may have others; of very many the first are taken.
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
