//! An issuer's metadata (`OpenID` Connect Discovery 1.0 §4, RFC 8414).

use super::DocumentFault;
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

/// `jwks_uri` in the metadata of `issuer`.
///
/// # Errors
/// The metadata is another issuer's (RFC 8414 §3.3), or keys must not come from that URL.
pub fn jwks_uri(metadata: &[u8], issuer: &str) -> Result<String, DocumentFault> {
    let json = Json::parse(metadata).map_err(|_| DocumentFault::NotJson)?;
    let members = json.into_members(["issuer", "jwks_uri"]);
    let [stated, uri] = members.ok_or(DocumentFault::OtherIssuer)?;
    if stated.and_then(Json::into_text).is_none_or(|stated| stated != issuer) {
        return Err(DocumentFault::OtherIssuer);
    }
    let uri = uri.and_then(Json::into_text).ok_or(DocumentFault::NoKeysUrl)?;
    if origin::is_trustworthy_of(&uri, issuer) { Ok(uri) } else { Err(DocumentFault::KeysUrl) }
}
