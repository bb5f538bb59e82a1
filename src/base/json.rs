//! JSON as a tree.
//!
//! - It keeps duplicate keys, which serde's maps lose. In a configuration they would be an
//!   authorization bug.
//! - One parser for all input takes a third of the wasm that one parser for each type takes.
//! - In JSON from outside a member may be there and say nothing: [`Json::is_absent`].

use std::fmt;
use std::fmt::Write as _;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// The byte order mark. A parser may ignore it in front of a text (RFC 8259 §8.1).
pub const BYTE_ORDER_MARK: char = '\u{feff}';

/// A JSON value; objects keep every entry in order.
#[derive(Debug)]
pub enum Json {
    /// A string.
    Text(String),
    /// A number that is whole and not negative.
    Whole(u64),
    /// A number with a fraction or an exponent.
    Fraction(f64),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
    /// `true` or `false`.
    Bool(bool),
    /// A negative number that is whole. No input of the broker may have one.
    Negative,
    /// `null`.
    Null,
}

impl Json {
    /// Parses `text` to its end. What says nothing stays: in a configuration it is a fault, because it
    /// leaves open what its writer meant.
    ///
    /// # Errors
    /// `text` is not JSON, or is nested too deeply; the error has the place.
    pub fn parse(text: &[u8]) -> serde_json::Result<Self> {
        let mut mark = [0; BYTE_ORDER_MARK.len_utf8()];
        let mark = BYTE_ORDER_MARK.encode_utf8(&mut mark).as_bytes();
        serde_json::from_slice(text.strip_prefix(mark).unwrap_or(text))
    }

    /// Whether a member with this value counts as absent in JSON from outside: many serializers write
    /// null, an empty text or an empty list for what they do not have.
    ///
    /// Two empty lists say something, and their readers do not ask here: `crit` of a JWT must not be empty
    /// (RFC 7515 §4.1.11), and `keys` of an issuer without keys is empty (RFC 7517 §5).
    #[must_use]
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            _ => false,
        }
    }

    /// The members `names` of an object, in that order, without those that [say nothing](Self::is_absent).
    /// `None` if this is no object, or if one of them comes twice: parsers do not agree which of the two
    /// counts (RFC 8725 §2.4).
    #[must_use]
    pub fn into_members<const N: usize>(self, names: [&str; N]) -> Option<[Option<Self>; N]> {
        let mut members = self.into_members_as_written(names)?;
        for member in &mut members {
            member.take_if(|value| value.is_absent());
        }
        Some(members)
    }

    /// [`Self::into_members`] with those that say nothing.
    #[must_use]
    pub fn into_members_as_written<const N: usize>(
        self,
        names: [&str; N],
    ) -> Option<[Option<Self>; N]> {
        let mut members = [const { None }; N];
        self.put_members(&names, &mut members)?;
        Some(members)
    }

    /// Puts the members `names` of an object into `slots`. It is in the wasm once, and not for each number of
    /// names.
    fn put_members(self, names: &[&str], slots: &mut [Option<Self>]) -> Option<()> {
        let Self::Object(entries) = self else { return None };
        for (key, value) in entries {
            let slot = names.iter().position(|name| *name == key).and_then(|at| slots.get_mut(at));
            if slot.is_some_and(|slot| slot.replace(value).is_some()) {
                return None;
            }
        }
        Some(())
    }

    /// The text of a string.
    #[must_use]
    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Negative)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Whole(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Fraction(number))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Json::Object(object))
    }
}

/// The JSON text `json` in printable ASCII. Line breaks and tabs stand between its tokens, and are left
/// out. Everything else stands within its strings, and is escaped with four hexadecimal digits (RFC 8259
/// §7).
#[must_use]
pub fn in_ascii(json: String) -> String {
    if json.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len().saturating_mul(2));
    for character in json.chars() {
        if matches!(character, ' '..='~') {
            escaped.push(character);
        } else if character > '~' {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing into a `String` does not fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}
