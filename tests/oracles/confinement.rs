//! A target is where its base is, for a real parser of URLs.

use edge_token_broker::base::base_url::BaseUrl;
use edge_token_broker::base::limits::TARGET_MAX_BYTES;
use url::Url;

use super::percent::{digits, levels};

/// Whether there is a target.
///
/// # Panics
/// Where the target is not below its base, or there is one although there must be none, or none although
/// there must be one.
pub fn assert_confined(base: &str, path: &str, query: &str) -> bool {
    let (Ok(parsed), Ok(base)) = (Url::parse(base), BaseUrl::parse(base)) else { return false };
    let target = base.resolve(path, query);
    assert_eq!(target.is_ok(), is_permitted(path, query), "{target:?}");
    let Ok(target) = target else { return false };
    let url = Url::parse(target.url()).expect("a target is a URL");
    assert_eq!(url.as_str(), target.url(), "a parser leaves it as it is");
    assert_eq!(url.origin(), parsed.origin(), "the origin is the base's");
    assert_eq!(base.origin().as_str(), parsed.origin().ascii_serialization());
    assert_eq!((url.username(), url.password(), url.fragment()), ("", None, None));
    let folder = encoded(parsed.path(), "^");
    let folder = folder.strip_suffix('/').unwrap_or(&folder);
    let below = url.path().strip_prefix(folder).expect("the path begins with the base's");
    assert!(below.is_empty() || below.starts_with('/'), "on the border of a segment: {below}");
    assert_eq!(target.path(), below, "what is matched is what is sent");
    let sent = encoded(path, "\"<>^`{}");
    assert_eq!(below, if folder.is_empty() && path.is_empty() { "/" } else { &sent });
    assert_eq!(url.query().unwrap_or_default(), encoded(query, "\"'<>"));
    true
}

/// Whether there must be a target.
fn is_permitted(path: &str, query: &str) -> bool {
    let is_plain = |c: char| ('!'..='~').contains(&c);
    let levels = levels(path.as_bytes());
    let (first, last) = (&levels[1], levels.last().unwrap());
    path.len() + query.len() <= TARGET_MAX_BYTES
        && query.chars().all(|c| is_plain(c) && c != '#')
        && path.chars().all(|c| is_plain(c) && !"\\?#".contains(c))
        && (path.is_empty() || path.starts_with('/'))
        && path.split('%').skip(1).all(|rest| digits(rest.as_bytes()).is_some())
        && [first, last].iter().all(|level| is_text(level))
        && !levels.iter().any(|level| has_dot_segment(level))
}

fn is_text(bytes: &[u8]) -> bool {
    let text = String::from_utf8(bytes.to_vec());
    text.is_ok_and(|text| text.chars().all(|c| c >= ' ' && !('\x7f'..='\u{9f}').contains(&c)))
}

fn has_dot_segment(path: &[u8]) -> bool {
    let text: String = path.iter().map(|b| char::from(*b)).collect();
    let mut segments = text.split(['/', '\\']);
    segments.any(|segment| [".", ".."].contains(&segment.split([';', '?', '#']).next().unwrap()))
}

/// `text` with each of `characters` percent-encoded.
fn encoded(text: &str, characters: &str) -> String {
    characters
        .chars()
        .fold(text.to_owned(), |text, c| text.replace(c, &format!("%{:02X}", c as u8)))
}
