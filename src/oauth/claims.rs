//! The request parameter `claims` (`OpenID` Connect Core §5.5), as a challenge of continuous access
//! evaluation contains it.

use base64ct::{Base64Unpadded, Encoding};
use minicbor::{Decode, Encode};

use crate::base::json::{BYTE_ORDER_MARK, Json};
use crate::base::limits::CLAIMS_MAX_BYTES;

/// A JSON object as text. It is passed on unchanged.
#[derive(Clone, Debug, Decode, Encode)]
#[cbor(transparent)]
pub struct Claims(#[n(0)] String);

/// The text is not a JSON object, or longer than [`CLAIMS_MAX_BYTES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("claims are malformed")]
pub struct MalformedClaims;

impl Claims {
    /// Parses the JSON, or the base64 of it, which is what a challenge contains.
    ///
    /// # Errors
    /// [`MalformedClaims`].
    pub fn parse(text: &str) -> Result<Self, MalformedClaims> {
        if text.len() > CLAIMS_MAX_BYTES {
            return Err(MalformedClaims);
        }
        let decoded = decoded(text);
        let json = decoded.as_deref().unwrap_or(text);
        // Upstream may be stricter about it than the broker.
        let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
        match Json::parse(json.as_bytes()) {
            Ok(Json::Object(_)) => Ok(Self(json.to_owned())),
            _ => Err(MalformedClaims),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Decodes base64 in either alphabet, with or without padding. No JSON object is valid base64.
fn decoded(text: &str) -> Option<String> {
    let text = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    String::from_utf8(Base64Unpadded::decode_vec(&text).ok()?).ok()
}
