//! The response to a caller, before the platform sends it.

use crate::base::json_object::JsonObject;
use crate::base::limits::{DOCUMENT_SECS, PREFLIGHT_HEADERS_MAX_BYTES, PREFLIGHT_SECS};
use crate::base::request_id::RequestId;
use crate::error::BrokerError;
use crate::http::error::{Dialect, WireError};
use crate::oauth::scope::ScopeSet;
use crate::oauth::token_response::TokenResponse;
use crate::tokens::broker::Served;

/// Status, body, and the headers that differ between replies. `adapters/response.mjs` has the
/// headers that all responses share.
#[derive(Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
    /// `Pragma: no-cache` (RFC 6749 §5.1), on every reply of the token routes.
    pub pragma: bool,
    /// `Cache-Status` (RFC 9211).
    pub cache_status: Option<String>,
    /// `WWW-Authenticate` (RFC 9110 §11.6.1).
    pub challenge: Option<String>,
    /// `Retry-After`, in seconds.
    pub retry_after_secs: Option<u64>,
    /// `RateLimit`.
    pub rate_limit: Option<&'static str>,
    /// `Allow` (RFC 9110 §10.2.1).
    pub allow: Option<&'static str>,
    /// Whether everybody may read the reply, and keep it.
    pub is_public: bool,
    /// `Access-Control-Allow-Origin` (Fetch standard): pages of this origin may read the reply.
    pub origin: Option<String>,
    /// What a page may send, if it answers a CORS preflight.
    pub preflight: Option<Box<Permission>>,
    /// Whether the page may send the proof that its browser adds by itself (`Access-Control-Allow-Credentials`).
    pub takes_credentials: bool,
}

/// What a page may send.
pub struct Permission {
    methods: String,
    headers: String,
}

/// The headers that pages may read.
pub(super) const EXPOSED: &str =
    "Cache-Status, RateLimit, Retry-After, WWW-Authenticate, X-Request-Id";
/// The methods that pages may use. `HEAD` needs no permission (Fetch standard, CORS-safelisted).
const METHODS: &str = "GET, POST";
/// The headers that pages may always send: those that the broker reads, W3C Trace Context and Baggage.
const HEADERS: &str = "Authorization, Client-Request-Id, Content-Type, X-Client-Sku, \
    X-Identity-Header, X-Request-Id, Traceparent, Tracestate, Baggage";

/// [`HEADERS`], and what the page has `requested`. Libraries add headers of many vendors to all requests
/// of a page, and the broker reads none of them. A name has the characters of a token (RFC 9110
/// §5.6.2) without `*`, which would mean all names.
fn permitted(requested: Option<String>) -> String {
    let requested = requested.filter(|names| names.len() <= PREFLIGHT_HEADERS_MAX_BYTES);
    let mut names = HEADERS.to_owned();
    for name in requested.as_deref().unwrap_or_default().split(',') {
        let name = name.trim_ascii();
        if is_token(name) {
            names.push_str(", ");
            names.push_str(name);
        }
    }
    names
}

fn is_token(text: &str) -> bool {
    let in_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(in_token)
}

impl Reply {
    /// A token with its remaining lifetime, and with its scope if the caller does not know it.
    #[must_use]
    pub fn token(served: &Served, scope: Option<&ScopeSet>) -> Self {
        let Served { token, at: now, .. } = served;
        let response = TokenResponse {
            expires_in: now.until(token.expires_at).whole_secs(),
            ext_expires_in: token.ext_expires_at.map(|at| now.until(at).whole_secs()),
            access_token: &token.access_token,
            scope,
            fields: token.fields.as_deref(),
        };
        Self::with_token(response.to_json(), served)
    }

    /// A token, which `body` has.
    pub(super) fn with_token(body: String, Served { cache_status, .. }: &Served) -> Self {
        let cache_status = Some(cache_status.to_string());
        Self { pragma: true, cache_status, status: 200, body, ..Self::default() }
    }

    /// The reply of `POST /revoke`. It does not say whether the text was a token (RFC 7009 §2.2).
    #[must_use]
    pub fn revoked() -> Self {
        Self { pragma: true, status: 200, body: "{}".to_owned(), ..Self::default() }
    }

    /// A failed token request.
    #[must_use]
    pub fn error(error: &BrokerError, dialect: Dialect, request_id: &RequestId) -> Self {
        let wire = WireError::new(error, dialect);
        Self {
            pragma: true,
            challenge: wire.www_authenticate(),
            retry_after_secs: wire.retry_after_secs,
            rate_limit: wire.rate_limit,
            ..Self::json(wire.status, wire.to_json(request_id))
        }
    }

    /// The Worker runs, or its configuration has no fault.
    #[must_use]
    pub fn ok() -> Self {
        Self::json(200, r#"{"status":"ok"}"#.to_owned())
    }

    /// The reply to a CORS preflight that is permitted. The page wants to send the headers `requested`.
    #[must_use]
    pub fn preflight(requested: Option<String>) -> Self {
        let permission = Permission { methods: METHODS.to_owned(), headers: permitted(requested) };
        Self { preflight: Some(Box::new(permission)), ..Self::ok() }
    }

    /// The same at an API, where the page wants to use `method`. Whether its client may is decided later.
    #[must_use]
    pub fn preflight_to_api(method: String, requested: Option<String>) -> Self {
        let headers = permitted(requested);
        let methods = if is_token(&method) { method } else { METHODS.to_owned() };
        Self { preflight: Some(Box::new(Permission { methods, headers })), ..Self::ok() }
    }

    /// 404.
    #[must_use]
    pub fn not_found() -> Self {
        let description = "no such path; tokens are at /token and /oauth2/v2.0/token";
        Self::plain_error(404, "not_found", description)
    }

    /// A public document, which is JSON text.
    #[must_use]
    pub fn document(json: String) -> Self {
        Self { is_public: true, ..Self::json(200, json) }
    }

    /// The reply of the authorization endpoint (RFC 6749 §4.1.2.1). It is no redirect, because the broker
    /// knows no redirect URI of a client.
    #[must_use]
    pub fn no_sign_in() -> Self {
        let description = "the broker signs nobody in; it has the client_credentials grant only";
        Self::plain_error(400, "unsupported_response_type", description)
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let description = "this path has another method; see the Allow header";
        Self { allow: Some(allow), ..Self::plain_error(405, "method_not_allowed", description) }
    }

    /// The headers that not all responses share: name, value, name, value.
    pub fn headers(&self) -> impl Iterator<Item = String> {
        let (public, preflight) = (self.is_public, self.preflight.as_deref());
        let credentials = self.origin.as_ref().filter(|_| self.takes_credentials);
        let origin = self.origin.clone().or_else(|| public.then(|| "*".to_owned()));
        let headers = [
            ("Pragma", self.pragma.then(|| "no-cache".to_owned())),
            ("Cache-Status", self.cache_status.clone()),
            ("WWW-Authenticate", self.challenge.clone()),
            ("Retry-After", self.retry_after_secs.map(|secs| secs.to_string())),
            ("RateLimit", self.rate_limit.map(str::to_owned)),
            ("Allow", self.allow.map(str::to_owned)),
            // Without it, the reply has `no-store`.
            ("Cache-Control", public.then(|| format!("public, max-age={DOCUMENT_SECS}"))),
            ("Access-Control-Allow-Origin", origin),
            ("Vary", self.origin.as_ref().map(|_| "Origin".to_owned())),
            ("Access-Control-Expose-Headers", self.origin.as_ref().map(|_| EXPOSED.to_owned())),
            ("Access-Control-Allow-Credentials", credentials.map(|_| "true".to_owned())),
            ("Access-Control-Allow-Methods", preflight.map(|asked| asked.methods.clone())),
            ("Access-Control-Allow-Headers", preflight.map(|asked| asked.headers.clone())),
            ("Access-Control-Max-Age", preflight.map(|_| PREFLIGHT_SECS.to_string())),
        ];
        let mut list = Vec::new();
        for (name, value) in headers {
            if let Some(value) = value {
                list.extend([name.to_owned(), value]);
            }
        }
        list.into_iter()
    }

    fn json(status: u16, body: String) -> Self {
        Self { status, body, ..Self::default() }
    }

    /// An error outside the token routes.
    fn plain_error(status: u16, error: &str, description: &str) -> Self {
        let mut json = JsonObject::default();
        json.texts(&[("error", Some(error)), ("error_description", Some(description))]);
        Self::json(status, json.finish())
    }
}
