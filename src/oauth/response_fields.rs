//! Members of a token response beside those of RFC 6749 §5.1, such as Salesforce's `instance_url`:
//! callers get the ones that the configuration names.

use secrecy::{ExposeSecret, SecretString};

use crate::base::json::{self, Json};
use crate::base::limits::RESPONSE_FIELDS_MAX_BYTES;

/// The members as JSON text without the braces, such as `"instance_url":"https://…","id":"…"`, in
/// printable ASCII and at most [`RESPONSE_FIELDS_MAX_BYTES`] long. At least one. A value may be a secret.
#[derive(Clone, Debug)]
pub struct ResponseFields(SecretString);

impl PartialEq for ResponseFields {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl Eq for ResponseFields {}

/// The members that the broker itself writes, or never hands out.
const RESERVED: [&str; 7] = [
    "access_token",
    "token_type",
    "expires_in",
    "ext_expires_in",
    "refresh_in",
    "refresh_token",
    "scope",
];

/// Whether no response field may have this name. What begins with `error` belongs to error responses.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name.starts_with("error")
}

impl ResponseFields {
    /// The members `names` of the response `body`, which parses as `json`. They are as in the body, to the
    /// last digit of a number.
    ///
    /// A member is left out that is [absent](Json::is_absent), comes twice, or is too long for the rest of
    /// the space.
    #[must_use]
    pub fn select(body: &[u8], json: &Json, names: &[String]) -> Option<Self> {
        let (Json::Object(entries), false) = (json, names.is_empty()) else { return None };
        let mut members = String::new();
        for ((name, value), text) in entries.iter().zip(member_texts(body)) {
            let comes_once = || entries.iter().filter(|(other, _)| other == name).count() == 1;
            let is_wanted = names.contains(name) && !is_reserved(name) && !value.is_absent();
            let text = str::from_utf8(text).ok().filter(|_| is_wanted && comes_once());
            let Some(text) = text else { continue };
            let member = json::in_ascii(text.trim().to_owned());
            if member.len().saturating_add(members.len()) < RESPONSE_FIELDS_MAX_BYTES {
                if !members.is_empty() {
                    members.push(',');
                }
                members.push_str(&member);
            }
        }
        Self::stored(&members)
    }

    /// Members that [`Self::select`] has made. `None` if they cannot be.
    #[must_use]
    pub fn stored(members: &str) -> Option<Self> {
        let is_printable = members.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let has_length = (1..=RESPONSE_FIELDS_MAX_BYTES).contains(&members.len());
        (is_printable && has_length).then(|| Self(members.into()))
    }

    /// The JSON text of the members.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The texts of the members of the object `json`, in order. It must be JSON.
fn member_texts(json: &[u8]) -> Vec<&[u8]> {
    let mut members = Vec::new();
    let (mut depth, mut begin) = (0_usize, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for (at, byte) in json.iter().enumerate() {
        let before = depth;
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => {}
            _ => continue,
        }
        let is_end = before == 1 && !in_string && matches!(byte, b',' | b'}');
        if is_end {
            members.extend(json.get(begin..at));
        }
        if is_end || before == 0 {
            begin = at.saturating_add(1);
        }
    }
    members
}
