//! `BASE_PATH`: the path below which the broker answers, where it shares a host with others.

use super::limits::NAME_MAX_BYTES;
use super::origin::is_path_safe;

/// The path below which the broker answers, and nowhere else.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BasePath(String);

/// Why a text is not a [`BasePath`], or not an issuer there.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BasePathFault {
    /// Not plain segments with a slash before each.
    #[error(
        "must be a path such as /auth: a slash before each segment, none at the end, and segments of \
         letters, digits, '.', '-' or '_', beginning with a letter or digit"
    )]
    NotAPath,
    /// The path of a route in place of that of the broker.
    #[error(
        "begins with a route of the broker, such as /token, which comes behind it: choose another path"
    )]
    Route,
    /// `ISSUER` of a broker that answers below another path.
    #[error(
        "must be the broker's own origin with BASE_PATH behind it, such as https://example.com/auth: \
         lower case, no slash at the end (http for loopback hosts only)"
    )]
    IssuerElsewhere,
}

/// The first segments of the broker's own paths. In a base they are a mistake: the URL of a route in place of that
/// of the broker.
const OWN: [&str; 7] = ["api", "healthz", "msi", "oauth2", "readyz", "revoke", "token"];

impl BasePath {
    /// Parses a path of plain segments: every parser of URLs leaves them as they are.
    ///
    /// # Errors
    /// [`BasePathFault::NotAPath`], [`BasePathFault::Route`].
    pub fn parse(text: &str) -> Result<Self, BasePathFault> {
        let mut segments = text.split('/');
        let begins_well = text.len() <= NAME_MAX_BYTES && segments.next() == Some("");
        let mut names = segments.clone().peekable();
        if !begins_well || names.peek().is_none() || !names.all(is_path_safe) {
            return Err(BasePathFault::NotAPath);
        }
        let is_own = segments.next().is_some_and(|first| OWN.contains(&first));
        if is_own { Err(BasePathFault::Route) } else { Ok(Self(text.to_owned())) }
    }

    /// The text: empty, or with a slash in front and none at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is behind it in `path`: nothing, or a path. `None` if `path` is not below it.
    #[must_use]
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        below(path, &self.0)
    }

    /// Whether requests below `path` of the same origin may reach the broker.
    #[must_use]
    pub fn overlaps(&self, path: &str) -> bool {
        below(path, &self.0).is_some() || below(&self.0, path).is_some()
    }
}

fn below<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}
