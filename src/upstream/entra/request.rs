//! The token request (RFC 6749 §4.4.2) as Entra wants it.

use zeroize::Zeroizing;

use crate::base::outgoing::{ACCEPT_JSON, USER_AGENT};
use crate::base::secret::ClientSecret;
use crate::oauth::scope::ScopeSet;
use crate::upstream::exchange::RequestHeaders;

/// The headers of every token request.
///
/// `x-ms-lib-capability` tells Entra that the broker understands `Retry-After`. Without it, Entra may
/// throttle with another status than 429.
pub const HEADERS: RequestHeaders = RequestHeaders {
    fixed: &[
        ACCEPT_JSON,
        USER_AGENT,
        ("content-type", "application/x-www-form-urlencoded"),
        ("return-client-request-id", "true"),
        ("x-ms-lib-capability", "retry-after, h429"),
    ],
    request_id: "client-request-id",
};

/// The form body. It holds the secret, so it is wiped when it is dropped.
#[must_use]
pub fn body(
    client_id: &str,
    secret: &ClientSecret,
    scope: &ScopeSet,
    claims: Option<&str>,
) -> Zeroizing<String> {
    // Full capacity from the start: a growing string would leave copies of the secret behind.
    let longest = [client_id, secret.expose(), scope.as_str(), claims.unwrap_or_default()]
        .iter()
        .fold(128_usize, |sum, text| sum.saturating_add(text.len().saturating_mul(3)));
    let mut form = form_urlencoded::Serializer::new(String::with_capacity(longest));
    form.append_pair("grant_type", "client_credentials")
        .append_pair("client_id", client_id)
        .append_pair("client_secret", secret.expose())
        .append_pair("scope", scope.as_str());
    if let Some(claims) = claims {
        form.append_pair("claims", claims);
    }
    Zeroizing::new(form.finish())
}
