//! The private keys with which the broker signs.

/// Longest text of a private key with its certificates: the longest value of Secrets Store. A key of 4096
/// bits with a chain of three has 10 kB.
pub const SIGNING_TEXT_MAX_BYTES: usize = 64 * 1024;
/// Longest modulus of an RSA key that signs. A longer one costs many milliseconds of CPU time for each
/// signature, and a Worker of the free plan has ten.
pub const SIGNING_MODULUS_MAX_BITS: usize = 4096;
const _: () = assert!(
    super::RSA_MODULUS_MIN_BITS <= SIGNING_MODULUS_MAX_BITS
        && SIGNING_MODULUS_MAX_BITS <= super::RSA_MODULUS_MAX_BITS,
    "the broker must be able to verify what it signs"
);
