//! Why the keys of an issuer cannot be had now. The log has these words; the caller does not get them.

use crate::base::limits::ISSUER_BODY_MAX_BYTES;

/// The keys of an issuer cannot be had now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IssuerOutage {
    /// Why.
    pub cause: IssuerFault,
    /// When the issuer may be asked again, or later.
    pub retry_after_secs: u64,
}

/// Why there are no keys, or none that are new enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IssuerFault {
    /// The metadata cannot be used.
    #[error("metadata: {0}")]
    Metadata(DocumentFault),
    /// The key set cannot be used.
    #[error("keys: {0}")]
    Keys(DocumentFault),
    /// The JWT may be signed with a newer key, but the issuer may not be asked for it yet.
    #[error("no known key verifies the JWT, and the issuer was asked less than a minute ago")]
    AskedLately,
    /// Other requests of the isolate were asking for the keys, and none of them came to an end.
    #[error("other requests that ask for the keys did not end in time")]
    NotInTime,
}

/// Why an issuer's metadata or key set cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DocumentFault {
    /// It did not come.
    #[error(transparent)]
    Unreachable(#[from] IssuerUnreachable),
    /// Its URL is none from which keys may come.
    #[error("the URL is not https, or not plain")]
    Url,
    /// It is no JSON, such as the HTML of a login page.
    #[error("the answer is not JSON")]
    NotJson,
    /// It is JSON, but no key set.
    #[error("the answer is JSON without a list of keys")]
    NotKeySet,
    /// Metadata that names no issuer, or another one (RFC 8414 §3.3).
    #[error("the issuer in it is another one, or missing")]
    OtherIssuer,
    /// Metadata without `jwks_uri`.
    #[error("jwks_uri is missing")]
    NoKeysUrl,
    /// Metadata whose `jwks_uri` is none from which keys may come.
    #[error("jwks_uri in it is not https, or not plain")]
    KeysUrl,
}

/// Why an issuer gave no document.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IssuerUnreachable {
    /// There was no connection, or it broke.
    #[error("no connection")]
    NoConnection,
    /// The answer was not complete in time.
    #[error("no answer in time")]
    TimedOut,
    /// The answer had this status, which is not 200.
    #[error("{}status {}", how(*.0), .0)]
    Status(u16),
    /// The answer is longer than [`ISSUER_BODY_MAX_BYTES`].
    #[error("the answer is over {} KiB", ISSUER_BODY_MAX_BYTES / 1024)]
    TooLarge,
}

const fn how(status: u16) -> &'static str {
    if matches!(status, 300..400) { "a redirect, which is not followed: " } else { "" }
}
