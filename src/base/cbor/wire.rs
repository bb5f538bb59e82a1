//! The bytes of a value (RFC 8949 §3). A crate for all of CBOR takes ten times the wasm.

use super::Value;

/// The kinds of values, in the upper three bits of the first byte.
const WHOLE: u8 = 0;
const BYTES: u8 = 2 << 5;
const TEXT: u8 = 3 << 5;
const LIST: u8 = 4 << 5;
const KIND: u8 = 7 << 5;

/// The values of one byte.
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;

/// Appends the bytes of `value`.
pub(super) fn write(value: &Value, to: &mut Vec<u8>) {
    match value {
        Value::Whole(number) => head(WHOLE, *number, to),
        Value::Bytes(bytes) => string(BYTES, bytes, to),
        Value::Text(text) => string(TEXT, text.as_bytes(), to),
        Value::Bool(value) => to.push(if *value { TRUE } else { FALSE }),
        Value::Null => to.push(NULL),
        Value::List(items) => {
            head(LIST, items.len() as u64, to);
            for item in items {
                write(item, to);
            }
        }
    }
}

fn string(kind: u8, bytes: &[u8], to: &mut Vec<u8>) {
    head(kind, bytes.len() as u64, to);
    to.extend_from_slice(bytes);
}

/// The kind and its number, in the shortest form (§4.2.1).
fn head(kind: u8, number: u64, to: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let [.., last] = bytes;
    let (low_bits, from) = match number {
        0..24 => (last, 8),
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    to.push(kind | low_bits);
    to.extend_from_slice(bytes.get(from..).unwrap_or_default());
}

/// The value at the beginning of `from`, which is taken off, with at most `depth` arrays in each other.
pub(super) fn read(from: &mut &[u8], depth: usize) -> Option<Value> {
    let deeper = depth.checked_sub(1)?;
    let first = *from.split_off_first()?;
    match first {
        FALSE | TRUE => return Some(Value::Bool(first == TRUE)),
        NULL => return Some(Value::Null),
        _ => {}
    }
    let number = number(first & !KIND, from)?;
    let length = usize::try_from(number);
    Some(match first & KIND {
        WHOLE => Value::Whole(number),
        BYTES => Value::Bytes(from.split_off(..length.ok()?)?.to_vec()),
        TEXT => Value::Text(str::from_utf8(from.split_off(..length.ok()?)?).ok()?.to_owned()),
        LIST => {
            let mut items = Vec::new();
            for _ in 0..number {
                items.push(read(from, deeper)?);
            }
            Value::List(items)
        }
        _ => return None,
    })
}

/// The number that belongs to a first byte with these `low_bits`.
fn number(low_bits: u8, from: &mut &[u8]) -> Option<u64> {
    let length = match low_bits {
        0..24 => return Some(low_bits.into()),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let bytes = from.split_off(..length)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
