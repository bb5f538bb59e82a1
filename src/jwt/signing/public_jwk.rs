//! The public half of an RSA key, as others read it from a key set (RFC 7517 §5).

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

use super::PrivateKey;

/// A public JWK.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicJwk {
    /// The thumbprint of the key (RFC 7638), which is its `kid`.
    pub kid: String,
    /// The JWK as JSON text, for RS256.
    pub json: String,
}

/// The public JWK of an RSA key. `None` for other keys: what reads the key set takes RS256 alone.
#[must_use]
pub fn public_jwk(key: &PrivateKey) -> Option<PublicJwk> {
    let (modulus, exponent) = key.rsa_public()?;
    let n = Base64UrlUnpadded::encode_string(modulus);
    let e = Base64UrlUnpadded::encode_string(exponent);
    // The members that RFC 7638 §3.2 demands, in order.
    let required = [r#"{"e":""#, &e, r#"","kty":"RSA","n":""#, &n, "\""].concat();
    let digest = Sha256::new().chain_update(&required).chain_update("}").finalize();
    let kid = Base64UrlUnpadded::encode_string(&digest);
    let json = [&required, r#","kid":""#, &kid, r#"","use":"sig","alg":"RS256"}"#].concat();
    Some(PublicJwk { kid, json })
}
