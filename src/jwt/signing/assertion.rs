//! The JWTs by which the broker proves itself to a server (RFC 7523).

use std::borrow::Cow;

use base64ct::{Base64UrlUnpadded, Encoding};
use secrecy::SecretString;

use crate::base::json::Json;
use crate::base::json_object::quoted;
use crate::base::limits::JSON_NUMBER_MAX;
use crate::jwt::algorithm::Algorithm;

/// What a JWT is to say.
#[derive(Debug)]
pub struct Assertion<'a> {
    /// `alg`.
    pub algorithm: Algorithm,
    /// The member of the header that names the key: `kid`, or `x5t#S256`.
    pub header: Option<(&'static str, &'a str)>,
    /// The claims, in their order. The caller names each of them once.
    pub claims: Vec<(Cow<'a, str>, ClaimValue<'a>)>,
}

/// The value of a claim.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ClaimValue<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A whole number.
    Whole(u64),
    /// `true` or `false`.
    Bool(bool),
    /// An array.
    List(Vec<ClaimValue<'a>>),
}

impl ClaimValue<'static> {
    /// The value of a configuration: text, a whole number, a boolean, or a list of these; nothing empty.
    #[must_use]
    pub fn parse(json: Json) -> Option<Self> {
        match json {
            Json::List(items) if !items.is_empty() => {
                items.into_iter().map(Self::single).collect::<Option<_>>().map(Self::List)
            }
            value => Self::single(value),
        }
    }

    fn single(json: Json) -> Option<Self> {
        match json {
            Json::Text(text) if !text.is_empty() => Some(Self::Text(text.into())),
            // A larger number may have been another one before the platform read the configuration.
            Json::Whole(number) if number <= JSON_NUMBER_MAX => Some(Self::Whole(number)),
            Json::Bool(value) => Some(Self::Bool(value)),
            _ => None,
        }
    }
}

impl<'a> From<&'a str> for ClaimValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<u64> for ClaimValue<'_> {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl Assertion<'_> {
    /// What is to be signed (RFC 7515 §5.1).
    #[must_use]
    pub fn signing_input(&self) -> String {
        let mut header = [r#"{"alg":""#, self.algorithm.name(), r#"","typ":"JWT""#].concat();
        if let Some((name, value)) = self.header {
            header.push(',');
            header.push_str(&quoted(name));
            header.push(':');
            header.push_str(&quoted(value));
        }
        header.push('}');
        let mut claims = String::from("{");
        for (place, (name, value)) in self.claims.iter().enumerate() {
            if place > 0 {
                claims.push(',');
            }
            claims.push_str(&quoted(name));
            claims.push(':');
            value.push(&mut claims);
        }
        claims.push('}');
        let encoded = |json: &str| Base64UrlUnpadded::encode_string(json.as_bytes());
        [&encoded(&header), ".", &encoded(&claims)].concat()
    }
}

impl ClaimValue<'_> {
    fn push(&self, json: &mut String) {
        match self {
            Self::Text(text) => json.push_str(&quoted(text)),
            Self::Whole(number) => json.push_str(&number.to_string()),
            Self::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
            Self::List(values) => {
                json.push('[');
                for (place, value) in values.iter().enumerate() {
                    if place > 0 {
                        json.push(',');
                    }
                    value.push(json);
                }
                json.push(']');
            }
        }
    }
}

/// The JWT in compact form (RFC 7515 §7.1).
#[must_use]
pub fn finish(signing_input: &str, signature: &[u8]) -> SecretString {
    let signature = Base64UrlUnpadded::encode_string(signature);
    // `concat` allocates once: a string that grows would leave copies behind.
    [signing_input, ".", &signature].concat().into()
}
