//! The metadata of authorization servers (RFC 8414, `OpenID` Connect Discovery 1.0) and of resources
//! (RFC 9728): where they are, and what they say.

use crate::base::json::Json;
use crate::base::origin;
use crate::jwt::DocumentFault;

/// What the broker takes from the metadata of an authorization server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerMetadata {
    /// The URL of the token endpoint.
    pub token_endpoint: String,
}

/// Where the metadata of `issuer` may be. Most servers have the first place, whatever else they have. The last
/// one is that of servers which append the name of RFC 8414 as well.
#[must_use]
pub fn server_urls(issuer: &str) -> Vec<String> {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    let mut urls = vec![[issuer, "/.well-known/openid-configuration"].concat()];
    for name in ["oauth-authorization-server", "openid-configuration"] {
        add(&mut urls, inserted(issuer, name));
    }
    add(&mut urls, [issuer, "/.well-known/oauth-authorization-server"].concat());
    urls
}

/// Where the metadata of `resource` may be: some servers have all of them at the root.
#[must_use]
pub fn resource_urls(resource: &str) -> Vec<String> {
    const NAME: &str = "oauth-protected-resource";
    let mut urls = vec![inserted(resource, NAME)];
    add(&mut urls, inserted(split(resource).0, NAME));
    urls
}

fn add(urls: &mut Vec<String>, url: String) {
    if !urls.contains(&url) {
        urls.push(url);
    }
}

/// Scheme, host and port of a URL, and what is behind. A slash with no path behind it is left out.
fn split(url: &str) -> (&str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let behind = scheme.len().saturating_add(3).saturating_add(host.len());
    let (origin, path) = url.split_at_checked(behind).unwrap_or((url, ""));
    let is_bare = path == "/" || path.starts_with("/?");
    (origin, if is_bare { path.trim_start_matches('/') } else { path })
}

/// The well-known URL between host and path (RFC 8414 §3.1, RFC 9728 §3.1).
fn inserted(url: &str, name: &str) -> String {
    let (origin, path) = split(url);
    [origin, "/.well-known/", name, path].concat()
}

/// The metadata of `issuer` in a document.
///
/// # Errors
/// They are another issuer's (RFC 8414 §3.3), or no secret may go to their token endpoint.
pub fn server(document: &[u8], issuer: &str) -> Result<ServerMetadata, DocumentFault> {
    let json = Json::parse(document).map_err(|_| DocumentFault::NotJson)?;
    let members = json.into_members(["issuer", "token_endpoint"]);
    let [stated, endpoint] = members.ok_or(DocumentFault::OtherIssuer)?;
    let stated = stated.and_then(Json::into_text).filter(|stated| stated == issuer);
    let issuer = stated.ok_or(DocumentFault::OtherIssuer)?;
    let endpoint = endpoint.and_then(Json::into_text).ok_or(DocumentFault::NoTokenEndpoint)?;
    if !origin::is_trustworthy_of(&endpoint, &issuer) {
        return Err(DocumentFault::TokenEndpoint);
    }
    Ok(ServerMetadata { token_endpoint: endpoint })
}

/// The issuer of the first authorization server of `resource` in a document.
///
/// # Errors
/// It is another resource's (RFC 9728 §3.3), or names no server that may be trusted.
pub fn server_of_resource(document: &[u8], resource: &str) -> Result<String, DocumentFault> {
    let json = Json::parse(document).map_err(|_| DocumentFault::NotJson)?;
    let members = json.into_members(["resource", "authorization_servers"]);
    let [stated, servers] = members.ok_or(DocumentFault::OtherResource)?;
    if stated.and_then(Json::into_text).is_none_or(|stated| stated != resource) {
        return Err(DocumentFault::OtherResource);
    }
    let Some(Json::List(servers)) = servers else { return Err(DocumentFault::NoServer) };
    let first = servers.into_iter().next().and_then(Json::into_text);
    let is_issuer = |url: &String| is_issuer(url) && origin::is_trustworthy_of(url, resource);
    first.filter(is_issuer).ok_or(DocumentFault::NoServer)
}

/// Whether `url` can be an issuer (RFC 8414 §2).
#[must_use]
pub fn is_issuer(url: &str) -> bool {
    origin::is_trustworthy(url) && !url.contains('?')
}
