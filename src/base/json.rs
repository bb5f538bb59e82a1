//! JSON as a tree.
//!
//! - It keeps duplicate keys, which serde's maps lose. In a configuration they would be an
//!   authorization bug.
//! - One parser for all input takes a third of the wasm that one parser for each type takes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

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
    /// `null`, or a negative number. No input of the broker may have either.
    Other,
}

impl Json {
    /// Parses `text` to its end.
    ///
    /// # Errors
    /// `text` is not JSON, or is nested too deeply; the error has the place.
    pub fn parse(text: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text)
    }

    /// The members `names` of an object, in that order. `None` if this is no object, or if one of them
    /// comes twice.
    #[must_use]
    pub fn into_members<const N: usize>(self, names: [&str; N]) -> Option<[Option<Self>; N]> {
        let Self::Object(entries) = self else { return None };
        let mut members = [const { None }; N];
        for (key, value) in entries {
            let Some((_, slot)) = names.iter().zip(&mut members).find(|(name, _)| **name == key)
            else {
                continue;
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        Some(members)
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
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Whole(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Fraction(number))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
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
