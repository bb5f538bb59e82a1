//! Path patterns: which paths of an API a grant permits.

use std::fmt;

use crate::base::limits::{PATTERN_MAX_BYTES, PATTERN_SEGMENTS_MAX};
use crate::base::percent;

/// A pattern of whole segments, below the base of an API: `users/*/messages`, `me/**`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathPattern(Vec<Segment>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Segment {
    /// `*`: one segment that is not empty. An encoded slash in it is a part of it (RFC 3986 §2.2): ids of GitLab
    /// have one.
    One,
    /// `**`: any number of segments, also none.
    Many,
    /// This text, decoded.
    Text(Vec<u8>),
}

/// Why a text is not a [`PathPattern`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PatternFault {
    /// Empty, longer than [`PATTERN_MAX_BYTES`], or with more segments than [`PATTERN_SEGMENTS_MAX`].
    #[error(
        "must have 1 to {} characters and at most {} segments",
        PATTERN_MAX_BYTES,
        PATTERN_SEGMENTS_MAX
    )]
    Size,
    /// A character that no path has, or a `%` without two hexadecimal digits.
    #[error("must not have a backslash, ?, #, a control character, or a % without two digits")]
    NotAPath,
    /// A `*` beside other text.
    #[error("must have * and ** as whole segments (an asterisk itself is %2A)")]
    PartOfSegment,
    /// A segment that no target has.
    #[error("must not have a segment . or ..")]
    DotSegment,
}

impl PathPattern {
    /// Parses a pattern. A `/` in front does not count, so `/` is the base itself.
    ///
    /// # Errors
    /// [`PatternFault`].
    pub fn parse(text: &str) -> Result<Self, PatternFault> {
        if text.is_empty() || text.len() > PATTERN_MAX_BYTES {
            return Err(PatternFault::Size);
        }
        let no_path = |c: char| c.is_control() || matches!(c, '\\' | '?' | '#');
        if text.contains(no_path) || !percent::is_well_formed(text) {
            return Err(PatternFault::NotAPath);
        }
        let mut segments = Vec::new();
        let mut rest = first_segment(text);
        while let Some(from) = rest {
            let (segment, next) = split_segment(from);
            segments.push(Segment::parse(segment)?);
            rest = next;
        }
        let fits = segments.len() <= PATTERN_SEGMENTS_MAX;
        if fits { Ok(Self(segments)) } else { Err(PatternFault::Size) }
    }

    /// Whether the pattern permits `path`, which is a target's.
    ///
    /// Where a segment does not fit, the last `**` takes one segment more. An earlier one need not: what it
    /// could take as well, the last one can.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.as_slice(), first_segment(path));
        let mut last_many = None;
        loop {
            match (pattern, rest) {
                ([Segment::Many], _) | ([], None) => return true,
                ([Segment::Many, behind @ ..], _) => {
                    last_many = Some((behind, rest));
                    pattern = behind;
                    continue;
                }
                ([first, behind @ ..], Some(from)) => {
                    let (segment, next) = split_segment(from);
                    if first.matches(segment) {
                        (pattern, rest) = (behind, next);
                        continue;
                    }
                }
                _ => {}
            }
            let Some((behind, Some(from))) = last_many else { return false };
            (pattern, rest) = (behind, split_segment(from).1);
            last_many = Some((pattern, rest));
        }
    }
}

/// For people: the segments, each behind a `/`.
impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("/")?;
        }
        self.0.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::One => return f.write_str("*"),
            Self::Many => return f.write_str("**"),
            Self::Text(text) => text,
        };
        let is_plain =
            |b: u8| b.is_ascii_graphic() && !matches!(b, b'%' | b'*' | b'/' | b'\\' | b'?' | b'#');
        text.iter().try_for_each(|b| match *b {
            b if is_plain(b) => write!(f, "{}", char::from(b)),
            b => write!(f, "%{b:02X}"),
        })
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, PatternFault> {
        match text {
            "*" => Ok(Self::One),
            "**" => Ok(Self::Many),
            _ if text.contains('*') => Err(PatternFault::PartOfSegment),
            _ => {
                let text: Vec<u8> = percent::decoded(text).collect();
                let is_dots = matches!(text.as_slice(), b"." | b"..");
                if is_dots { Err(PatternFault::DotSegment) } else { Ok(Self::Text(text)) }
            }
        }
    }

    fn matches(&self, segment: &str) -> bool {
        match self {
            Self::One => !segment.is_empty(),
            Self::Many => false,
            Self::Text(text) => percent::decoded(segment).eq(text.iter().copied()),
        }
    }
}

/// The text from the first segment on. `/` and nothing have none.
fn first_segment(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    (!path.is_empty()).then_some(path)
}

/// A segment, and the text from the next one on.
fn split_segment(from: &str) -> (&str, Option<&str>) {
    from.split_once('/').map_or((from, None), |(segment, next)| (segment, Some(next)))
}
