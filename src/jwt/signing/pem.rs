//! PEM (RFC 7468), as it is pasted: with text around the blocks, lines of any width, and line breaks
//! that became spaces or the two characters `\n`.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::KeyFault;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// One block. Its text is not decoded yet.
pub(super) struct Block<'a> {
    /// Such as `PRIVATE KEY`.
    pub(super) label: &'a str,
    body: &'a str,
}

/// The next block of `text`, which moves behind it.
pub(super) fn next<'a>(text: &mut &'a str) -> Result<Option<Block<'a>>, KeyFault> {
    let Some((_, rest)) = text.split_once(BEGIN) else { return Ok(None) };
    let (label, rest) = rest.split_once(DASHES).ok_or(KeyFault::CutOff)?;
    let (body, rest) = rest.split_once(END).ok_or(KeyFault::CutOff)?;
    let rest = rest.strip_prefix(label).and_then(|rest| rest.strip_prefix(DASHES));
    *text = rest.ok_or(KeyFault::CutOff)?;
    Ok(Some(Block { label, body }))
}

impl Block<'_> {
    /// Whether the key is under a password: PKCS#8 says so in the label, older forms in a header (RFC 1421
    /// §4.6.1.1).
    pub(super) fn is_encrypted(&self) -> bool {
        self.label.starts_with("ENCRYPTED") || self.body.contains(",ENCRYPTED")
    }

    /// The bytes, or `None` if this is not base64.
    pub(super) fn decoded(&self) -> Option<Zeroizing<Vec<u8>>> {
        // Both have their length at once: a buffer that grows would leave copies of the key behind.
        let mut base64 = Zeroizing::new(String::with_capacity(self.body.len()));
        let mut bytes = self.body.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => matches!(bytes.next()?, b'n' | b'r').then_some(())?,
                _ if byte.is_ascii_whitespace() => {}
                _ if byte.is_ascii() => base64.push(char::from(byte)),
                _ => return None,
            }
        }
        let mut decoded = Zeroizing::new(vec![0; base64.len()]);
        let length = Base64::decode(base64.as_str(), &mut decoded).ok()?.len();
        decoded.truncate(length);
        Some(decoded)
    }
}
