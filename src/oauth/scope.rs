//! Scope (RFC 6749 §3.3).

use crate::base::json::Json;
use crate::base::limits::{GRANTED_SCOPE_MAX_BYTES, SCOPE_MAX_BYTES};

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
        Self::within(SCOPE_MAX_BYTES, text)
    }

    /// The scope of a grant whose server knows none.
    #[must_use]
    pub const fn none() -> Self {
        Self(String::new())
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The scope of a grant as the broker keeps it, where an empty text means [none](Self::none).
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn of_grant(text: &str) -> Result<Self, MalformedScope> {
        if text.is_empty() { Ok(Self::none()) } else { Self::parse(text) }
    }

    /// For logs and people.
    #[must_use]
    pub fn shown(&self) -> &str {
        if self.is_none() { "no scope" } else { &self.0 }
    }

    /// The `scope` of a token response (RFC 6749 §5.1): a text, of some servers a list. `None` if
    /// it says nothing that a caller could be told.
    #[must_use]
    pub fn granted(scope: Json) -> Option<Self> {
        let text = match scope {
            Json::List(tokens) => {
                let tokens: Option<Vec<_>> = tokens.into_iter().map(Json::into_text).collect();
                tokens?.join(" ")
            }
            scope => scope.into_text()?,
        };
        Self::stored(&text)
    }

    /// A granted scope as the broker keeps it. `None` if it is malformed.
    #[must_use]
    pub fn stored(text: &str) -> Option<Self> {
        Self::within(GRANTED_SCOPE_MAX_BYTES, text).ok()
    }

    fn within(max_bytes: usize, text: &str) -> Result<Self, MalformedScope> {
        if text.len() > max_bytes || !text.bytes().all(is_scope_byte) {
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

    /// Whether this is the scope of `resource` (RFC 8707 §2) and of nothing else, as Entra names
    /// it: the resource and `/.default`. A slash at the resource's end does not count.
    #[must_use]
    pub fn is_default_of(&self, resource: &str) -> bool {
        let own = self.0.strip_suffix("/.default").filter(|own| !own.contains(' '));
        own.is_some_and(|own| without_slash(own) == without_slash(resource))
    }
}

/// A resource without the slash at its end.
#[must_use]
pub fn without_slash(resource: &str) -> &str {
    resource.strip_suffix('/').unwrap_or(resource)
}

const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, b' ' | 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}
