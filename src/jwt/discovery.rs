//! An issuer's metadata (`OpenID` Connect Discovery 1.0 §4, RFC 8414).

use crate::base::json::Json;
use crate::base::origin;

/// The URL of the metadata of `issuer`, or nothing if the issuer is no trustworthy URL.
#[must_use]
pub fn metadata_url(issuer: &str) -> Option<String> {
    if !origin::is_trustworthy(issuer) || issuer.contains('?') {
        return None;
    }
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    Some([base, "/.well-known/openid-configuration"].concat())
}

/// `jwks_uri` in the metadata of `issuer`. Nothing if the metadata is another issuer's (RFC 8414
/// §3.3), or if the URL is not trustworthy.
#[must_use]
pub fn jwks_uri(metadata: &[u8], issuer: &str) -> Option<String> {
    let [stated, uri] = Json::parse(metadata).ok()?.into_members(["issuer", "jwks_uri"])?;
    let uri = uri?.into_text()?;
    // Plain http is for an issuer on this machine that has its keys on this machine.
    let as_secure = uri.starts_with("https:") || issuer.starts_with("http:");
    let good = stated?.into_text()? == issuer && as_secure && origin::is_trustworthy(&uri);
    good.then_some(uri)
}
