//! The token response (RFC 6749 §5.1): read from the authorization server, written to callers.

use std::fmt::Write;

use crate::base::cbor::{Cbor, Value};
use crate::base::json::Json;
use crate::base::limits::{EXPIRES_IN_ABSENT_SECS, EXPIRES_IN_MAX_SECS};
use crate::base::secret::AccessToken;
use crate::base::time::Millis;
use crate::oauth::response_fields::ResponseFields;
use crate::oauth::scope::ScopeSet;

/// A token as the authorization server issued it. Durations count from before the request was sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuedToken {
    /// The token.
    pub access_token: AccessToken,
    /// `expires_in`: positive, and at most [`EXPIRES_IN_MAX_SECS`].
    pub expires_in: Millis,
    /// `ext_expires_in`: Entra's lifetime for when it is itself down; only passed on.
    pub ext_expires_in: Option<Millis>,
    /// `refresh_in`: when Entra would like the token to be renewed; sooner than `expires_in`.
    pub refresh_in: Option<Millis>,
    /// `scope`: what upstream granted. Without it, what was requested.
    pub scope: Option<ScopeSet>,
    /// The members that [`ResponseRules::response_fields`] names.
    pub fields: Option<ResponseFields>,
}

/// What the configuration says of a server's token responses. The default is RFC 6749 §5.1, and what
/// Entra sends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ResponseRules {
    /// The lifetime of a token without a usable `expires_in`: it is missing, zero, negative or no number.
    /// At least a second, and at most [`EXPIRES_IN_MAX_SECS`]. Without this setting a missing one is
    /// [`EXPIRES_IN_ABSENT_SECS`], and the others are faults.
    pub default_expires_in: Option<Millis>,
    /// Names of members beyond RFC 6749 §5.1 that callers get as well.
    pub response_fields: Vec<String>,
}

impl ResponseRules {
    /// The default.
    pub const USUAL: Self = Self { default_expires_in: None, response_fields: Vec::new() };
}

/// Why an answer of the authorization server is not a token response.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnswerFault {
    /// Neither a token response nor an error response.
    #[error("not a JSON token response")]
    NotATokenResponse,
    /// `access_token` is missing, empty, beside an `error`, or has characters that RFC 6749 A.12
    /// forbids.
    #[error("access_token missing or malformed")]
    AccessToken,
    /// `token_type` is not `Bearer`: a client must not use what it does not understand (RFC 6749 §7.1).
    #[error("token_type is not Bearer")]
    TokenType,
    /// `expires_in` is there, but is not a number of seconds above zero.
    #[error("expires_in is not a number of seconds above zero")]
    ExpiresIn,
    /// The body is longer than the broker reads.
    #[error("body too large")]
    TooLarge,
    /// A status that no token endpoint sends, with no error response either.
    #[error("HTTP status {0} without an OAuth error")]
    UnexpectedStatus(u16),
    /// A redirect; following it would send the client secret elsewhere.
    #[error("redirect, not followed")]
    Redirect,
    /// The connection broke within the body. Earlier versions did not have this.
    #[error("the answer was cut off")]
    CutOff,
    /// `expires_at` is missing, malformed or past. Earlier versions did not have this.
    #[error("expires_at is not an instant in the future")]
    ExpiresAt,
}

/// The faults without a field, by their number as variants.
const FIELDLESS: [(u64, AnswerFault); 8] = [
    (0, AnswerFault::NotATokenResponse),
    (1, AnswerFault::AccessToken),
    (2, AnswerFault::TokenType),
    (3, AnswerFault::ExpiresIn),
    (4, AnswerFault::TooLarge),
    (6, AnswerFault::Redirect),
    (7, AnswerFault::CutOff),
    (8, AnswerFault::ExpiresAt),
];

impl Cbor for AnswerFault {
    fn to_value(&self) -> Value {
        match self {
            Self::UnexpectedStatus(status) => Value::variant(5, vec![status.to_value()]),
            fault => {
                let known = FIELDLESS.iter().find(|(_, other)| other == fault);
                Value::variant(known.map_or(0, |(number, _)| *number), Vec::new())
            }
        }
    }

    fn of_value(value: Value) -> Option<Self> {
        match value.into_variant()? {
            (5, mut fields) => Some(Self::UnexpectedStatus(fields.take()?)),
            (number, _) => {
                FIELDLESS.iter().find(|(known, _)| *known == number).map(|(_, fault)| *fault)
            }
        }
    }
}

/// A number of seconds, sent as a number or as a string of digits: a duration where it makes sense,
/// which is not negative, rounded down. What is longer than [`EXPIRES_IN_MAX_SECS`] counts as that:
/// some servers mean "for ever".
fn duration(seconds: &Json) -> Option<Millis> {
    let seconds = match seconds {
        Json::Whole(seconds) => *seconds,
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounds down, as it is meant; what does not fit becomes the largest"
        )]
        Json::Fraction(seconds) if *seconds >= 0.0 => *seconds as u64,
        Json::Text(text) => {
            let text = text.trim();
            let digits = text.split_once('.').map_or(text, |(whole, _)| whole);
            let is_number =
                !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
            // More digits than fit are more than the longest.
            is_number.then(|| digits.parse().unwrap_or(u64::MAX))?
        }
        _ => return None,
    };
    Some(Millis::from_secs(seconds.min(EXPIRES_IN_MAX_SECS)))
}

impl IssuedToken {
    /// Parses the body of a 200 answer.
    ///
    /// # Errors
    /// The first [`AnswerFault`] found.
    pub fn parse(body: &[u8], rules: &ResponseRules) -> Result<Self, AnswerFault> {
        let fields = [
            "error",
            "access_token",
            "token_type",
            "expires_in",
            "ext_expires_in",
            "refresh_in",
            "scope",
        ];
        let json = Json::parse(body).map_err(|_| AnswerFault::NotATokenResponse)?;
        let extra = ResponseFields::select(body, &json, &rules.response_fields);
        let [error, access_token, token_type, expires_in, ext_expires_in, refresh_in, scope] =
            json.into_members(fields).ok_or(AnswerFault::NotATokenResponse)?;
        let is_error = error.and_then(Json::into_text).is_some_and(|error| !error.is_empty());
        let access_token = access_token
            .filter(|_| !is_error)
            .and_then(Json::into_text)
            .and_then(AccessToken::parse)
            .ok_or(AnswerFault::AccessToken)?;
        if !token_type
            .and_then(Json::into_text)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer"))
        {
            return Err(AnswerFault::TokenType);
        }
        let sent = expires_in.as_ref().and_then(duration).filter(|lifetime| *lifetime > Millis(0));
        let expires_in = match (sent.or(rules.default_expires_in), expires_in) {
            (Some(lifetime), _) => lifetime,
            (None, Some(_)) => return Err(AnswerFault::ExpiresIn),
            (None, None) => Millis::from_secs(EXPIRES_IN_ABSENT_SECS),
        };
        // Both are hints: a senseless one is as good as none.
        let hint = |seconds: Option<Json>| seconds.as_ref().and_then(duration);
        Ok(Self {
            access_token,
            expires_in,
            ext_expires_in: hint(ext_expires_in),
            refresh_in: hint(refresh_in)
                .filter(|refresh_in| (Millis(1)..expires_in).contains(refresh_in)),
            scope: scope.and_then(ScopeSet::granted),
            fields: extra,
        })
    }
}

/// The success response to a caller, on both routes.
#[derive(Debug)]
pub struct TokenResponse<'a> {
    /// Whole seconds left now, rounded down.
    pub expires_in: u64,
    /// Whole seconds left now; present when the authorization server sent it.
    pub ext_expires_in: Option<u64>,
    /// The token.
    pub access_token: &'a AccessToken,
    /// Its scope, if the caller is to be told.
    pub scope: Option<&'a ScopeSet>,
    /// Members beyond RFC 6749 §5.1.
    pub fields: Option<&'a ResponseFields>,
}

impl TokenResponse<'_> {
    /// The JSON text, in one allocation: a hit is little more than this.
    #[must_use]
    pub fn to_json(&self) -> String {
        const ALL_BUT_THE_TOKEN: usize = 128;
        let token = self.access_token.json();
        let scope = self.scope.map_or("", ScopeSet::as_str);
        let fields = self.fields.map_or("", ResponseFields::as_json);
        let length = [token.len(), scope.len(), fields.len()]
            .into_iter()
            .fold(ALL_BUT_THE_TOKEN, usize::saturating_add);
        let mut json = String::with_capacity(length);
        json.push_str(r#"{"token_type":"Bearer","expires_in":"#);
        push_number(&mut json, self.expires_in);
        if let Some(secs) = self.ext_expires_in {
            json.push_str(r#","ext_expires_in":"#);
            push_number(&mut json, secs);
        }
        json.push_str(r#","access_token":"#);
        json.push_str(token);
        if self.scope.is_some() {
            // Its characters need no escape (RFC 6749 §3.3).
            json.push_str(r#","scope":""#);
            json.push_str(scope);
            json.push('"');
        }
        if self.fields.is_some() {
            json.push(',');
            json.push_str(fields);
        }
        json.push('}');
        json
    }
}

fn push_number(json: &mut String, number: u64) {
    // Writing into a `String` does not fail.
    let _ = write!(json, "{number}");
}
