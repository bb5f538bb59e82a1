//! A call by RPC: another Worker of the account calls a method of its service binding, without HTTP in
//! between. What it asks for is as on `GET /token`, or as on `POST /revoke`.

use std::borrow::Cow;

use super::form::Parameters;
use super::reply::Reply;
use crate::base::json::Json;
use crate::base::json_object::JsonObject;
use crate::base::limits::{MEMBER_NAME_MAX_BYTES, REQUEST_BODY_MAX_BYTES};
use crate::base::request_id::RequestId;
use crate::callers::presented::Presented;
use crate::callers::proofs::service_binding::BoundWorker;
use crate::error::{BrokerError, PresentedIn, RequestFault};
use crate::oauth::response_fields::ResponseFields;
use crate::oauth::scope::ScopeSet;
use crate::tokens::broker::Served;

/// A call as the platform took it apart.
#[derive(Debug)]
pub struct Call<'a> {
    /// What is called.
    pub method: Method,
    /// The members of its argument, as JSON text: `null` if the argument is no plain object. A value
    /// that JSON has no form for is an object.
    pub argument: &'a str,
    /// `client_id` in the `props` of the service binding. The argument cannot say it.
    pub client_id: Option<String>,
}

/// A method of the service binding.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// `getToken`.
    GetToken,
    /// `revoke`.
    Revoke,
}

/// A member of an argument, and the parameter of HTTP that it is.
type Member = (&'static str, &'static str);

/// The one member that is a number: seconds.
const MIN_TTL: &str = "minTtl";
/// It counts as the header of this name.
const REQUEST_ID: &str = "requestId";

const OF_GET_TOKEN: [Member; 8] = [
    ("scope", "scope"),
    ("credential", "credential"),
    (MIN_TTL, "min_ttl"),
    ("claims", "claims"),
    ("resource", "resource"),
    ("audience", "audience"),
    ("organization", "organization"),
    (REQUEST_ID, REQUEST_ID),
];

const OF_REVOKE: [Member; 5] = [
    ("token", "token"),
    ("claims", "claims"),
    ("scope", "scope"),
    ("credential", "credential"),
    (REQUEST_ID, REQUEST_ID),
];

/// The parameters of a call.
pub(super) type Argument = Result<Parameters<'static>, RequestFault>;

impl Method {
    /// The route's name in the log.
    #[must_use]
    pub const fn route(self) -> &'static str {
        match self {
            Self::GetToken => "rpc_token",
            Self::Revoke => "rpc_revoke",
        }
    }

    const fn members(self) -> &'static [Member] {
        match self {
            Self::GetToken => &OF_GET_TOKEN,
            Self::Revoke => &OF_REVOKE,
        }
    }
}

impl Call<'_> {
    /// What the calling Worker presents. It has nothing but its binding.
    ///
    /// # Errors
    /// The binding says no client id.
    pub(super) fn presented(&self) -> Result<Presented, BrokerError> {
        let client_id = self.client_id.clone();
        let client_id = client_id.ok_or(BrokerError::InvalidClient(PresentedIn::Nothing))?;
        Ok(Presented::ServiceBinding(BoundWorker { client_id }))
    }

    /// The parameters, and the request id if it is valid.
    pub(super) fn parse(&self) -> (Argument, Option<RequestId>) {
        let mut argument = parameters(self.argument, self.method.members());
        let given = argument.as_mut().ok().and_then(|all| all.take(REQUEST_ID));
        let request_id = given.as_deref().and_then(RequestId::parse);
        (argument, request_id)
    }
}

fn parameters(argument: &str, known: &'static [Member]) -> Argument {
    let Ok(Json::Object(members)) = Json::parse(argument.as_bytes()) else {
        return Err(RequestFault::ArgumentNotAnObject);
    };
    let mut values = Vec::with_capacity(members.len());
    for (name, value) in members {
        let Some((name, parameter)) = known.iter().find(|(known, _)| *known == name) else {
            return Err(RequestFault::UnknownMember(shown(&name)));
        };
        let text = match (*name, value) {
            (MIN_TTL, Json::Whole(secs)) => secs.to_string(),
            (MIN_TTL, _) => return Err(RequestFault::MemberNotSeconds(name)),
            (_, Json::Text(text)) => text,
            _ => return Err(RequestFault::MemberNotText(name)),
        };
        if text.len() > REQUEST_BODY_MAX_BYTES {
            return Err(RequestFault::MemberTooLong(name));
        }
        // As on HTTP, a parameter without a value counts as omitted.
        if !text.is_empty() {
            values.push((*parameter, Cow::Owned(text)));
        }
    }
    Ok(Parameters::of(values))
}

/// A name that the caller has made up, if it may be the name of a member. Anything else is not repeated.
fn shown(name: &str) -> String {
    let is_name = name.len() <= MEMBER_NAME_MAX_BYTES
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_name { name.to_owned() } else { "(of another form)".to_owned() }
}

/// The reply to `getToken`.
pub(super) fn token_reply(served: &Served, scope: &ScopeSet) -> Reply {
    Reply::with_token(token_json(served, scope), served)
}

/// The JSON text of a token. Instants are in milliseconds. Members of the token response come first, because the
/// last one of a name counts.
fn token_json(Served { token, .. }: &Served, scope: &ScopeSet) -> String {
    const ALL_BUT_THE_TOKEN: usize = 160;
    let access_token = token.access_token.json();
    let fields = token.fields.as_deref().map_or("", ResponseFields::as_json);
    let scope = token.scope.as_deref().unwrap_or(scope);
    let length = [access_token.len(), fields.len(), scope.as_str().len()]
        .into_iter()
        .fold(ALL_BUT_THE_TOKEN, usize::saturating_add);
    // Its whole capacity from the start: a growing text would leave copies of the token behind.
    let mut json = String::with_capacity(length);
    json.push('{');
    if !fields.is_empty() {
        json.push_str(fields);
        json.push(',');
    }
    let (expires_at, renew_at) = (token.expires_at.0.to_string(), token.renew_at().0.to_string());
    for part in [
        r#""token":"#,
        access_token,
        r#","expiresOnTimestamp":"#,
        &expires_at,
        r#","refreshAfterTimestamp":"#,
        &renew_at,
        r#","tokenType":"Bearer""#,
    ] {
        json.push_str(part);
    }
    if !scope.is_none() {
        // Its characters need no escape (RFC 6749 §3.3).
        for part in [r#","scope":""#, scope.as_str(), "\""] {
            json.push_str(part);
        }
    }
    json.push('}');
    json
}

/// An error as the members of a JavaScript `Error`. The names of those that differ on HTTP are in camel case.
pub(super) fn error_json(wire: &super::error::WireError, request_id: &RequestId) -> String {
    let mut json = JsonObject::default();
    json.text("name", wire.error);
    json.text("message", &wire.error_description);
    json.number("status", Some(wire.status.into()));
    json.number("retryAfter", wire.retry_after_secs);
    json.text("requestId", request_id.as_str());
    wire.trace.write(&mut json, ["errorCodes", "timestamp", "traceId", "correlationId"]);
    json.finish()
}
