//! stub
use crate::json::Json;
/// stub
#[derive(Debug)]
pub struct OneOf(pub Vec<Json>);
impl OneOf {
    /// stub
    #[must_use]
    pub fn new(v: Vec<Json>) -> Self {
        Self(v)
    }
}
/// stub
#[derive(Debug)]
#[expect(missing_docs, reason = "stub")]
pub struct Trust {
    pub issuer: String,
    pub audience: OneOf,
    pub subject: Option<OneOf>,
    pub claims: Vec<(String, OneOf)>,
    pub jwks_uri: Option<String>,
}

/// stub
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "stub")]
pub struct Identity {
    pub issuer: String,
    pub subject: Option<String>,
}
/// stub
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("stub")]
pub struct JwtFault;
impl JwtFault {
    /// stub
    #[must_use]
    pub const fn name(self) -> &'static str {
        "x"
    }
    /// stub
    #[must_use]
    pub const fn description(self) -> &'static str {
        "x"
    }
}
