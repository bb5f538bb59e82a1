//! CBOR (RFC 8949) as a tree: what isolates and coordinators say to each other, and what these store.
//!
//! One parser for all types takes a fifth of the wasm that one parser for each type takes.
//!
//! A record is an array of its fields in their order. Fields at the end that say nothing are left out,
//! so a later version may add some: a reader takes a missing one for null, and reads over those that it
//! does not know.

mod forms;
mod wire;

use std::vec;

/// Arrays within arrays. Deeper input is no message of the broker.
const DEPTH_MAX: usize = 12;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An unsigned number.
    Whole(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

/// What has a form in CBOR.
pub trait Cbor: Sized {
    /// The form.
    fn to_value(&self) -> Value;
    /// What has this form.
    fn of_value(value: Value) -> Option<Self>;
}

/// The bytes of `value`.
#[must_use]
pub fn to_vec(value: &impl Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire::write(&value.to_value(), &mut bytes);
    bytes
}

/// The value whose bytes these are, whatever follows them.
#[must_use]
pub fn of_slice<T: Cbor>(bytes: &[u8]) -> Option<T> {
    T::of_value(wire::read(&mut { bytes }, DEPTH_MAX)?)
}

/// The fields of a record, in their order.
pub struct Fields(vec::IntoIter<Value>);

impl Fields {
    /// The next field.
    pub fn take<T: Cbor>(&mut self) -> Option<T> {
        T::of_value(self.0.next().unwrap_or(Value::Null))
    }
}

impl Value {
    /// The record with these fields.
    #[must_use]
    pub fn record(mut fields: Vec<Self>) -> Self {
        while fields.last() == Some(&Self::Null) {
            fields.pop();
        }
        Self::List(fields)
    }

    /// The fields of a record.
    #[must_use]
    pub fn into_fields(self) -> Option<Fields> {
        match self {
            Self::List(fields) => Some(Fields(fields.into_iter())),
            _ => None,
        }
    }

    /// The variant `number` of an enum, with its fields.
    #[must_use]
    pub fn variant(number: u64, fields: Vec<Self>) -> Self {
        Self::List(vec![Self::Whole(number), Self::record(fields)])
    }

    /// The number of a variant, and its fields.
    #[must_use]
    pub fn into_variant(self) -> Option<(u64, Fields)> {
        let mut parts = self.into_fields()?;
        Some((parts.take()?, parts.0.next()?.into_fields()?))
    }
}

/// A record whose fields stand in this order. A field that did not exist from the beginning is an
/// [`Option`].
macro_rules! record {
    ($record:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::base::cbor::Cbor for $record {
            fn to_value(&self) -> $crate::base::cbor::Value {
                use $crate::base::cbor::{Cbor, Value};
                Value::record(vec![$(Cbor::to_value(&self.$field)),+])
            }

            fn of_value(value: $crate::base::cbor::Value) -> Option<Self> {
                let mut fields = value.into_fields()?;
                Some(Self { $($field: fields.take()?),+ })
            }
        }
    };
}

/// An enum without fields, whose variants have these numbers.
macro_rules! names {
    ($names:ident { $($number:literal => $variant:ident),+ $(,)? }) => {
        impl $crate::base::cbor::Cbor for $names {
            fn to_value(&self) -> $crate::base::cbor::Value {
                $crate::base::cbor::Value::Whole(match self { $(Self::$variant => $number),+ })
            }

            fn of_value(value: $crate::base::cbor::Value) -> Option<Self> {
                match value {
                    $($crate::base::cbor::Value::Whole($number) => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

/// A type with one field, which has the field's form.
macro_rules! transparent {
    ($($outer:ident),+) => {$(
        impl $crate::base::cbor::Cbor for $outer {
            fn to_value(&self) -> $crate::base::cbor::Value {
                $crate::base::cbor::Cbor::to_value(&self.0)
            }

            fn of_value(value: $crate::base::cbor::Value) -> Option<Self> {
                $crate::base::cbor::Cbor::of_value(value).map(Self)
            }
        }
    )+};
}

pub(crate) use {names, record, transparent};
