//! The challenges with which an API rejects a token (RFC 9110 §11.6.1).

use std::borrow::Cow;

use crate::base::limits::CLAIMS_MAX_BYTES;

/// The `claims` of the first Bearer challenge that has them, as a rule in base64.
///
/// The field has one challenge or several, and what separates them also separates their parameters: a word is
/// a parameter if `=` follows it, else it begins a challenge. What fits neither is passed over.
#[must_use]
pub fn claims_of(www_authenticate: &str) -> Option<Cow<'_, str>> {
    let (mut rest, mut is_bearer) = (www_authenticate, false);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return None;
        }
        let (word, behind) = split_before(rest, [' ', '\t', ',', '=', '"']);
        let Some(value) = behind.trim_ascii_start().strip_prefix('=') else {
            if !word.is_empty() {
                is_bearer = word.eq_ignore_ascii_case("bearer");
            }
            // A quotation mark here begins a text that belongs to nothing.
            rest = behind.strip_prefix('"').map_or(Some(behind), |text| Some(quoted(text)?.1))?;
            continue;
        };
        let value = value.trim_ascii_start();
        let (value, behind) = match value.strip_prefix('"') {
            Some(text) => quoted(text)?,
            None => split_before(value, [' ', '\t', ',', '"', '"']),
        };
        if is_bearer && word.eq_ignore_ascii_case("claims") {
            return (value.len() <= CLAIMS_MAX_BYTES).then(|| unescaped(value));
        }
        rest = behind;
    }
}

/// What is before the first of `ends`, and from there on.
fn split_before(text: &str, ends: [char; 5]) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// What is before and after the quotation mark that ends a quoted string (RFC 9110 §5.6.4).
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    let end = text.bytes().position(|b| {
        let is_end = b == b'"' && !is_escaped;
        is_escaped = b == b'\\' && !is_escaped;
        is_end
    })?;
    Some((text.get(..end)?, text.get(end.saturating_add(1)..)?))
}

/// A quoted string without its backslashes.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut chars = text.chars();
    let next = move || match chars.next()? {
        '\\' => chars.next(),
        c => Some(c),
    };
    Cow::Owned(std::iter::from_fn(next).collect())
}
