//! The values that a claim may have.

use crate::base::json::Json;

/// One permitted value of a claim.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Permitted {
    /// This text, exactly.
    Text(String),
    /// This number.
    Whole(u64),
    /// This boolean.
    Bool(bool),
}

impl Permitted {
    fn of(value: Json) -> Option<Self> {
        match value {
            // An empty text in the configuration is an oversight. It must not permit empty claims.
            Json::Text(text) if !text.is_empty() => Some(Self::Text(text)),
            Json::Whole(number) => Some(Self::Whole(number)),
            Json::Bool(value) => Some(Self::Bool(value)),
            _ => None,
        }
    }

    fn is(&self, value: &Json) -> bool {
        match (self, value) {
            (Self::Text(permitted), Json::Text(text)) => permitted == text,
            (Self::Whole(permitted), Json::Whole(number)) => permitted == number,
            (Self::Bool(permitted), Json::Bool(value)) => permitted == value,
            _ => false,
        }
    }
}

/// A claim must have one of these values. There is at least one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OneOf(Vec<Permitted>);

impl OneOf {
    /// Parses a value, or a list of values.
    #[must_use]
    pub fn parse(json: Json) -> Option<Self> {
        let values = match json {
            Json::List(values) => values,
            value => vec![value],
        };
        let permitted: Vec<_> = values.into_iter().map(Permitted::of).collect::<Option<_>>()?;
        (!permitted.is_empty()).then_some(Self(permitted))
    }

    /// Whether `claim` is one of the values, or a list with one of them.
    #[must_use]
    pub fn permits(&self, claim: &Json) -> bool {
        let has = |value: &Json| self.0.iter().any(|permitted| permitted.is(value));
        match claim {
            Json::List(values) => values.iter().any(has),
            value => has(value),
        }
    }
}
