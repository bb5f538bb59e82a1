//! Why the broker cannot sign with what the configuration holds.

use crate::base::limits::{RSA_MODULUS_MIN_BITS, SIGNING_MODULUS_MAX_BITS, SIGNING_TEXT_MAX_BYTES};

const _: () = assert!(
    RSA_MODULUS_MIN_BITS == 2048
        && SIGNING_MODULUS_MAX_BITS == 4096
        && SIGNING_TEXT_MAX_BYTES == 64 * 1024,
    "the words must say these numbers"
);

/// What is wrong with a private key or its certificate, and what to do. Fixed words, which follow the
/// name of a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyFault {
    /// Longer than [`SIGNING_TEXT_MAX_BYTES`].
    #[error("must be at most 64 KiB")]
    TooLong,
    /// Without any `-----BEGIN`, and no JSON.
    #[error(
        "must be PEM, which begins with -----BEGIN (a private key alone may be a JWK); convert a .pfx file with openssl pkcs12 -in FILE -nodes -out FILE.pem"
    )]
    NotPem,
    /// A `-----BEGIN` line without its `-----END` line.
    #[error("is cut off before its -----END line: copy the whole file")]
    CutOff,
    /// No private key in PEM.
    #[error("has no private key: put the block -----BEGIN PRIVATE KEY----- into it")]
    NoKey,
    /// No certificate in PEM.
    #[error(
        "has no certificate: put the block -----BEGIN CERTIFICATE----- into it, beside the private key"
    )]
    NoCertificate,
    /// More than one private key.
    #[error("has several private keys: leave one of them")]
    SeveralKeys,
    /// More than one certificate of the private key.
    #[error("has several certificates of its private key: leave the one that the server knows")]
    SeveralCertificates,
    /// A private key under a password.
    #[error(
        "has an encrypted private key: openssl pkey -in FILE -out FILE.pem asks for the password and writes it without"
    )]
    Encrypted,
    /// `OPENSSH PRIVATE KEY`.
    #[error("has a private key in the format of OpenSSH: make one with openssl genpkey")]
    OpenSsh,
    /// A public key where the private one should be.
    #[error("has a public key and no private key: take the private half of the pair")]
    PublicKey,
    /// A certificate request where a certificate or a private key should be.
    #[error("has a certificate request and no private key: take the file of the private key")]
    Request,
    /// The private key's base64 or DER.
    #[error("has a damaged private key: copy the file again, without any change")]
    DamagedKey,
    /// A certificate's base64 or DER.
    #[error("has a damaged certificate: copy the file again, without any change")]
    DamagedCertificate,
    /// Another kind of key.
    #[error("has a private key of another kind than RSA, P-256 and Ed25519: make one of these")]
    Kind,
    /// Another curve, or one that is written out.
    #[error("has a private key on another curve than P-256 and Ed25519: make one on these, or RSA")]
    Curve,
    /// Another key than RSA beside a certificate.
    #[error(
        "must have an RSA key and its certificate, as servers take no other kind: make a key of 2048 to 4096 bits"
    )]
    NotRsa,
    /// The RSA modulus is under [`RSA_MODULUS_MIN_BITS`].
    #[error("has an RSA key under 2048 bits: make one of 2048 to 4096 bits")]
    Short,
    /// The RSA modulus is over [`SIGNING_MODULUS_MAX_BITS`].
    #[error("has an RSA key over 4096 bits: make one of 2048 to 4096 bits")]
    Long,
    /// No certificate is of the private key.
    #[error("has a certificate of another private key: put the pair that belongs together into it")]
    Mismatch,
    /// Text that begins with `{` and is no JSON object with each member once.
    #[error("is not a JWK: a JSON object with each member once")]
    JwkMalformed,
    /// `kty`.
    #[error(
        "must be a JWK whose kty is RSA, EC or OKP, and no set of keys and no key file of another format"
    )]
    JwkKind,
    /// A shared secret: `kty` is `oct`.
    #[error("is a JWK with a shared secret (oct): make a private key, RSA, P-256 or Ed25519")]
    JwkSymmetric,
    /// No `d`.
    #[error("is the public half of a JWK: take the private one, which has d")]
    JwkPublic,
    /// `use` or `key_ops`.
    #[error("is a JWK that is not for signing (use, key_ops)")]
    JwkPurpose,
    /// `alg` is unknown, or for another kind of key.
    #[error("is a JWK whose alg is not RS256, PS256, ES256 or EdDSA, or not for its kind of key")]
    JwkAlgorithm,
    /// A member is missing or malformed.
    #[error("is a JWK with a missing or malformed member: export it again")]
    JwkMember,
    /// Some of the five members for the primes.
    #[error(
        "is a JWK with some of p, q, dp, dq and qi, or with oth: it must have all five, or none of them"
    )]
    JwkPrimes,
}
