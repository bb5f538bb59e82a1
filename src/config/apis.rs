//! `APIS`: the servers that callers reach through the broker, and what a client may send to them.

use std::rc::Rc;

use super::Bindings;
use super::credentials::Credentials;
use super::grant::{self, Grant};
use crate::base::base_path::BasePath;
use crate::base::base_url::BaseUrl;
use crate::base::json::Json;
use crate::base::limits::{FIRST_BYTE_TIMEOUT, FIRST_BYTE_TIMEOUT_MAX_SECS, NAME_MAX_BYTES};
use crate::base::origin::is_path_safe;
use crate::base::path_pattern::PathPattern;
use crate::base::time::Millis;
use crate::settings::field::{self, Field, required};
use crate::settings::name::is_client_id;
use crate::settings::{Faults, Reason};

/// A server that an entry of `APIS` names.
#[derive(Debug)]
pub struct Api {
    /// Its name in the path of a request, in grants and in logs.
    pub name: String,
    /// Every request that the broker sends to it is for a URL under this one.
    pub base: BaseUrl,
    /// The grant of the token that it gets. With `cae = true` the token has the client capability: the
    /// broker itself answers the API's claims challenges.
    pub grant: Rc<Grant>,
    /// The header field of the token, in lower case.
    pub header: String,
    /// What stands before the token in that field, with the space behind it.
    pub prefix: String,
    /// The longest wait for the first byte of an answer.
    pub first_byte_timeout: Millis,
    /// Whether the log has the path of its requests.
    pub log_path: bool,
}

/// The permission to send requests to one API.
#[derive(Debug)]
pub struct ApiGrant {
    /// The API.
    pub api: Rc<Api>,
    /// The methods, in upper case. None are `GET` and `HEAD`.
    pub methods: Vec<String>,
    /// The paths under the API's base. None are all.
    pub paths: Vec<PathPattern>,
}

impl ApiGrant {
    /// Whether it is for requests with this method.
    #[must_use]
    pub fn permits_method(&self, method: &str) -> bool {
        if self.methods.is_empty() {
            return matches!(method, "GET" | "HEAD");
        }
        self.methods.iter().any(|permitted| permitted == method)
    }

    /// Whether it is for requests to this path under the API's base.
    #[must_use]
    pub fn permits_path(&self, path: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|permitted| permitted.matches(path))
    }
}

/// The valid APIs, and the names of all: a grant for a faulty API is not a second fault.
#[derive(Debug, Default)]
pub(super) struct Apis {
    pub(super) parsed: Vec<Rc<Api>>,
    names: Vec<String>,
}

pub(super) fn parse(
    bindings: &dyn Bindings,
    credentials: &Credentials,
    own: Option<(&str, &BasePath)>,
    faults: &mut Faults,
) -> Apis {
    let entries = field::of_binding(bindings, "APIS", faults)
        .and_then(|table| Field::new("APIS", table).into_entries(faults));
    let mut apis = Apis::default();
    for (name, field) in entries.unwrap_or_default() {
        if !is_path_safe(&name) {
            faults.add(field.path.clone(), Reason::NotACredentialName);
        }
        if apis.names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            faults.add(field.path.clone(), Reason::SameApiButForCase);
        }
        let api = api(&name, field, credentials, own, faults);
        apis.parsed.extend(api.map(Rc::new));
        apis.names.push(name);
    }
    apis
}

/// The API of one entry. It counts only if there is no fault.
fn api(
    name: &str,
    field: Field,
    credentials: &Credentials,
    own: Option<(&str, &BasePath)>,
    faults: &mut Faults,
) -> Option<Api> {
    let path = field.path.clone();
    let [credential, scope, keep_warm, cae] = grant::FIELDS;
    let names = [
        "base",
        credential,
        scope,
        keep_warm,
        cae,
        "header",
        "prefix",
        "first_byte_timeout",
        "log_path",
    ];
    let [base, credential, scope, keep_warm, cae, header, prefix, first_byte_timeout, log_path] =
        field.into_fields(names, faults)?;
    let base = required(base, &path, "base", faults).and_then(|field| base_of(field, own, faults));
    let grant = grant::parse([credential, scope, keep_warm, cae], &path, credentials, faults);
    let header = text_of(header, header_name, faults).unwrap_or_else(|| "authorization".into());
    let prefix = text_of(prefix, prefix_of, faults).unwrap_or_else(|| {
        if header == "authorization" { "Bearer ".into() } else { String::new() }
    });
    let first_byte_timeout = first_byte_timeout
        .and_then(|field| faults.ok(field.path, timeout(&field.value)))
        .unwrap_or(FIRST_BYTE_TIMEOUT);
    let log_path = log_path.and_then(|field| field.into_bool(faults)).unwrap_or(false);
    let (plain, capable) = grant?;
    let grant = Rc::new(capable.unwrap_or(plain));
    Some(Api {
        name: name.to_owned(),
        base: base?,
        grant,
        header,
        prefix,
        first_byte_timeout,
        log_path,
    })
}

/// A base at the broker's own origin, and where it answers there, would send the request to the broker again.
fn base_of(field: Field, own: Option<(&str, &BasePath)>, faults: &mut Faults) -> Option<BaseUrl> {
    let path = field.path.clone();
    let text = field.into_text(faults)?;
    let base = faults.ok(path.clone(), BaseUrl::parse(&text))?;
    let is_own = |(origin, path): (&str, &BasePath)| {
        base.origin().as_str() == origin && path.overlaps(base.path())
    };
    if own.is_some_and(is_own) {
        faults.add(path, Reason::OwnOrigin);
    }
    Some(base)
}

/// What `parse` makes of the text of an optional field.
fn text_of(
    field: Option<Field>,
    parse: fn(&str) -> Result<String, Reason>,
    faults: &mut Faults,
) -> Option<String> {
    let field = field?;
    let path = field.path.clone();
    let text = field.into_text(faults)?;
    faults.ok(path, parse(&text))
}

/// The header fields that are about one connection, or that the platform itself writes.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// How the names of others begin: those of proxies, of the platform, and of browsers.
const RESERVED_PREFIXES: [&str; 3] = ["proxy-", "cf-", "sec-"];

/// The name of a header field (RFC 9110 §5.1), in lower case.
fn header_name(text: &str) -> Result<String, Reason> {
    let name = text.to_ascii_lowercase();
    let is_reserved = RESERVED.contains(&name.as_str())
        || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let is_name = (1..=NAME_MAX_BYTES).contains(&name.len()) && name.bytes().all(is_token);
    if is_name && !is_reserved { Ok(name) } else { Err(Reason::NotAHeader) }
}

/// RFC 9110 §5.6.2.
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// A scheme such as `Bearer` gets its space. `token=` gets none.
fn prefix_of(text: &str) -> Result<String, Reason> {
    let word = text.strip_suffix(' ').unwrap_or(text);
    if text.is_empty() {
        Ok(String::new())
    } else if !is_client_id(word) {
        Err(Reason::NotAPrefix)
    } else if text.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        Ok([text, " "].concat())
    } else {
        Ok(text.to_owned())
    }
}

fn timeout(value: &Json) -> Result<Millis, Reason> {
    match value {
        Json::Whole(secs @ 1..=FIRST_BYTE_TIMEOUT_MAX_SECS) => Ok(Millis::from_secs(*secs)),
        _ => Err(Reason::NotATimeout),
    }
}

/// The grant of an entry of `allow` with `api`.
pub(super) fn grant(
    api: Field,
    [methods, paths]: [Option<Field>; 2],
    apis: &Apis,
    faults: &mut Faults,
) -> Option<ApiGrant> {
    let path = api.path.clone();
    let name = api.into_text(faults);
    let known = apis.parsed.iter().find(|api| Some(&api.name) == name.as_ref());
    if name.as_ref().is_some_and(|name| !apis.names.contains(name)) {
        faults.add(path, Reason::NoSuchApi);
    }
    let (mut permitted, mut patterns) = (Vec::new(), Vec::new());
    for (path, text) in methods.map(|field| field.into_texts(faults)).unwrap_or_default() {
        permitted.extend(faults.ok(path, method(text)));
    }
    for (path, text) in paths.map(|field| field.into_texts(faults)).unwrap_or_default() {
        patterns.extend(faults.ok(path, PathPattern::parse(&text)));
    }
    Some(ApiGrant { api: Rc::clone(known?), methods: permitted, paths: patterns })
}

/// No platform sends the methods that are refused (Fetch standard), and an answer to `TRACE` has the token
/// in it.
fn method(text: String) -> Result<String, Reason> {
    let is_method = !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    let is_forbidden = ["CONNECT", "TRACE", "TRACK"].contains(&text.as_str());
    if is_method && !is_forbidden { Ok(text) } else { Err(Reason::NotAMethod) }
}
