//! The values that a claim may have.

use crate::base::json::Json;
use crate::base::limits::JSON_NUMBER_MAX;

/// A claim must have one of these values. There is at least one.
///
/// Issuers write one value as a number, another time as its text (`74`, `"74"`), and booleans alike. So
/// each value is kept as text, and a number or boolean is compared by its one usual text: `74` has the
/// same meaning as `"74"`, but not as `"74.0"` or `74.0`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OneOf(Vec<String>);

impl OneOf {
    /// Parses a value, or a list of values.
    #[must_use]
    pub fn parse(json: Json) -> Option<Self> {
        let values = match json {
            Json::List(values) => values,
            value => vec![value],
        };
        let permitted: Vec<_> = values.into_iter().map(permitted).collect::<Option<_>>()?;
        (!permitted.is_empty()).then_some(Self(permitted))
    }

    /// The values, as text.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether `claim` is one of the values, or a list with one of them.
    #[must_use]
    pub fn permits(&self, claim: &Json) -> bool {
        any(claim, |value| match value {
            Json::Text(text) => self.has(text),
            Json::Whole(number) => self.has(&number.to_string()),
            Json::Bool(value) => self.has(text_of(*value)),
            _ => false,
        })
    }

    /// The same for `sub` and `aud`, which are texts (RFC 7519 §4.1).
    #[must_use]
    pub fn permits_text(&self, claim: &Json) -> bool {
        any(claim, |value| matches!(value, Json::Text(text) if self.has(text)))
    }

    fn has(&self, text: &str) -> bool {
        self.0.iter().any(|permitted| permitted == text)
    }
}

fn any(claim: &Json, is_permitted: impl Fn(&Json) -> bool) -> bool {
    match claim {
        Json::List(values) => values.iter().any(is_permitted),
        value => is_permitted(value),
    }
}

fn permitted(value: Json) -> Option<String> {
    match value {
        // An empty text in the configuration is an oversight. It must not permit empty claims.
        Json::Text(text) if !text.is_empty() => Some(text),
        // A larger number may have been another one before the platform read the configuration.
        Json::Whole(number) if number <= JSON_NUMBER_MAX => Some(number.to_string()),
        Json::Bool(value) => Some(text_of(value).to_owned()),
        _ => None,
    }
}

const fn text_of(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
