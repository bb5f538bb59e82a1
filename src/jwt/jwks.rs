//! An issuer's public keys: a JWK Set (RFC 7517 §5).

use super::DocumentFault;
use super::compact::Header;
use super::jwk::VerificationKey;
use super::unusable::Unusable;
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
        // An empty list says that the issuer has withdrawn its keys.
        let Some([Some(Json::List(keys))]) = json.into_members_as_written(["keys"]) else {
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
        let (mut keys, mut is_named) = (Vec::new(), false);
        for key in self.usable.iter().filter(|key| kid.is_none() || key.key_id() == kid) {
            is_named = kid.is_some();
            if key.algorithm() == header.algorithm {
                keys.push(key);
            }
        }
        match keys.len() {
            0 if is_named => Found::OtherAlgorithm,
            0 if kid.is_some_and(|kid| self.leaves_out(kid)) => Found::LeftOut,
            0 => Found::Unknown,
            1..=KEYS_TRIED_MAX => Found::Keys(keys),
            _ => Found::Ambiguous,
        }
    }

    /// Whether the issuer has a key of this name, used or left out.
    #[must_use]
    pub fn names(&self, key_id: &str) -> bool {
        self.usable.iter().any(|key| key.key_id() == Some(key_id)) || self.leaves_out(key_id)
    }

    fn leaves_out(&self, key_id: &str) -> bool {
        self.left_out.iter().any(|key| key.key_id.as_deref() == Some(key_id))
    }

    /// Which keys are left out, and why, for the log: `PLACE (KID): REASON`. The place counts from 0.
    /// A `kid` that is long, or that a reader of the log could misread, is not shown.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for key in self.left_out.iter().take(KEYS_LEFT_OUT_LOGGED_MAX) {
            lines.push(key.words());
        }
        let more = self.left_out_count.saturating_sub(lines.len());
        if more > 0 {
            lines.push(["and ", &more.to_string(), " more"].concat());
        } else if self.usable.is_empty() && lines.is_empty() {
            lines.push("the list of keys is empty".to_owned());
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
