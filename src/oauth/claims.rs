//! The request parameter `claims` (`OpenID` Connect Core §5.5): a client capability, and what a
//! challenge of continuous access evaluation demands of the next token.
//!
//! Clients share tokens, so only what a challenge to an application can hold goes upstream. The text
//! for upstream is built from the parsed parts.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::base::cbor;
use crate::base::digest;
use crate::base::json::Json;
use crate::base::limits::{ADDRESS_MAX_BYTES, CLAIMS_MAX_BYTES};

/// What a challenge demands: the members of `access_token`, as JSON. At least one.
#[derive(Clone, Debug)]
pub struct Claims(String);

cbor::transparent!(Claims);

impl Claims {
    /// Names them.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        digest::of_fields(&[self.0.as_bytes()])
    }
}

/// The parsed parameter.
#[derive(Debug, Default)]
pub struct RequestedClaims {
    /// The client can answer challenges (`xms_cc` with the value `CP1`). Such a client may get a
    /// token that lives for a day.
    pub capability: bool,
    /// What a challenge demands.
    pub challenge: Option<Claims>,
}

/// What is wrong with the parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClaimsFault {
    /// It is not a JSON object, or longer than [`CLAIMS_MAX_BYTES`].
    Malformed,
    /// It has a member that no challenge to an application holds. The name is a fixed text.
    NotSentOn(&'static str),
}

const CAPABILITY: &str = "xms_cc";
const NOT_BEFORE: &str = "nbf";
const ADDRESS: &str = "xms_rp_ipaddr";
/// Says why an API has rejected a token. It shapes no token, so it is dropped. Alone it demands
/// nothing, and so is no challenge.
const DIAGNOSIS: &str = "xms_caeerror";
/// The longest decimal number of seconds.
const SECONDS_MAX_DIGITS: usize = 12;
/// The names that a refusal may have. Any other is the caller's own text.
const NAMES: [&str; 8] =
    [ADDRESS, CAPABILITY, NOT_BEFORE, "acr", "acrs", "amr", "auth_time", "capolids"];

impl RequestedClaims {
    /// Parses the JSON, or the base64 of it, which is what a challenge contains.
    ///
    /// # Errors
    /// [`ClaimsFault`].
    pub fn parse(text: &str) -> Result<Self, ClaimsFault> {
        if text.len() > CLAIMS_MAX_BYTES {
            return Err(ClaimsFault::Malformed);
        }
        let decoded = decoded(text);
        let json = Json::parse(decoded.as_deref().unwrap_or(text).as_bytes());
        let json = json.map_err(|_| ClaimsFault::Malformed)?;
        let (mut capability, mut demands) = (false, String::new());
        for (name, value) in members(&json)? {
            match name.as_str() {
                _ if is_empty(value) => continue,
                // This grant issues no ID token, and has no user (OpenID Connect Core §5.5). MSAL sends
                // hints for an ID token with every `claims`.
                "id_token" | "userinfo" => continue,
                "access_token" => {}
                name => return Err(ClaimsFault::not_sent_on(name)),
            }
            for (name, claim) in members(value)? {
                match name.as_str() {
                    _ if is_empty(claim) => {}
                    DIAGNOSIS => {}
                    CAPABILITY => capability = is_capability(claim)?,
                    NOT_BEFORE => demand(&mut demands, NOT_BEFORE, claim, is_seconds)?,
                    ADDRESS => demand(&mut demands, ADDRESS, claim, is_address)?,
                    name => return Err(ClaimsFault::not_sent_on(name)),
                }
            }
        }
        let challenge = (!demands.is_empty()).then_some(Claims(demands));
        Ok(Self { capability, challenge })
    }
}

/// The `claims` of an upstream request: what a challenge demands, and the capability. `None` if
/// there is neither.
#[must_use]
pub fn for_upstream(challenge: Option<&Claims>, capability: bool) -> Option<String> {
    let mut members = challenge.map_or_else(String::new, |claims| claims.0.clone());
    if capability {
        next_member(&mut members, r#""xms_cc":{"values":["CP1"]}"#);
    }
    (!members.is_empty()).then(|| [r#"{"access_token":{"#, &members, "}}"].concat())
}

fn next_member(members: &mut String, member: &str) {
    if !members.is_empty() {
        members.push(',');
    }
    members.push_str(member);
}

impl ClaimsFault {
    fn not_sent_on(name: &str) -> Self {
        let known = NAMES.into_iter().find(|known| *known == name);
        Self::NotSentOn(known.unwrap_or("one of its members"))
    }
}

/// The members of an object, each name once.
fn members(json: &Json) -> Result<&[(String, Json)], ClaimsFault> {
    let Json::Object(members) = json else { return Err(ClaimsFault::Malformed) };
    let mut names = Vec::new();
    for (name, _) in members {
        if names.contains(&name) {
            return Err(ClaimsFault::Malformed);
        }
        names.push(name);
    }
    Ok(members)
}

/// `null` is the default way to request a claim (§5.5.1): nothing is demanded of it.
fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Object(members) => members.is_empty(),
        Json::List(items) => items.is_empty(),
        _ => false,
    }
}

/// Whether `xms_cc` has the one value that there is for applications, in any case.
fn is_capability(claim: &Json) -> Result<bool, ClaimsFault> {
    let is_cp1 =
        |value: &Json| matches!(value, Json::Text(text) if text.eq_ignore_ascii_case("CP1"));
    let mut has_value = false;
    for (name, value) in members(claim)? {
        has_value |= match (name.as_str(), value) {
            (_, value) if is_empty(value) => false,
            ("essential", Json::Bool(_)) => false,
            ("values", Json::List(values)) if values.iter().all(is_cp1) => true,
            ("value", value) if is_cp1(value) => true,
            _ => return Err(ClaimsFault::NotSentOn(CAPABILITY)),
        };
    }
    Ok(has_value)
}

/// Adds the member `name` with what `claim` demands of it, if that is anything.
fn demand(
    demands: &mut String,
    name: &'static str,
    claim: &Json,
    is_value: fn(&str) -> bool,
) -> Result<(), ClaimsFault> {
    let (mut essential, mut demanded) = ("", String::new());
    for (member, value) in members(claim)? {
        let text = match value {
            value if is_empty(value) => continue,
            Json::Text(text) => text.clone(),
            Json::Whole(number) => number.to_string(),
            Json::Bool(_) => String::new(),
            _ => return Err(ClaimsFault::NotSentOn(name)),
        };
        match (member.as_str(), value) {
            ("essential", Json::Bool(true)) => essential = r#""essential":true,"#,
            ("essential", Json::Bool(false)) => {}
            ("value", _) if is_value(&text) => demanded = text,
            _ => return Err(ClaimsFault::NotSentOn(name)),
        }
    }
    if !demanded.is_empty() {
        let member = ["\"", name, "\":{", essential, "\"value\":\"", &demanded, "\"}"];
        next_member(demands, &member.concat());
    }
    Ok(())
}

fn is_seconds(text: &str) -> bool {
    (1..=SECONDS_MAX_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_address(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':');
    (1..=ADDRESS_MAX_BYTES).contains(&text.len()) && text.bytes().all(allowed)
}

/// Decodes base64 in either alphabet, with or without padding. No JSON object is valid base64.
fn decoded(text: &str) -> Option<String> {
    // The alphabet that all other rooms decode.
    let of_url = |c| match c {
        '+' => '-',
        '/' => '_',
        c => c,
    };
    let text: String = text.chars().filter(|c| *c != '=').map(of_url).collect();
    String::from_utf8(Base64UrlUnpadded::decode_vec(&text).ok()?).ok()
}
