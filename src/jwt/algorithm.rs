//! Signature algorithms (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864).

/// How a JWT is signed: with a private key. There is no `none`, and no shared secret for which a
/// public key could be taken (RFC 8725 §2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256. The signature is r, then s (RFC 7518 §3.4).
    Es256,
    /// Ed25519, by its old name `EdDSA` or its new one.
    EdDsa,
}

impl Algorithm {
    /// The algorithm that `alg` names. Case counts.
    #[must_use]
    pub fn parse(alg: &str) -> Option<Self> {
        match alg {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}
