//! Keys of an issuer that are left out, and the words of the log for them.

use crate::base::limits::{
    JWT_KEY_ID_MAX_BYTES, KEY_SET_KEYS_MAX, RSA_EXPONENT_MAX_BYTES, RSA_MODULUS_MAX_BITS,
    RSA_MODULUS_MIN_BITS,
};

const _: () = assert!(
    RSA_MODULUS_MIN_BITS == 2048
        && RSA_MODULUS_MAX_BITS == 8192
        && RSA_EXPONENT_MAX_BYTES == 4
        && JWT_KEY_ID_MAX_BYTES == 256
        && KEY_SET_KEYS_MAX == 64,
    "the words must say these numbers"
);

/// Why the broker cannot use a key, or must not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unusable {
    /// It is no object, or a member comes twice.
    NotAnObject,
    /// It shows its private half. Once that is public, a signature proves nothing.
    PrivateHalf,
    /// `use` or `key_ops` is for something else (RFC 7517 §4.2, §4.3).
    Purpose,
    /// `kid` is over [`JWT_KEY_ID_MAX_BYTES`].
    KeyId,
    /// `kty` is of another kind, such as a shared secret.
    Type,
    /// `crv` is another one.
    Curve,
    /// `alg` is another one, or not of this kind of key.
    Algorithm,
    /// The RSA modulus is under [`RSA_MODULUS_MIN_BITS`].
    Short,
    /// The RSA modulus is over [`RSA_MODULUS_MAX_BITS`].
    Long,
    /// The RSA exponent is even, 1, or over [`RSA_EXPONENT_MAX_BYTES`].
    Exponent,
    /// A point for which anyone can sign.
    SmallOrder,
    /// This member is missing or malformed.
    Member(&'static str),
    /// It is beyond [`KEY_SET_KEYS_MAX`] keys that can be used.
    TooMany,
}

impl Unusable {
    /// Fixed words for the log, in two parts.
    pub(super) const fn words(self) -> [&'static str; 2] {
        let words = match self {
            Self::NotAnObject => "no JSON object with each member once",
            Self::PrivateHalf => "shows its private half",
            Self::Purpose => "use or key_ops is not for verifying",
            Self::KeyId => "kid is over 256 bytes",
            Self::Type => "kty is not RSA, EC or OKP",
            Self::Curve => "crv is not P-256 or Ed25519",
            Self::Algorithm => "alg is not RS256, PS256, ES256 or EdDSA, or not for such a key",
            Self::Short => "rsa modulus under 2048 bits",
            Self::Long => "rsa modulus over 8192 bits",
            Self::Exponent => "rsa exponent is even, 1, or over 4 bytes",
            Self::SmallOrder => "x is a point of small order",
            Self::Member(name) => return [name, " is missing or malformed"],
            Self::TooMany => "behind the first 64 keys",
        };
        [words, ""]
    }
}
