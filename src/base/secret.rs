//! Secrets and tokens. `secrecy` keeps their texts: no `Display`, a `Debug` that says `REDACTED`, and
//! memory that is wiped when it is freed.
//!
//! `expose` is the only way to a text. Its callers keep the text out of logs and errors.

use std::rc::Rc;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::base::cbor;

/// An access token (RFC 6749 §1.4), opaque to the broker. Clones share one copy.
#[derive(Clone, Debug)]
pub struct AccessToken(Rc<Text>);

#[derive(Debug)]
struct Text {
    /// The token as a JSON string. Each response has it, so it is escaped only once.
    json: SecretString,
    /// The token itself, if escaping changes it. Issued tokens have nothing to escape.
    unescaped: Option<SecretString>,
}

impl AccessToken {
    /// Takes over `text`. `None` if it is not `1*VSCHAR` (RFC 6749 appendix A.12).
    #[must_use]
    pub fn parse(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        let valid = !text.is_empty() && text.bytes().all(|b| (0x20..=0x7e).contains(&b));
        let json = valid.then(|| json_string(&text))?;
        let is_longer = json.expose_secret().len() > text.len().saturating_add(2);
        let unescaped = is_longer.then(|| text.as_str().into());
        Some(Self(Rc::new(Text { json, unescaped })))
    }

    /// The token's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        let Text { json, unescaped } = &*self.0;
        let json = json.expose_secret();
        let quoted = || json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
        unescaped.as_ref().map_or_else(quoted, SecretString::expose_secret)
    }

    /// The token as a JSON string, in quotation marks.
    #[must_use]
    pub fn json(&self) -> &str {
        self.0.json.expose_secret()
    }

    /// Whether both are the same token. The comparison takes equally long for any two of one length.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other)
    }
}

impl Eq for AccessToken {}

/// `text`, which is printable ASCII, as a JSON string (RFC 8259 §7). It has its full capacity from the
/// start: a growing string would leave copies of the token behind.
fn json_string(text: &str) -> SecretString {
    let is_escaped = |c: &char| matches!(c, '"' | '\\');
    let escapes = text.chars().filter(is_escaped).count();
    let mut json = String::with_capacity(text.len().saturating_add(escapes).saturating_add(2));
    json.push('"');
    if escapes == 0 {
        json.push_str(text);
    } else {
        for c in text.chars() {
            if is_escaped(&c) {
                json.push('\\');
            }
            json.push(c);
        }
    }
    json.push('"');
    json.into()
}

/// The SHA-256 of an access token. It identifies the token without disclosing it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenDigest([u8; 32]);

cbor::transparent!(TokenDigest);

impl TokenDigest {
    /// The digest of `token`.
    #[must_use]
    pub fn of(token: &AccessToken) -> Self {
        Self(Sha256::digest(token.expose().as_bytes()).into())
    }
}

/// A secret by which the broker proves its identity to the authorization server.
#[derive(Debug)]
pub struct ClientSecret(SecretString);

impl ClientSecret {
    /// Takes over `text`.
    #[must_use]
    pub const fn new(text: SecretString) -> Self {
        Self(text)
    }

    /// The secret's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The client key or JWT that a caller presented to the broker, right or wrong.
#[derive(Debug)]
pub struct PresentedKey(SecretString);

impl PresentedKey {
    /// Takes over `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        if text.capacity() == text.len() {
            return Self(text.into());
        }
        // To give spare capacity back can move the text, and the old place would not be wiped.
        Self(Zeroizing::new(text).as_str().into())
    }

    /// The key's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}
