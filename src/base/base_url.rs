//! The URL below which an API is, and targets below it.
//!
//! A caller names a path and a query, and never a URL. Whatever they are, the target has the origin of the
//! base, and its path is below that of the base.

use crate::base::limits::{TARGET_MAX_BYTES, URL_MAX_BYTES};
use crate::base::origin::{Origin, OriginFault, scheme_and_rest};
use crate::base::percent;

/// An origin, and a path on it: `https://graph.microsoft.com/v1.0`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BaseUrl {
    origin: Origin,
    /// Empty, or with a `/` in front. Encoded.
    path: String,
}

/// Why a text is not a [`BaseUrl`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BaseUrlFault {
    /// Not `https://host[:port][/path]`, or too long.
    #[error("must be https://host[:port][/path], without a user, a query or a fragment")]
    NotABase,
    /// The token would travel unencrypted.
    #[error("http is allowed for loopback hosts only, use https")]
    InsecureHttp,
    /// A path that no request may have.
    #[error("{0}")]
    Path(TargetFault),
}

/// Why there is no target.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TargetFault {
    /// Longer than [`TARGET_MAX_BYTES`].
    #[error("path and query are too long")]
    TooLong,
    /// A character that has to be percent-encoded: a backslash, a space, a control character, or none of
    /// ASCII.
    #[error("path or query has a character that must be percent-encoded")]
    Unencoded,
    /// A `%` without two hexadecimal digits.
    #[error("path has a % without two hexadecimal digits")]
    Percent,
    /// Once decoded it is not UTF-8, or it has a control character.
    #[error("path is not UTF-8 without control characters once it is decoded")]
    NotText,
    /// A segment that leads out of its folder, or does once decoded.
    #[error("path has a segment . or .., perhaps encoded")]
    DotSegment,
}

/// Where an onward request goes.
#[derive(Debug, Eq, PartialEq)]
pub struct Target {
    url: String,
    /// Where the part under the base begins and ends.
    path: (usize, usize),
}

impl BaseUrl {
    /// Parses a base. One `/` at its end does not count.
    ///
    /// # Errors
    /// [`BaseUrlFault`].
    pub fn parse(text: &str) -> Result<Self, BaseUrlFault> {
        if text.len() > URL_MAX_BYTES || text.bytes().any(|b| matches!(b, b'?' | b'#')) {
            return Err(BaseUrlFault::NotABase);
        }
        let (scheme, rest) = scheme_and_rest(text).ok_or(BaseUrlFault::NotABase)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let origin = Origin::parse(&[scheme, "://", authority].concat());
        let origin = origin.map_err(|fault| match fault {
            OriginFault::NotAnOrigin => BaseUrlFault::NotABase,
            OriginFault::InsecureHttp => BaseUrlFault::InsecureHttp,
        })?;
        let text = path.strip_suffix('/').unwrap_or(path);
        check_path(text).map_err(BaseUrlFault::Path)?;
        let mut path = String::new();
        push_encoded(&mut path, text, is_encoded_in_path);
        Ok(Self { origin, path })
    }

    /// Its origin.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Its path: empty, or with a slash in front.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The target of a request: `path` is empty, or begins with `/`. Without a path it is the base itself.
    ///
    /// A parser of URLs leaves the target as it is: what it would encode is encoded here (URL standard,
    /// "path percent-encode set" and "special-query percent-encode set").
    ///
    /// # Errors
    /// [`TargetFault`].
    pub fn resolve(&self, path: &str, query: &str) -> Result<Target, TargetFault> {
        let length = path.len().saturating_add(query.len());
        if length > TARGET_MAX_BYTES {
            return Err(TargetFault::TooLong);
        }
        check_path(path)?;
        if !query.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            return Err(TargetFault::Unencoded);
        }
        let origin = self.origin.as_str();
        let base = origin.len().saturating_add(self.path.len());
        // One more for each of `/` and `?`.
        let mut url = String::with_capacity(base.saturating_add(length).saturating_add(2));
        url.push_str(origin);
        url.push_str(&self.path);
        // An origin alone is none that a parser leaves as it is.
        let path = if path.is_empty() && self.path.is_empty() { "/" } else { path };
        push_encoded(&mut url, path, is_encoded_in_path);
        let end = url.len();
        if !query.is_empty() {
            url.push('?');
            push_encoded(&mut url, query, is_encoded_in_query);
        }
        Ok(Target { url, path: (base, end) })
    }
}

impl Target {
    /// The whole URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path under the base as it is sent, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        let (begin, end) = self.path;
        self.url.get(begin..end).unwrap_or_default()
    }
}

/// Whether a path stays where it begins, for every server: also for one that decodes it more than once, takes
/// `\` for `/`, or reads what is behind a `;`, `?` or `#` as no part of the segment.
fn check_path(path: &str) -> Result<(), TargetFault> {
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'?' | b'#');
    // Behind an origin, a path without a slash in front would be a part of the host.
    let begins_well = path.is_empty() || path.starts_with('/');
    if !begins_well || !path.bytes().all(plain) {
        return Err(TargetFault::Unencoded);
    }
    let has_dots = if path.bytes().any(|b| b == b'%') {
        has_dot_segment(&decoded(path)?)
    } else {
        has_dot_segment(path.as_bytes())
    };
    if has_dots { Err(TargetFault::DotSegment) } else { Ok(()) }
}

/// `path` without any percent-encoding. However often it is decoded, it is text.
fn decoded(path: &str) -> Result<Vec<u8>, TargetFault> {
    if !percent::is_well_formed(path) {
        return Err(TargetFault::Percent);
    }
    let once: Vec<u8> = percent::decoded(path).collect();
    if !is_text(&once) {
        return Err(TargetFault::NotText);
    }
    if !once.contains(&b'%') {
        return Ok(once);
    }
    let fully = percent::fully_decoded(&once);
    if is_text(&fully) { Ok(fully) } else { Err(TargetFault::NotText) }
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control))
}

fn has_dot_segment(path: &[u8]) -> bool {
    path.split(|b| matches!(b, b'/' | b'\\')).any(|segment| {
        let mut parts = segment.split(|b| matches!(b, b';' | b'?' | b'#'));
        matches!(parts.next(), Some(b"." | b".."))
    })
}

/// What a parser of URLs encodes in a path, of the characters that [`check_path`] passes.
const fn is_encoded_in_path(c: char) -> bool {
    matches!(c, '"' | '<' | '>' | '^' | '`' | '{' | '}')
}

/// What a parser of URLs encodes in a query.
const fn is_encoded_in_query(c: char) -> bool {
    matches!(c, '"' | '\'' | '<' | '>')
}

/// Adds `text`, with the characters of ASCII that `is_encoded` names percent-encoded.
fn push_encoded(url: &mut String, text: &str, is_encoded: fn(char) -> bool) {
    let mut rest = text;
    while let Some((plain, from)) = rest.find(is_encoded).and_then(|at| rest.split_at_checked(at)) {
        let mut chars = from.chars();
        let Some(c) = chars.next() else { break };
        url.push_str(plain);
        url.push('%');
        let byte = u32::from(c);
        for digit in [byte >> 4, byte & 0xf] {
            url.extend(char::from_digit(digit, 16).map(|digit| digit.to_ascii_uppercase()));
        }
        rest = chars.as_str();
    }
    url.push_str(rest);
}
