//! Why the keys of an issuer cannot be had now. The log has these words; the caller does not get them.

use std::fmt;

use crate::base::limits::{ISSUER_ASK_SPACING, ISSUER_BODY_MAX_BYTES};

const _: () = assert!(
    ISSUER_BODY_MAX_BYTES == 256 * 1024 && ISSUER_ASK_SPACING.0 == 60 * 1000,
    "the words must say these numbers"
);

/// The keys of an issuer cannot be had now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IssuerOutage {
    /// Why.
    pub cause: IssuerFault,
    /// When the issuer may be asked again, or later.
    pub retry_after_secs: u64,
}

/// Why there are no keys, or none that are new enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IssuerFault {
    /// The metadata cannot be used.
    Metadata(DocumentFault),
    /// The key set cannot be used.
    Keys(DocumentFault),
    /// The JWT may be signed with a newer key, but the issuer may not be asked for it yet.
    AskedLately,
    /// Other requests of the isolate were asking for the keys, and none of them came to an end.
    NotInTime,
}

/// Why an issuer's metadata or key set cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DocumentFault {
    /// It did not come.
    Unreachable(IssuerUnreachable),
    /// Its URL is none from which keys may come.
    Url,
    /// It is no JSON, such as the HTML of a login page.
    NotJson,
    /// It is JSON, but no key set.
    NotKeySet,
    /// Metadata that names no issuer, or another one (RFC 8414 §3.3).
    OtherIssuer,
    /// Metadata without `jwks_uri`.
    NoKeysUrl,
    /// Metadata whose `jwks_uri` is none from which keys may come.
    KeysUrl,
    /// Metadata without `token_endpoint`.
    NoTokenEndpoint,
    /// Metadata whose `token_endpoint` is none to which a secret may go.
    TokenEndpoint,
    /// Metadata of a resource that name no resource, or another one (RFC 9728 §3.3).
    OtherResource,
    /// Metadata of a resource whose first authorization server is missing, or none that may be trusted.
    NoServer,
}

/// Why an issuer gave no document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IssuerUnreachable {
    /// There was no connection, or it broke before the answer began.
    NoConnection,
    /// The answer was not complete in time.
    TimedOut,
    /// The answer had this status, which is not 200.
    Status(u16),
    /// The answer is longer than [`ISSUER_BODY_MAX_BYTES`].
    TooLarge,
    /// The answer had the status 200, and the connection broke within it.
    CutOff,
}

impl From<IssuerUnreachable> for DocumentFault {
    fn from(fault: IssuerUnreachable) -> Self {
        Self::Unreachable(fault)
    }
}

/// Fixed words, and the status.
impl fmt::Display for IssuerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (document, fault) = match self {
            Self::Metadata(fault) => ("metadata: ", fault),
            Self::Keys(fault) => ("keys: ", fault),
            Self::AskedLately => {
                return f.write_str(
                    "no known key verifies the JWT, and the issuer was asked less than a minute ago",
                );
            }
            Self::NotInTime => {
                return f.write_str("other requests that ask for the keys did not end in time");
            }
        };
        f.write_str(document)?;
        fmt::Display::fmt(fault, f)
    }
}

impl fmt::Display for DocumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())?;
        match self {
            Self::Unreachable(IssuerUnreachable::Status(status)) => fmt::Display::fmt(status, f),
            _ => Ok(()),
        }
    }
}

impl DocumentFault {
    const fn words(self) -> &'static str {
        use IssuerUnreachable as U;
        match self {
            Self::Unreachable(U::NoConnection) => "no connection",
            Self::Unreachable(U::TimedOut) => "no answer in time",
            Self::Unreachable(U::Status(300..400)) => "a redirect, which is not followed: status ",
            Self::Unreachable(U::Status(_)) => "status ",
            Self::Unreachable(U::TooLarge) => "the answer is over 256 KiB",
            Self::Unreachable(U::CutOff) => "status 200, and the answer was cut off",
            Self::Url => "the URL is not https, or not plain",
            Self::NotJson => "the answer is not JSON",
            Self::NotKeySet => "the answer is JSON without a list of keys",
            Self::OtherIssuer => "the issuer in it is another one, or missing",
            Self::NoKeysUrl => "jwks_uri is missing",
            Self::KeysUrl => "jwks_uri in it is not https, or not plain",
            Self::NoTokenEndpoint => "token_endpoint is missing",
            Self::TokenEndpoint => "token_endpoint in it is not https, or not plain",
            Self::OtherResource => "the resource in it is another one, or missing",
            Self::NoServer => "its first authorization server is missing, not https, or not plain",
        }
    }
}
