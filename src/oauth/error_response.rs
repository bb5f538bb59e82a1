//! The authorization server's error response (RFC 6749 §5.2), with Entra's additions.

use crate::base::cbor;
use crate::base::json::Json;
use crate::base::json_object::JsonObject;
use crate::base::limits::{RELAYED_CODES_MAX, RELAYED_ID_MAX_BYTES, RELAYED_TEXT_MAX_BYTES};

/// An error response, made safe to relay: every text is bounded, and has only the characters of RFC
/// 6749 §5.2.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ErrorResponse {
    /// `error`, which programs may react to. Empty if the body has none.
    pub error: String,
    /// `error_description`, for people.
    pub description: Option<String>,
    /// What identifies the failure in Entra's own logs.
    pub trace: Trace,
    /// What an operator must do, from the code that knows the kind of server. No body has it. Earlier
    /// versions did not have this.
    pub advice: Option<String>,
}

/// Entra's additions to an error response, relayed to the caller.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace {
    /// AADSTS numbers. They say more than `error`, but Entra may change them.
    pub error_codes: Vec<u32>,
    /// When the authorization server answered, in its own format.
    pub timestamp: Option<String>,
    /// Identifies the request in Entra's support tools.
    pub trace_id: Option<String>,
    /// The `client-request-id` as Entra saw it.
    pub correlation_id: Option<String>,
}

cbor::record!(ErrorResponse { error, description, trace, advice });
cbor::record!(Trace { error_codes, timestamp, trace_id, correlation_id });

impl Trace {
    /// Adds what is there to the caller's error response, by these names.
    pub fn write(&self, json: &mut JsonObject, names: [&str; 4]) {
        let [error_codes, timestamp, trace_id, correlation_id] = names;
        let codes: Vec<String> = self.error_codes.iter().map(u32::to_string).collect();
        json.list(error_codes, &codes);
        json.texts(&[
            (timestamp, self.timestamp.as_deref()),
            (trace_id, self.trace_id.as_deref()),
            (correlation_id, self.correlation_id.as_deref()),
        ]);
    }
}

/// AADSTS numbers: as numbers or texts, in a list or alone.
fn numbers(codes: &Json) -> Vec<u32> {
    let number = |code: &Json| {
        let number = match code {
            Json::Whole(number) => u32::try_from(*number).ok(),
            Json::Text(text) => text.trim().parse().ok().or_else(|| number_in(text.as_bytes())),
            _ => None,
        };
        number.filter(|number| *number > 0)
    };
    match codes {
        Json::List(codes) => codes.iter().filter_map(number).take(RELAYED_CODES_MAX).collect(),
        code => number(code).into_iter().collect(),
    }
}

/// The first number in `text` after the letters `AADSTS`.
fn number_in(text: &[u8]) -> Option<u32> {
    let behind = |at| text.get(at..)?.strip_prefix(b"AADSTS");
    let number = |digits: &[u8]| {
        let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
        let value = |digit: u8| u32::from(digit.wrapping_sub(b'0'));
        digits.copied().try_fold(0_u32, |sum, digit| sum.checked_mul(10)?.checked_add(value(digit)))
    };
    (0..text.len()).filter_map(behind).filter_map(number).find(|number| *number > 0)
}

impl ErrorResponse {
    /// Parses a body, or returns nothing if it says nothing of an error. An odd field does not hide the
    /// others. Without a number in `error_codes`, the one in the text counts, also in that of a page.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let json = Json::parse(body).unwrap_or(Json::Null);
        let other_words = other_words(&json).map(|text| relayed(text, RELAYED_TEXT_MAX_BYTES));
        let names = [
            "error",
            "error_description",
            "error_codes",
            "timestamp",
            "trace_id",
            "correlation_id",
        ];
        let [error, description, codes, timestamp, trace_id, correlation_id] =
            json.into_members(names).unwrap_or_default();
        let text = |field: Option<Json>, max| {
            let text = field?.into_text().filter(|text| !text.is_empty())?;
            Some(relayed(&text, max))
        };
        let id = |field| text(field, RELAYED_ID_MAX_BYTES);
        let mut response = Self {
            error: id(error).unwrap_or_default(),
            description: text(description, RELAYED_TEXT_MAX_BYTES).or(other_words),
            trace: Trace {
                error_codes: codes.as_ref().map(numbers).unwrap_or_default(),
                timestamp: id(timestamp),
                trace_id: id(trace_id),
                correlation_id: id(correlation_id),
            },
            advice: None,
        };
        if response.trace.error_codes.is_empty() {
            response.trace.error_codes.extend(number_in(body));
        }
        (response != Self::default()).then_some(response)
    }

    /// The same without the words of a body that repeats one of the texts `sent` in the request: some
    /// gateways do, and a secret must not reach a caller. What is cut in the middle counts as well.
    #[must_use]
    pub fn without(self, sent: &[&str], body: &[u8]) -> Self {
        let repeats = |text: &&&str| {
            let windows = body.windows(text.len().max(1));
            !text.is_empty() && windows.into_iter().any(|part| part == text.as_bytes())
        };
        let Some(secret) = sent.iter().find(repeats) else { return self };
        let is_apart = |text: &String| !secret.contains(text.as_str()) && !text.contains(secret);
        Self {
            error: Some(self.error).filter(is_apart).unwrap_or_default(),
            description: None,
            trace: Trace { error_codes: self.trace.error_codes, ..Trace::default() },
            advice: None,
        }
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

/// The words for people in a body without RFC 6749's shape: of GitHub, Twitch, Google, Okta,
/// Zoom and others.
fn other_words(json: &Json) -> Option<&str> {
    let Json::Object(members) = json else { return None };
    members.iter().find_map(|(name, value)| match (name.as_str(), value) {
        (
            "message" | "error_message" | "errorMessage" | "errorSummary" | "reason",
            Json::Text(text),
        ) => (!text.is_empty()).then_some(text.as_str()),
        ("error", nested) => other_words(nested),
        _ => None,
    })
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
