//! Percent-encoding (RFC 3986 §2.1).

/// Whether two hexadecimal digits follow each `%`.
#[must_use]
pub fn is_well_formed(text: &str) -> bool {
    let mut behind = text.split('%').skip(1);
    behind.all(|rest| matches!(rest.as_bytes(), [high, low, ..] if octet(*high, *low).is_some()))
}

/// The bytes of `text`, decoded once. A `%` without two digits behind it stands for itself.
pub fn decoded(text: &str) -> impl Iterator<Item = u8> {
    let mut bytes = text.as_bytes();
    std::iter::from_fn(move || {
        let (byte, rest) = match bytes {
            [b'%', high, low, rest @ ..] => match octet(*high, *low) {
                Some(byte) => (byte, rest),
                None => (b'%', bytes.get(1..)?),
            },
            [byte, rest @ ..] => (*byte, rest),
            [] => return None,
        };
        bytes = rest;
        Some(byte)
    })
}

/// `bytes`, decoded until nothing changes any more. The order does not count: no two encoded bytes overlap.
#[must_use]
pub fn fully_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in bytes {
        out.push(byte);
        // What is decoded can be the last digit of another one.
        while let [before @ .., b'%', high, low] = out.as_slice() {
            let Some(byte) = octet(*high, *low) else { break };
            out.truncate(before.len());
            out.push(byte);
        }
    }
    out
}

fn octet(high: u8, low: u8) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(high)? << 4) | digit(low)?)
}
