//! Secrets and tokens: no `Display`, a `Debug` that says `REDACTED`, zeroized when dropped.
//!
//! `expose` is the only way to the text; whoever calls it must not let it reach a log or an error.

use std::fmt;
use std::rc::Rc;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// An access token (RFC 6749 §1.4), opaque to the broker. Clones share one copy.
#[derive(Clone, Eq, PartialEq)]
pub struct AccessToken(Rc<Text>);

#[derive(Eq, PartialEq)]
struct Text {
    /// As a JSON string: escaped once, and not for each response.
    json: Zeroizing<String>,
    /// Where that is more than quotation marks around it; no token that anybody issues.
    unescaped: Option<Zeroizing<String>>,
}

impl AccessToken {
    /// Takes over `text`, or nothing where it is not `1*VSCHAR` (RFC 6749 appendix A.12).
    #[must_use]
    pub fn parse(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        let valid = !text.is_empty() && text.bytes().all(|b| (0x20..=0x7e).contains(&b));
        let json = Zeroizing::new(serde_json::to_string(text.as_str()).ok().filter(|_| valid)?);
        let unescaped = (json.len() > text.len().saturating_add(2)).then_some(text);
        Some(Self(Rc::new(Text { json, unescaped })))
    }

    /// The token's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        let Text { json, unescaped } = &*self.0;
        let quoted = || json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
        unescaped.as_deref().map_or_else(quoted, String::as_str)
    }

    /// The token as a JSON string, in quotation marks.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0.json
    }

    /// Whether both are the same token; takes equally long for any two of one length.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

/// The SHA-256 of an access token: which one it is, for those who need not know it.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq)]
#[cbor(transparent)]
pub struct TokenDigest(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

impl TokenDigest {
    /// The digest of `token`.
    #[must_use]
    pub fn of(token: &AccessToken) -> Self {
        Self(Sha256::digest(token.expose().as_bytes()).into())
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(REDACTED)")
    }
}

/// The secret with which the broker authenticates itself to the authorization server.
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Takes over `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(REDACTED)")
    }
}

/// The key that a caller presented to the broker, right or wrong.
pub struct PresentedKey(Zeroizing<String>);

impl PresentedKey {
    /// Takes over `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The key's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PresentedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedKey(REDACTED)")
    }
}
