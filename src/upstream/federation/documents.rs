//! What the broker publishes of its own issuer (`OpenID` Connect Discovery 1.0 §3, RFC 8414, RFC 7517
//! §5). Everybody may read it.

use crate::jwt::signing::PublicJwk;

/// The path of the metadata behind the issuer.
pub const METADATA_PATH: &str = "/.well-known/openid-configuration";
/// The path of the public keys.
pub const KEYS_PATH: &str = "/.well-known/jwks.json";

/// The documents, as JSON text.
#[derive(Debug)]
pub struct Documents {
    /// The metadata. `None` without an issuer.
    pub metadata: Option<String>,
    /// The public keys.
    pub keys: String,
}

impl Documents {
    /// The documents of `issuer`, with these public keys.
    #[must_use]
    pub fn new(issuer: Option<&str>, keys: &[PublicJwk]) -> Self {
        let keys: Vec<_> = keys.iter().map(|key| key.json.as_str()).collect();
        Self {
            metadata: issuer.map(metadata),
            keys: ["{\"keys\":[", &keys.join(","), "]}"].concat(),
        }
    }
}

/// An issuer is an origin, so it is JSON text as it is.
fn metadata(issuer: &str) -> String {
    [
        r#"{"issuer":""#,
        issuer,
        r#"","jwks_uri":""#,
        issuer,
        KEYS_PATH,
        r#"","token_endpoint":""#,
        issuer,
        r#"/oauth2/v2.0/token","revocation_endpoint":""#,
        issuer,
        r#"/revoke","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"],"grant_types_supported":["client_credentials"],"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post","private_key_jwt"],"token_endpoint_auth_signing_alg_values_supported":["RS256","PS256","ES256","EdDSA"]}"#,
    ]
    .concat()
}
