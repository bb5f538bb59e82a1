//! Signature algorithms (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864).

use crate::base::limits::{CURVE_BYTES, RSA_MODULUS_MAX_BITS, RSA_MODULUS_MIN_BITS};

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

/// Bytes of a signature on P-256 or Ed25519.
pub(super) const TWO_NUMBERS: usize = 2 * CURVE_BYTES;

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

    /// `alg`. Ed25519 has its old name, which all servers know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether `signature` can be one by this algorithm, of any key that the broker uses: its length is
    /// right, and on P-256 neither r nor s is zero. Some verifiers have accepted zeros (CVE-2022-21449).
    #[must_use]
    pub fn may_have_made(self, signature: &[u8]) -> bool {
        let halves_are_numbers = || {
            let mut halves = signature.chunks(CURVE_BYTES);
            halves.all(|half| half.iter().any(|byte| *byte != 0))
        };
        let bits = signature.len().saturating_mul(8);
        match self {
            // A signature is as long as the modulus, in whole bytes.
            Self::Rs256 | Self::Ps256 => {
                (RSA_MODULUS_MIN_BITS..=RSA_MODULUS_MAX_BITS).contains(&bits)
            }
            Self::Es256 => signature.len() == TWO_NUMBERS && halves_are_numbers(),
            Self::EdDsa => signature.len() == TWO_NUMBERS,
        }
    }
}
