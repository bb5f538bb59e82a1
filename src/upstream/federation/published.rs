//! What the broker publishes of its own issuer.

use crate::jwt::signing::PublicJwk;

/// The public part of the broker's own issuer.
#[derive(Debug)]
pub struct Published {
    /// `ISSUER`, if it is set.
    pub issuer: Option<String>,
    /// The public keys, as JSON text (RFC 7517 §5).
    pub keys: String,
}

impl Published {
    /// This issuer, and these public keys.
    #[must_use]
    pub fn new(issuer: Option<String>, keys: &[PublicJwk]) -> Self {
        let keys: Vec<_> = keys.iter().map(|key| key.json.as_str()).collect();
        Self { issuer, keys: ["{\"keys\":[", &keys.join(","), "]}"].concat() }
    }
}
