//! DER (X.690 §10), as far as keys and certificates need it. Nothing calls itself, and nothing is read
//! twice.

use zeroize::Zeroizing;

use crate::jwt::jwk::without_zeros;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]` around another value.
pub(super) const FIRST: u8 = 0xa0;

/// Values that follow each other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next value: its tag and its content.
    pub(super) fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let [tag, first, rest @ ..] = self.0 else { return None };
        let (length, rest) = match *first {
            short @ ..=0x7f => (usize::from(short), rest),
            0x81 => {
                let [length, rest @ ..] = rest else { return None };
                (usize::from(*length), rest)
            }
            0x82 => {
                let [high, low, rest @ ..] = rest else { return None };
                (usize::from(u16::from_be_bytes([*high, *low])), rest)
            }
            // Longer ones are not needed, and the indefinite length is not DER.
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The content of the next value, which must have this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    /// The values in the next one.
    pub(super) fn sequence(&mut self) -> Option<Self> {
        self.take(SEQUENCE).map(Self)
    }

    /// The next number, which must not be negative, without zeros in front.
    pub(super) fn number(&mut self) -> Option<&'a [u8]> {
        let number = self.take(INTEGER)?;
        number.first().is_some_and(u8::is_ascii).then_some(without_zeros(number))
    }
}

/// The values in the one that `der` is, with nothing behind it.
pub(super) fn whole(der: &[u8]) -> Option<Reader<'_>> {
    let mut reader = Reader(der);
    let content = reader.sequence()?;
    reader.0.is_empty().then_some(content)
}

/// The value with this tag that has `parts` as its content. `None` if it is too long.
pub(super) fn value(tag: u8, parts: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
    // At once: a buffer that grows would leave copies of the key behind.
    let mut value = Zeroizing::new(Vec::with_capacity(length.saturating_add(4)));
    value.push(tag);
    match (high, low) {
        (0, ..=0x7f) => value.push(low),
        (0, _) => value.extend([0x81, low]),
        _ => value.extend([0x82, high, low]),
    }
    for part in parts {
        value.extend_from_slice(part);
    }
    Some(value)
}
