//! The authorization server's error response (RFC 6749 §5.2) with Entra's additions.

use minicbor::{Decode, Encode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::limits::{RELAYED_CODES_MAX, RELAYED_ID_MAX_BYTES, RELAYED_TEXT_MAX_BYTES};

/// An error response, made harmless: every text is within RFC 6749 §5.2's characters and bounded.
#[derive(Clone, Debug, Decode, Default, Encode, Eq, PartialEq)]
pub struct ErrorResponse {
    /// `error`: the one field that programs may react to.
    #[n(0)]
    pub error: String,
    /// `error_description`, for people.
    #[n(1)]
    pub description: Option<String>,
    /// What identifies the failure in Entra's own logs.
    #[n(2)]
    pub trace: Trace,
}

/// Entra's additions to an error response, relayed to the caller.
#[derive(Clone, Debug, Decode, Default, Encode, Eq, PartialEq, Serialize)]
pub struct Trace {
    /// AADSTS numbers; they tell more than `error`, but may change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[n(0)]
    pub error_codes: Vec<u32>,
    /// When the authorization server answered, in its own format.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[n(1)]
    pub timestamp: Option<String>,
    /// Identifies the request in Entra's support tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[n(2)]
    pub trace_id: Option<String>,
    /// The `client-request-id` as Entra saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[n(3)]
    pub correlation_id: Option<String>,
}

/// Only `error` has to be right: an odd field beside it must not hide what went wrong.
#[derive(Deserialize)]
struct Wire {
    error: String,
    error_description: Option<Loose>,
    error_codes: Option<Loose>,
    timestamp: Option<Loose>,
    trace_id: Option<Loose>,
    correlation_id: Option<Loose>,
}

/// A field of whatever type.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u32),
    Text(String),
    List(Vec<Loose>),
    Other(IgnoredAny),
}

impl Loose {
    fn text(self, max: usize) -> Option<String> {
        match self {
            Self::Text(text) => Some(relayed(&text, max)),
            _ => None,
        }
    }

    fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn numbers(&self) -> Vec<u32> {
        match self {
            Self::List(items) => items.iter().filter_map(Self::number).collect(),
            single => single.number().into_iter().collect(),
        }
    }
}

impl ErrorResponse {
    /// Parses a body, or nothing where it is not an error response.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let wire: Wire = serde_json::from_slice(body).ok()?;
        let id = |field: Option<Loose>| field.and_then(|field| field.text(RELAYED_ID_MAX_BYTES));
        let mut error_codes = wire.error_codes.map(|codes| codes.numbers()).unwrap_or_default();
        error_codes.truncate(RELAYED_CODES_MAX);
        Some(Self {
            error: relayed(&wire.error, RELAYED_ID_MAX_BYTES),
            description: wire
                .error_description
                .and_then(|field| field.text(RELAYED_TEXT_MAX_BYTES)),
            trace: Trace {
                error_codes,
                timestamp: id(wire.timestamp),
                trace_id: id(wire.trace_id),
                correlation_id: id(wire.correlation_id),
            },
        })
    }

    /// The AADSTS number that names the cause: the first of `error_codes`, else the one that the
    /// description begins with. For people only; decisions go by `error` and `error_codes`.
    #[must_use]
    pub fn aadsts(&self) -> Option<u32> {
        self.trace.error_codes.first().copied().or_else(|| {
            let number = self.description.as_deref()?.strip_prefix("AADSTS")?;
            number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        })
    }
}

/// `text` within `%x20-21 / %x23-5B / %x5D-7E` (RFC 6749 §5.2) and at most `max` bytes.
///
/// Runs of control characters become one space, a quotation mark an apostrophe, anything else a `?`.
fn relayed(text: &str, max: usize) -> String {
    let mut out = String::new();
    for character in text.chars() {
        let replacement = match character {
            '"' => '\'',
            '\\' => '/',
            ' '..='~' => character,
            _ if character.is_control() => ' ',
            _ => '?',
        };
        if out.len() >= max {
            break;
        }
        if !(character.is_control() && out.ends_with(' ')) {
            out.push(replacement);
        }
    }
    out
}
