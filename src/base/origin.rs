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
    /// The origin is normalized as browsers do it (RFC 6454 §6.2, URL standard): lower case, no default
    /// port.
    ///
    /// # Errors
    /// [`OriginFault`].
    pub fn parse(text: &str) -> Result<Self, OriginFault> {
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = scheme_and_rest(&text).ok_or(OriginFault::NotAnOrigin)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = host_and_port(rest).ok_or(OriginFault::NotAnOrigin)?;
        let default_port = match scheme {
            "https" => "443",
            "http" if is_loopback(host) => "80",
            "http" => return Err(OriginFault::InsecureHttp),
            _ => return Err(OriginFault::NotAnOrigin),
        };
        if !is_normalized(host) {
            return Err(OriginFault::NotAnOrigin);
        }
        let is_default = port.is_empty() || port == default_port;
        let (colon, port) = if is_default { ("", "") } else { (":", port) };
        let (open, close) = if is_address6(host) { ("[", "]") } else { ("", "") };
        Ok(Self([scheme, "://", open, host, close, colon, port].concat()))
    }

    /// Whether `text`, which is an origin in any form, is this one. Nearly always the host is another one, and that
    /// is cheap to see.
    #[must_use]
    pub fn is_that_of(&self, text: &str) -> bool {
        let begins_alike = |n: usize| {
            let parts = text.get(..n).zip(self.0.get(..n));
            parts.is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
        };
        // The first letter of a host is behind `https://`, or `http://`.
        begins_alike("https://a".len()) && Self::parse(text).is_ok_and(|origin| origin == *self)
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

/// What is before and after `://` in `url`.
///
/// The standard library's search for a text of several bytes is 1 kB of wasm, compressed. This needs
/// only its search for a byte.
#[must_use]
pub fn scheme_and_rest(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    Some((scheme, rest.strip_prefix("//")?))
}

/// Whether keys may come from `url`: it is `https`, or `http` on a loopback host; it has no user, no
/// fragment, and only characters that every URL parser reads alike.
#[must_use]
pub fn is_trustworthy(url: &str) -> bool {
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#' | b'"' | b'<' | b'>');
    let Some((scheme, rest)) = scheme_and_rest(url) else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let Some((host, _)) = host_and_port(authority) else { return false };
    let secure = scheme == "https" || (scheme == "http" && is_loopback(host));
    secure && url.len() <= URL_MAX_BYTES && url.bytes().all(plain)
}

/// Whether `url`, which a document of `source` names, is as trustworthy as that. Plain http is for a server
/// on this machine that has everything on this machine.
#[must_use]
pub fn is_trustworthy_of(url: &str, source: &str) -> bool {
    (url.starts_with("https:") || source.starts_with("http:")) && is_trustworthy(url)
}

/// Whether no network has seen a request for `url` in the clear: it is `https`, or to this machine.
/// workerd leaves the host as the caller wrote it.
#[must_use]
pub fn is_private(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host_and_port(authority).is_some_and(|(host, _)| {
        // RFC 6761 §6.3: no name below `localhost` is that of another machine.
        let top = host.rsplit('.').next().unwrap_or_default();
        top.eq_ignore_ascii_case("localhost") || is_loopback(host)
    })
}

/// The origin of the request for `url`, as others reach it. Plain http is for this machine; elsewhere TLS ends
/// in front of the broker.
#[must_use]
pub fn public_origin(url: &str) -> String {
    let (scheme, rest) = scheme_and_rest(url).unwrap_or(("https", url));
    let scheme = if is_private(url) { scheme } else { "https" };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    [scheme, "://", authority].concat()
}

/// The parts of `host`, `host:port`, `[v6]` or `[v6]:port`, the port without zeros in front. `None` for
/// anything else.
fn host_and_port(authority: &str) -> Option<(&str, &str)> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        let (host, port) =
            authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        (is_path_safe(host).then_some(host)?, port)
    };
    let Some(port) = port else { return Some((host, "")) };
    let port = port.trim_start_matches('0');
    // The parser of numbers would also take a sign.
    let is_port = port.parse::<u16>().is_ok() && !port.starts_with('+');
    is_port.then_some((host, port))
}

fn is_address6(host: &str) -> bool {
    host.bytes().any(|b| b == b':')
}

/// Whether browsers leave a host as it is. They make another text of an address that is not in its
/// shortest form, such as `127.1`, `0:0:0:0:0:0:0:1` or `::ffff:192.0.2.1`.
fn is_normalized(host: &str) -> bool {
    if let Ok(address) = host.parse::<Ipv6Addr>() {
        return host == shortest(address);
    }
    // A dot at the end of a name stays, and one at the end of an address does not.
    let name = host.strip_suffix('.').unwrap_or(host);
    let dot = name.bytes().rposition(|b| b == b'.');
    let last = dot.and_then(|at| name.get(at.saturating_add(1)..)).unwrap_or(name);
    let is_number = last.starts_with("0x") || last.bytes().all(|b| b.is_ascii_digit());
    !is_number || host.parse::<Ipv4Addr>().is_ok()
}

/// The shortest text of an address (RFC 5952 §4): `::` stands for the first of the longest rows of zeros, of two
/// at least.
fn shortest(address: Ipv6Addr) -> String {
    let (mut row, mut longest) = (0..0_usize, 0..1_usize);
    for (at, group) in address.segments().into_iter().enumerate() {
        let next = at.saturating_add(1);
        row = if group == 0 { row.start..next } else { next..next };
        if row.len() > longest.len() {
            longest = row.clone();
        }
    }
    let mut text = String::new();
    for (at, group) in address.segments().into_iter().enumerate() {
        if longest.len() > 1 && longest.contains(&at) {
            if at == longest.start {
                text.push_str("::");
            }
            continue;
        }
        let colon = if text.is_empty() || text.ends_with(':') { "" } else { ":" };
        text = format!("{text}{colon}{group:x}");
    }
    text
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
