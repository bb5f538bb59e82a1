//! Origins (RFC 6454) and URLs that the broker may talk to.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::base::limits::{NAME_MAX_BYTES, URL_MAX_BYTES};

/// An origin that the broker may talk to: scheme, host, port. No path, no user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin(String);

/// Why a text is not an [`Origin`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OriginFault {
    /// Not `https://host` or `https://host:port`.
    #[error("must be https://host or https://host:port, with nothing behind")]
    NotAnOrigin,
    /// The secret would travel unencrypted.
    #[error("http is allowed for loopback hosts only, use https")]
    InsecureHttp,
}

impl Origin {
    /// Parses an origin. It may end in one `/`.
    ///
    /// # Errors
    /// [`OriginFault`].
    pub fn parse(text: &str) -> Result<Self, OriginFault> {
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").ok_or(OriginFault::NotAnOrigin)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let host = host_of(rest).ok_or(OriginFault::NotAnOrigin)?;
        match scheme {
            "https" => Ok(Self(format!("https://{rest}"))),
            "http" if is_loopback(host) => Ok(Self(format!("http://{rest}"))),
            "http" => Err(OriginFault::InsecureHttp),
            _ => Err(OriginFault::NotAnOrigin),
        }
    }

    /// Whether `text` is an origin as browsers send it: in lower case, with nothing after host and port.
    #[must_use]
    pub fn is_of_a_page(text: &str) -> bool {
        Self::parse(text).is_ok_and(|origin| origin.as_str() == text)
    }

    /// The origin's text, without a `/` at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether keys may come from `url`: it is `https`, or `http` on a loopback host; it has no user, no
/// fragment, and only characters that every URL parser reads alike.
#[must_use]
pub fn is_trustworthy(url: &str) -> bool {
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#' | b'"' | b'<' | b'>');
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let Some(host) = host_of(authority) else { return false };
    let secure = scheme == "https" || (scheme == "http" && is_loopback(host));
    secure && url.len() <= URL_MAX_BYTES && url.bytes().all(plain)
}

/// Whether no network has seen a request for `url` in the clear: it is `https`, or to this machine.
/// workerd leaves the host as the caller wrote it.
#[must_use]
pub fn is_private(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host_of(authority).is_some_and(|host| {
        // RFC 6761 §6.3: no name below `localhost` is that of another machine.
        let top = host.rsplit('.').next().unwrap_or_default();
        top.eq_ignore_ascii_case("localhost") || is_loopback(host)
    })
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`. `None` for anything else.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = if authority.starts_with('[') {
        let (host, rest) = authority.split_once(']')?;
        let host = host.strip_prefix('[')?;
        host.parse::<Ipv6Addr>().ok()?;
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        let (host, port) =
            authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        (is_path_safe(host).then_some(host)?, port)
    };
    port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0)).then_some(host)
}

/// Whether a host is this machine. Nothing that is sent there leaves it.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

/// Whether `text` is safe as a host and as a path segment: letters, digits, `.`, `-` and `_`, with a
/// letter or digit first. So it is never `..`, which would lead out of its folder.
#[must_use]
pub fn is_path_safe(text: &str) -> bool {
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    begins_well && text.len() <= NAME_MAX_BYTES && text.bytes().all(allowed)
}
