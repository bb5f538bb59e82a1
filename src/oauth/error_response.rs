//! The authorization server's error response (RFC 6749 §5.2) with Entra's additions.

use serde::{Deserialize, Serialize};

use crate::limits::{RELAYED_CODES_MAX, RELAYED_ID_MAX_BYTES, RELAYED_TEXT_MAX_BYTES};

/// An error response, made harmless: every text is within RFC 6749 §5.2's characters and bounded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ErrorResponse {
    /// `error`: the one field that programs may react to.
    pub error: String,
    /// `error_description`, for people.
    pub description: Option<String>,
    /// What identifies the failure in Entra's own logs.
    pub trace: Trace,
}

/// Entra's additions to an error response, relayed to the caller.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Trace {
    /// AADSTS numbers; they tell more than `error`, but may change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub error_codes: Vec<u32>,
    /// When the authorization server answered, in its own format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// Identifies the request in Entra's support tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The `client-request-id` as Entra saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

#[derive(Deserialize)]
struct Wire {
    error: String,
    error_description: Option<String>,
    #[serde(default)]
    error_codes: Vec<u32>,
    timestamp: Option<String>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
}

impl ErrorResponse {
    /// Parses a body, or nothing where it is not an error response.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let wire: Wire = serde_json::from_slice(body).ok()?;
        let id = |text: Option<String>| text.map(|text| relayed(&text, RELAYED_ID_MAX_BYTES));
        Some(Self {
            error: relayed(&wire.error, RELAYED_ID_MAX_BYTES),
            description: wire.error_description.map(|text| relayed(&text, RELAYED_TEXT_MAX_BYTES)),
            trace: Trace {
                error_codes: wire.error_codes.into_iter().take(RELAYED_CODES_MAX).collect(),
                timestamp: id(wire.timestamp),
                trace_id: id(wire.trace_id),
                correlation_id: id(wire.correlation_id),
            },
        })
    }

    /// The first AADSTS number, the one that names the cause.
    #[must_use]
    pub fn aadsts(&self) -> Option<u32> {
        self.trace.error_codes.first().copied()
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
