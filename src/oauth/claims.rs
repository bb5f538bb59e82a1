//! The `claims` request parameter (Core §5.5 of `OpenID` Connect) as a continuous access evaluation
//! challenge has it.

use base64ct::{Base64Unpadded, Encoding};
use minicbor::{Decode, Encode};

use crate::base::json::Json;
use crate::base::limits::CLAIMS_MAX_BYTES;

/// A JSON object, as text; passed on as it came.
#[derive(Clone, Debug, Decode, Encode)]
#[cbor(transparent)]
pub struct Claims(#[n(0)] String);

/// Another JSON value than an object, no JSON, or more than [`CLAIMS_MAX_BYTES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("claims are malformed")]
pub struct MalformedClaims;

impl Claims {
    /// Takes over `text`: the JSON, or the base64 of it, as a challenge has it.
    ///
    /// # Errors
    /// [`MalformedClaims`].
    pub fn parse(text: &str) -> Result<Self, MalformedClaims> {
        if text.len() > CLAIMS_MAX_BYTES {
            return Err(MalformedClaims);
        }
        let decoded = decoded(text);
        let json = decoded.as_deref().unwrap_or(text);
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

/// Either alphabet, with or without padding: no JSON object is that.
fn decoded(text: &str) -> Option<String> {
    let text = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    String::from_utf8(Base64Unpadded::decode_vec(&text).ok()?).ok()
}
