//! The authorization server's error response (RFC 6749 §5.2), with Entra's additions.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::base::json::Json;
use crate::base::limits::{RELAYED_CODES_MAX, RELAYED_ID_MAX_BYTES, RELAYED_TEXT_MAX_BYTES};

/// An error response, made safe to relay: every text is bounded, and has only the characters of RFC
/// 6749 §5.2.
#[derive(Clone, Debug, Decode, Default, Encode, Eq, PartialEq)]
pub struct ErrorResponse {
    /// `error`, which programs may react to. Empty if the body has none.
    #[n(0)]
    pub error: String,
    /// `error_description`, for people.
    #[n(1)]
    pub description: Option<String>,
    /// What identifies the failure in Entra's own logs.
    #[n(2)]
    pub trace: Trace,
}

/// The members of an error response.
const MEMBERS: [&str; 6] =
    ["error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id"];

/// Entra's additions to an error response, relayed to the caller.
#[derive(Clone, Debug, Decode, Default, Encode, Eq, PartialEq, Serialize)]
pub struct Trace {
    /// AADSTS numbers. They say more than `error`, but Entra may change them.
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

/// AADSTS numbers: as numbers or texts, in a list or alone.
fn numbers(codes: &Json) -> Vec<u32> {
    let number = |code: &Json| {
        let number = match code {
            Json::Whole(number) => u32::try_from(*number).ok(),
            Json::Text(text) => text.trim().trim_start_matches(PREFIX).parse().ok(),
            _ => None,
        };
        number.filter(|number| *number > 0)
    };
    match codes {
        Json::List(codes) => codes.iter().filter_map(number).take(RELAYED_CODES_MAX).collect(),
        code => number(code).into_iter().collect(),
    }
}

/// The first AADSTS number in `text`.
fn number_in(text: &str) -> Option<u32> {
    let digits = |rest: &str| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
    text.split(PREFIX).skip(1).find_map(digits).filter(|number| *number > 0)
}

const PREFIX: &str = "AADSTS";

impl ErrorResponse {
    /// Parses a body, or returns nothing if it says nothing of an error. An odd field does not hide the
    /// others. Where a number is only in the text, it counts as one of `error_codes`.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let json = Json::parse(body).ok();
        let response = match json.and_then(|json| json.into_members(MEMBERS)) {
            Some(members) => Self::of(members),
            // Of a page, which is for a browser, only the number is of use.
            None => Self::default().numbered(&String::from_utf8_lossy(body)),
        };
        (response != Self::default()).then_some(response)
    }

    fn of(members: [Option<Json>; MEMBERS.len()]) -> Self {
        let [error, description, codes, timestamp, trace_id, correlation_id] = members;
        // Some of Microsoft's services answer with an object that has both.
        let [error, description] = match error {
            Some(object @ Json::Object(_)) => {
                object.into_members(["code", "message"]).unwrap_or_default()
            }
            error => [error, description],
        };
        let text = |field: Option<Json>| field?.into_text().filter(|text| !text.is_empty());
        let id = |field| text(field).map(|text| relayed(&text, RELAYED_ID_MAX_BYTES));
        let description = text(description);
        let response = Self {
            error: id(error).unwrap_or_default(),
            description: description.as_deref().map(|text| relayed(text, RELAYED_TEXT_MAX_BYTES)),
            trace: Trace {
                error_codes: codes.as_ref().map(numbers).unwrap_or_default(),
                timestamp: id(timestamp),
                trace_id: id(trace_id),
                correlation_id: id(correlation_id),
            },
        };
        response.numbered(description.as_deref().unwrap_or_default())
    }

    /// With the number in `text`, unless it has one.
    fn numbered(mut self, text: &str) -> Self {
        let codes = &mut self.trace.error_codes;
        if codes.is_empty() {
            codes.extend(number_in(text));
        }
        self
    }

    /// Whether it says which error it is. Otherwise it has only ids or words.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        !self.error.is_empty() || !self.trace.error_codes.is_empty()
    }

    /// The AADSTS number of the cause.
    #[must_use]
    pub fn aadsts(&self) -> Option<u32> {
        self.trace.error_codes.first().copied()
    }
}

/// `text` in the characters `%x20-21 / %x23-5B / %x5D-7E` (RFC 6749 §5.2), and at most `max` bytes.
///
/// A run of control characters becomes one space, a quotation mark an apostrophe, a backslash a slash,
/// and any other character a `?`.
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
