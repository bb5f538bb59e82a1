//! CBOR (RFC 8949) as a tree: what isolates and coordinators say to each other, and what these store.
//!
//! One parser for all types takes a fifth of the wasm that one parser for each type takes.
//!
//! A record is an array of its fields in their order. Fields at the end that say nothing are left out,
//! so a later version may add some: a reader takes a missing one for null, and reads over those that it
//! does not know.

mod forms;

use std::vec;

use minicbor::Encoder;
use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

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
    let mut encoder = Encoder::new(Vec::new());
    write(&value.to_value(), &mut encoder);
    encoder.into_writer()
}

/// The value whose bytes these are, whatever follows them.
#[must_use]
pub fn of_slice<T: Cbor>(bytes: &[u8]) -> Option<T> {
    T::of_value(read(&mut Decoder::new(bytes), DEPTH_MAX).ok()?)
}

/// Writing into a `Vec` does not fail.
fn write(value: &Value, to: &mut Encoder<Vec<u8>>) {
    let _ = match value {
        Value::Whole(number) => to.u64(*number),
        Value::Bytes(bytes) => to.bytes(bytes),
        Value::Text(text) => to.str(text),
        Value::Bool(value) => to.bool(*value),
        Value::Null => to.null(),
        Value::List(items) => {
            let _ = to.array(items.len() as u64);
            for item in items {
                write(item, to);
            }
            return;
        }
    };
}

fn read(from: &mut Decoder<'_>, depth: usize) -> Result<Value, Error> {
    let Some(deeper) = depth.checked_sub(1) else { return Err(Error::message("")) };
    Ok(match from.datatype()? {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Value::Whole(from.u64()?),
        Type::Bytes => Value::Bytes(from.bytes()?.to_vec()),
        Type::String => Value::Text(from.str()?.to_owned()),
        Type::Bool => Value::Bool(from.bool()?),
        Type::Null => {
            from.null()?;
            Value::Null
        }
        Type::Array => {
            let mut left = from.array()?.ok_or_else(|| Error::message(""))?;
            let mut items = Vec::new();
            while left > 0 {
                items.push(read(from, deeper)?);
                left = left.saturating_sub(1);
            }
            Value::List(items)
        }
        _ => return Err(Error::message("")),
    })
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
