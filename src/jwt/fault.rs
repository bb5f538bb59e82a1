//! Why a JWT is refused.

use super::IssuerOutage;
use crate::base::limits::{ASSERTION_LIFETIME_MAX, JWT_ID_MAX_BYTES, JWT_MAX_BYTES};

const _: () = assert!(
    JWT_MAX_BYTES == 16 * 1024
        && JWT_ID_MAX_BYTES == 256
        && ASSERTION_LIFETIME_MAX.0 == 60 * 60 * 1000,
    "the descriptions must say these numbers"
);

/// Why a JWT does not prove the caller's identity. Its texts are fixed words, without a value of the
/// JWT.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JwtFault {
    /// Longer than [`JWT_MAX_BYTES`].
    TooLong,
    /// Not a signed JWT in compact form (RFC 7515 §7.1), or a member comes twice.
    Malformed,
    /// `crit` is present, and the broker knows no extension (RFC 7515 §4.1.11).
    Critical,
    /// Unsigned, signed with a shared secret, or signed by an unknown algorithm.
    Algorithm,
    /// `typ` is of another use (RFC 8725 §3.11).
    Type,
    /// `iss` is not a trusted issuer.
    Issuer,
    /// `iss` differs from a trusted issuer by one slash at the end. Only the log tells.
    IssuerSlash,
    /// The JWT is issued by its own subject. It is a client assertion, but is presented as a bearer
    /// token.
    SelfIssued,
    /// `aud` does not name this broker.
    Audience,
    /// `sub` is not permitted.
    Subject,
    /// Another claim is not permitted.
    Claim,
    /// `exp` is missing, or an instant is malformed.
    Time,
    /// `exp` has passed.
    Expired,
    /// `nbf` or `iat` is in the future.
    NotYetValid,
    /// A client assertion that expires too late.
    Lifetime,
    /// A client assertion without a usable `jti`.
    AssertionId,
    /// A client assertion that was used before.
    Replayed,
    /// A client assertion with which another request works. This is temporary.
    UnderWay,
    /// The memory has no room for another client assertion.
    TooManyAssertions,
    /// No key of the issuer has this `kid`; or the JWT has none, and no key fits.
    KeyUnknown,
    /// The key of this `kid` is left out of the key set: the broker cannot use it, or must not.
    KeyUnusable,
    /// More keys fit than the broker tries.
    KeyAmbiguous,
    /// The key is for another algorithm (RFC 8725 §3.1).
    KeyAlgorithm,
    /// The signature does not verify.
    Signature,
    /// The keys of the issuer cannot be had now. The same JWT may be good later.
    KeysUnavailable(IssuerOutage),
}

/// One description for every JWT without a good signature of a trusted issuer. So it reveals neither
/// which clients exist nor which issuers they trust. The log has the fault's own name.
const NOT_GENUINE: &str = "the JWT is not of an issuer that the client trusts, or is not signed with \
     one of its keys (kid, alg)";

impl JwtFault {
    /// The fault's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// The fault and what to do, for the caller.
    #[must_use]
    pub const fn description(self) -> &'static str {
        self.words().1
    }

    /// Whether the JWT has no good signature of a trusted issuer. All these faults have one
    /// description, so it reveals neither which clients exist nor which issuers they trust.
    #[must_use]
    pub fn is_not_genuine(self) -> bool {
        self.description() == NOT_GENUINE
    }

    /// Whether the fault reveals what the configuration requires. Only a caller with a good signature
    /// of the issuer may learn that.
    #[must_use]
    pub const fn tells_configuration(self) -> bool {
        matches!(self, Self::Audience | Self::Subject | Self::Claim)
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::TooLong => ("jwt_too_long", "the JWT is over 16 KiB"),
            Self::Malformed => (
                "jwt_malformed",
                "the JWT is not header.payload.signature in base64url without padding, each JSON \
                 object with every member once",
            ),
            Self::Critical => ("jwt_critical", "the JWT has critical extensions; send one without"),
            Self::Algorithm => {
                ("jwt_algorithm", "the JWT must be signed with RS256, PS256, ES256 or EdDSA")
            }
            Self::Type => ("jwt_type", "the typ of the JWT is for another use"),
            Self::Issuer => ("jwt_issuer", NOT_GENUINE),
            Self::IssuerSlash => ("jwt_issuer_slash", NOT_GENUINE),
            Self::SelfIssued => (
                "jwt_self_issued",
                "the JWT is issued by its own subject; send it as client_assertion",
            ),
            Self::Audience => (
                "jwt_audience",
                "the JWT is not for this broker; ask its issuer for the audience that the client's \
                 configuration names",
            ),
            Self::Subject => ("jwt_subject", "the subject (sub) of the JWT is not permitted"),
            Self::Claim => ("jwt_claim", "a claim of the JWT is missing or not permitted"),
            Self::Time => ("jwt_time", "exp is missing, or an instant in the JWT is not valid"),
            Self::Expired => ("jwt_expired", "the JWT has expired; get a new one"),
            Self::NotYetValid => {
                ("jwt_not_yet_valid", "the JWT is not valid yet; check the clocks")
            }
            Self::Lifetime => ("jwt_lifetime", "a client assertion must expire within an hour"),
            Self::AssertionId => ("jwt_id", "a client assertion must have a jti of 1 to 256 bytes"),
            Self::Replayed => {
                ("jwt_replayed", "the client assertion was used before; make a new one")
            }
            // `PresentedJwt::refusal` has other errors for these, with words of their own.
            Self::UnderWay | Self::TooManyAssertions | Self::KeysUnavailable(_) => {
                ("jwt_later", "retry later")
            }
            Self::KeyUnknown => ("jwt_key_unknown", NOT_GENUINE),
            Self::KeyUnusable => ("jwt_key_unusable", NOT_GENUINE),
            Self::KeyAmbiguous => ("jwt_key_ambiguous", NOT_GENUINE),
            Self::KeyAlgorithm => ("jwt_key_algorithm", NOT_GENUINE),
            Self::Signature => ("jwt_signature", NOT_GENUINE),
        }
    }
}
