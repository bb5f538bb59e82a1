//! Percent-encoding, one level after the other.

/// `text`, and what it is decoded once, twice and so on, until nothing changes: at least two.
pub fn levels(text: &[u8]) -> Vec<Vec<u8>> {
    let mut levels = vec![text.to_vec(), decoded(text)];
    while levels[levels.len() - 1] != levels[levels.len() - 2] {
        levels.push(decoded(&levels[levels.len() - 1]));
    }
    levels
}

pub fn decoded(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let octet = if bytes[at] == b'%' { digits(&bytes[at + 1..]) } else { None };
        out.push(octet.unwrap_or(bytes[at]));
        at += if octet.is_some() { 3 } else { 1 };
    }
    out
}

/// The byte of two hexadecimal digits.
pub fn digits(bytes: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(bytes.get(..2)?).ok()?;
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hex { u8::from_str_radix(digits, 16).ok() } else { None }
}
