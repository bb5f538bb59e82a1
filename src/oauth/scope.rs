//! Scope (RFC 6749 §3.3).

use crate::base::limits::SCOPE_MAX_BYTES;

/// A set of scope tokens. Their order and repetition carry no meaning (RFC 6749 §3.3),
/// so two spellings of one set compare equal and share a token.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ScopeSet(String);

/// The text is no scope: it is empty, too long, or has a character that RFC 6749 §3.3 forbids.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("scope is malformed")]
pub struct MalformedScope;

impl ScopeSet {
    /// Parses the wire form: tokens of `%x21 / %x23-5B / %x5D-7E`, separated by spaces.
    ///
    /// # Errors
    /// [`MalformedScope`] if the text is empty, over [`SCOPE_MAX_BYTES`], or has another character.
    pub fn parse(text: &str) -> Result<Self, MalformedScope> {
        if text.len() > SCOPE_MAX_BYTES || !text.bytes().all(is_scope_byte) {
            return Err(MalformedScope);
        }
        // Scopes have a handful of tokens; a general sort would cost 4 KB of wasm.
        let mut tokens: Vec<&str> = Vec::new();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            if let Err(place) = tokens.binary_search(&token) {
                tokens.insert(place, token);
            }
        }
        if tokens.is_empty() {
            return Err(MalformedScope);
        }
        Ok(Self(tokens.join(" ")))
    }

    /// The canonical wire form: sorted, each token once.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, b' ' | 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}
