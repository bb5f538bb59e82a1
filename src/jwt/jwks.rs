//! An issuer's public keys: a JWK Set (RFC 7517 §5).

use super::DocumentFault;
use super::compact::Header;
use super::jwk::{Unusable, VerificationKey};
use crate::base::json::Json;
use crate::base::limits::{
    KEY_ID_LOGGED_MAX_BYTES, KEY_SET_KEYS_MAX, KEYS_LEFT_OUT_LOGGED_MAX, KEYS_TRIED_MAX,
};

/// The keys of an issuer.
#[derive(Debug)]
pub struct KeySet {
    usable: Vec<VerificationKey>,
    /// The first [`KEY_SET_KEYS_MAX`] of the others.
    left_out: Vec<LeftOut>,
    /// How many others there are.
    left_out_count: usize,
}

/// A key that is not used.
#[derive(Debug)]
struct LeftOut {
    place: usize,
    key_id: Option<String>,
    why: Unusable,
}

/// What a key set contains for a JWT.
#[derive(Debug)]
pub enum Found<'k> {
    /// The keys that may have signed the JWT: one, or a few. Only a JWT without `kid`, or a name that
    /// several keys share, leads to more than one.
    Keys(Vec<&'k VerificationKey>),
    /// No key. The issuer may have a newer one.
    Unknown,
    /// The key that the JWT names is left out.
    LeftOut,
    /// The key that the JWT names is for another algorithm.
    OtherAlgorithm,
    /// More than [`KEYS_TRIED_MAX`] keys.
    Ambiguous,
}

impl KeySet {
    /// Parses a JWK Set. Unusable keys are left out, because the issuer may have others. Of more than
    /// [`KEY_SET_KEYS_MAX`] keys the first are kept.
    ///
    /// # Errors
    /// `bytes` is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentFault> {
        let json = Json::parse(bytes).map_err(|_| DocumentFault::NotJson)?;
        let Some([Some(Json::List(keys))]) = json.into_members(["keys"]) else {
            return Err(DocumentFault::NotKeySet);
        };
        let mut set = Self { usable: Vec::new(), left_out: Vec::new(), left_out_count: 0 };
        for (place, key) in keys.into_iter().enumerate() {
            match VerificationKey::of(key) {
                Ok(key) if set.usable.len() < KEY_SET_KEYS_MAX => set.usable.push(key),
                Ok(_) => set.leave_out(place, None, Unusable::TooMany),
                Err(key) => set.leave_out(place, key.key_id, key.why),
            }
        }
        Ok(set)
    }

    fn leave_out(&mut self, place: usize, key_id: Option<String>, why: Unusable) {
        self.left_out_count = self.left_out_count.saturating_add(1);
        if self.left_out.len() < KEY_SET_KEYS_MAX {
            self.left_out.push(LeftOut { place, key_id, why });
        }
    }

    /// The keys for a JWT with `header`.
    #[must_use]
    pub fn find(&self, header: &Header) -> Found<'_> {
        let kid = header.key_id.as_deref();
        let mut named = self.usable.iter().filter(|key| kid.is_none() || key.key_id() == kid);
        let fitting = named.clone().filter(|key| key.algorithm() == header.algorithm);
        let keys: Vec<_> = fitting.take(KEYS_TRIED_MAX.saturating_add(1)).collect();
        match keys.len() {
            0 if kid.is_none() => Found::Unknown,
            0 if named.next().is_some() => Found::OtherAlgorithm,
            0 if self.left_out.iter().any(|key| key.key_id.as_deref() == kid) => Found::LeftOut,
            0 => Found::Unknown,
            1..=KEYS_TRIED_MAX => Found::Keys(keys),
            _ => Found::Ambiguous,
        }
    }

    /// Whether the issuer has a key of this name, used or left out.
    #[must_use]
    pub fn names(&self, key_id: &str) -> bool {
        self.key_ids().any(|id| id == key_id)
    }

    /// The names of its keys, used or left out.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        let used = self.usable.iter().filter_map(VerificationKey::key_id);
        used.chain(self.left_out.iter().filter_map(|key| key.key_id.as_deref()))
    }

    /// Which keys are left out, and why, for the log: `PLACE (KID): REASON`. The place counts from 0.
    /// A `kid` that is long, or that a reader of the log could misread, is not shown.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let mut lines: Vec<_> =
            self.left_out.iter().take(KEYS_LEFT_OUT_LOGGED_MAX).map(LeftOut::words).collect();
        match self.left_out_count.saturating_sub(lines.len()) {
            0 if self.usable.is_empty() && lines.is_empty() => {
                lines.push("the list of keys is empty".into());
            }
            0 => {}
            more => lines.push(["and ", &more.to_string(), " more"].concat()),
        }
        lines
    }
}

impl LeftOut {
    fn words(&self) -> String {
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\');
        let shown = |id: &&str| id.len() <= KEY_ID_LOGGED_MAX_BYTES && id.bytes().all(plain);
        let place = self.place.to_string();
        let [why, more] = self.why.words();
        match self.key_id.as_deref().filter(shown) {
            Some(id) => [&place, " (", id, "): ", why, more].concat(),
            None => [&place, ": ", why, more].concat(),
        }
    }
}
