//! The forms of Rust's own types.

use super::{Cbor, Value};

impl<T: Cbor> Cbor for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn of_value(value: Value) -> Option<Self> {
        if value == Value::Null { Some(None) } else { T::of_value(value).map(Some) }
    }
}

impl<T: Cbor> Cbor for Box<T> {
    fn to_value(&self) -> Value {
        (**self).to_value()
    }

    fn of_value(value: Value) -> Option<Self> {
        T::of_value(value).map(Self::new)
    }
}

impl Cbor for u64 {
    fn to_value(&self) -> Value {
        Value::Whole(*self)
    }

    fn of_value(value: Value) -> Option<Self> {
        match value {
            Value::Whole(number) => Some(number),
            _ => None,
        }
    }
}

/// Numbers of fewer bits.
macro_rules! narrow {
    ($($number:ident),+) => {$(
        impl Cbor for $number {
            fn to_value(&self) -> Value {
                Value::Whole((*self).into())
            }

            fn of_value(value: Value) -> Option<Self> {
                u64::of_value(value)?.try_into().ok()
            }
        }
    )+};
}

narrow!(u16, u32);

impl Cbor for bool {
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }

    fn of_value(value: Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }
}

impl Cbor for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }

    fn of_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Cbor for Vec<u32> {
    fn to_value(&self) -> Value {
        Value::List(self.iter().map(Cbor::to_value).collect())
    }

    fn of_value(value: Value) -> Option<Self> {
        match value {
            Value::List(items) => items.into_iter().map(Cbor::of_value).collect(),
            _ => None,
        }
    }
}

impl Cbor for Vec<u8> {
    fn to_value(&self) -> Value {
        Value::Bytes(self.clone())
    }

    fn of_value(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Cbor for [u8; 32] {
    fn to_value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }

    fn of_value(value: Value) -> Option<Self> {
        Vec::of_value(value)?.try_into().ok()
    }
}
