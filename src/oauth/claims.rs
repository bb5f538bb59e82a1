//! The `claims` request parameter (Core §5.5 of `OpenID` Connect) as a continuous access evaluation
//! challenge has it.

use minicbor::{Decode, Encode};

use crate::error::RequestFault;
use crate::json::Json;
use crate::limits::CLAIMS_MAX_BYTES;

/// A JSON object, as text; passed on as it came.
#[derive(Clone, Debug, Decode, Encode)]
#[cbor(transparent)]
pub struct Claims(#[n(0)] String);

impl Claims {
    /// Takes over `text`.
    ///
    /// # Errors
    /// Another JSON value, no JSON, or more than [`CLAIMS_MAX_BYTES`].
    pub fn parse(text: &str) -> Result<Self, RequestFault> {
        let fits = text.len() <= CLAIMS_MAX_BYTES;
        match fits.then(|| Json::parse(text.as_bytes())) {
            Some(Ok(Json::Object(_))) => Ok(Self(text.to_owned())),
            _ => Err(RequestFault::Claims),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
