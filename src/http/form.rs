//! Form-urlencoded bodies and queries, and their parameters (RFC 6749 §3.2).

use std::borrow::Cow;

use crate::base::limits::REQUEST_BODY_MAX_BYTES;
use crate::callers::presented::ClientParameters;
use crate::error::RequestFault;
use crate::oauth::scope::without_slash;

/// The known parameters of a request. Unknown ones are ignored (RFC 6749 §3.2).
///
/// [`Parameters::take`] returns each value once.
pub struct Parameters<'a> {
    /// Those that came and were not taken: a few of the known ones.
    values: Vec<(&'static str, Cow<'a, str>)>,
}

impl<'a> Parameters<'a> {
    /// Parses `encoded`, keeping the parameters in `names`.
    ///
    /// A parameter without a value counts as omitted (RFC 6749 §3.2). Only `resource`
    /// (RFC 8707 §2) and `audience` (RFC 8693 §2.1) may come several times. Several different ones
    /// become a space, which no grant has: a token is for one.
    ///
    /// # Errors
    /// [`RequestFault::DuplicateParameter`] if another one of `names` comes twice (RFC 6749 §3.2).
    pub fn parse(encoded: &'a [u8], names: &[&'static str]) -> Result<Self, RequestFault> {
        let mut values: Vec<(&'static str, Cow<'a, str>)> = Vec::new();
        for (name, value) in form_urlencoded::parse(encoded) {
            let Some(name) = names.iter().find(|known| **known == name).copied() else { continue };
            if value.is_empty() {
                continue;
            }
            let Some((_, first)) = values.iter_mut().find(|(known, _)| *known == name) else {
                values.push((name, value));
                continue;
            };
            if !matches!(name, "resource" | "audience") {
                return Err(RequestFault::DuplicateParameter(name));
            }
            if without_slash(first) != without_slash(&value) {
                *first = " ".into();
            }
        }
        Ok(Self { values })
    }

    /// Values that came in another form than this one. No name comes twice.
    #[must_use]
    pub(super) const fn of(values: Vec<(&'static str, Cow<'a, str>)>) -> Self {
        Self { values }
    }

    /// Takes the value of `name` out.
    pub fn take(&mut self, name: &'static str) -> Option<Cow<'a, str>> {
        let place = self.values.iter().position(|(known, _)| *known == name)?;
        Some(self.values.swap_remove(place).1)
    }
}

/// A form-urlencoded body (RFC 6749 appendix B).
#[derive(Clone, Copy, Debug)]
pub struct Form<'a>(&'a [u8]);

impl<'a> Form<'a> {
    /// The parameters, still encoded.
    #[must_use]
    pub const fn encoded(&self) -> &'a [u8] {
        self.0
    }

    /// The form in `body`, which is `None` if it could not be read.
    ///
    /// # Errors
    /// Another content type; a body that is too large or could not be read.
    pub fn new(content_type: Option<&str>, body: Option<&'a [u8]>) -> Result<Self, RequestFault> {
        let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        if !essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(RequestFault::ContentType);
        }
        let body = body.ok_or(RequestFault::BodyUnreadable)?;
        if body.len() > REQUEST_BODY_MAX_BYTES {
            Err(RequestFault::BodyTooLarge)
        } else {
            Ok(Self(body))
        }
    }
}

/// The parameters of a form by which a client authenticates itself.
pub(super) const CLIENT_PARAMETERS: [&str; 4] =
    ["client_id", "client_secret", "client_assertion_type", "client_assertion"];

pub(super) fn client_parameters<'a>(parameters: &mut Parameters<'a>) -> ClientParameters<'a> {
    let [client_id, client_secret, assertion_type, assertion] =
        CLIENT_PARAMETERS.map(|name| parameters.take(name));
    ClientParameters { client_id, client_secret, assertion_type, assertion }
}
