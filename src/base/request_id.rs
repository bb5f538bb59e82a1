//! The request id: one name for a request in the caller's log, the broker's, and Entra's.

use crate::base::cbor;
use crate::base::limits::REQUEST_ID_MAX_CHARS;

/// `X-Request-Id`, sent upstream as `client-request-id`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestId(String);

cbor::transparent!(RequestId);

impl RequestId {
    /// Takes over a caller's id if it is visible ASCII of at most [`REQUEST_ID_MAX_CHARS`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let valid = (1..=REQUEST_ID_MAX_CHARS).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_graphic());
        valid.then(|| Self(text.to_owned()))
    }

    /// A fresh UUID version 4 (RFC 9562 §5.4).
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
