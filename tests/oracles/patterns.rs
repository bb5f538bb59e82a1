//! Whether a pattern matches a path, by a table of all their ends.

use edge_token_broker::base::path_pattern::PathPattern;

use super::percent::decoded;

/// Whether the pattern matches, if it is one.
///
/// # Panics
/// Where the answer is another one than the table's.
pub fn assert_matched(pattern: &str, path: &str) -> Option<bool> {
    let parsed = PathPattern::parse(pattern).ok()?;
    let matches = parsed.matches(path);
    assert_eq!(matches, is_match(&segments(pattern), &segments(path)), "{pattern} {path}");
    Some(matches)
}

fn segments(text: &str) -> Vec<&str> {
    let text = text.strip_prefix('/').unwrap_or(text);
    if text.is_empty() { Vec::new() } else { text.split('/').collect() }
}

fn is_match(pattern: &[&str], path: &[&str]) -> bool {
    // matched[p]: whether the rest of the pattern from p on matches the rest of the path.
    let mut matched = vec![false; pattern.len() + 1];
    for from in (0..=path.len()).rev() {
        let later = matched.clone();
        let is_end = from == path.len();
        matched[pattern.len()] = is_end;
        for p in (0..pattern.len()).rev() {
            matched[p] = match pattern[p] {
                "**" => matched[p + 1] || (!is_end && later[p]),
                segment => !is_end && later[p + 1] && is_one(segment, path[from]),
            };
        }
    }
    matched[0]
}

fn is_one(pattern: &str, segment: &str) -> bool {
    match pattern {
        "*" => !segment.is_empty(),
        _ => decoded(pattern.as_bytes()) == decoded(segment.as_bytes()),
    }
}
