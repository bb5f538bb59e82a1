//! The token requests.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::base::outgoing::{ACCEPT_JSON, USER_AGENT};
use crate::upstream::exchange::RequestHeaders;
use crate::upstream::server::{Order, Presented, RequestDraft};

/// The headers of every token request.
pub const HEADERS: RequestHeaders = RequestHeaders {
    fixed: &[ACCEPT_JSON, USER_AGENT, ("content-type", "application/x-www-form-urlencoded")],
    request_id: "x-request-id",
};
/// The grant of RFC 7523 §2.1.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// RFC 6749 §4.4.2. A secret goes into the header if `in_header` says so. The fixed parameters may have a
/// `grant_type` of their own.
pub(super) fn client_credentials(
    order: &Order<'_>,
    presented: &Presented<'_>,
    in_header: bool,
) -> RequestDraft {
    let mut form = order.form(presented);
    if order.parameters.iter().all(|(name, _)| name != "grant_type") {
        form.add("grant_type", "client_credentials");
    }
    let authorization = match presented {
        Presented::Secret(secret) if in_header => Some(basic(order.client_id, secret)),
        _ => {
            form.add("client_id", order.client_id);
            form.add_proof(presented);
            None
        }
    };
    form.add_order(order);
    RequestDraft { headers: HEADERS, authorization, body: form.finish() }
}

/// RFC 7523 §2.1, without client authentication.
pub(super) fn jwt_bearer(order: &Order<'_>, presented: &Presented<'_>) -> RequestDraft {
    let mut form = order.form(presented);
    form.add("grant_type", JWT_BEARER);
    form.add("assertion", presented.text());
    form.add_order(order);
    RequestDraft { headers: HEADERS, authorization: None, body: form.finish() }
}

/// `client_secret_basic` (RFC 6749 §2.3.1): id and secret are form-encoded first.
fn basic(client_id: &str, secret: &str) -> Zeroizing<String> {
    let room = client_id.len().saturating_add(secret.len()).saturating_mul(3).saturating_add(1);
    // With its full capacity from the start: a growing string would leave copies of the secret behind.
    let mut pair = Zeroizing::new(String::with_capacity(room));
    pair.extend(form_urlencoded::byte_serialize(client_id.as_bytes()));
    pair.push(':');
    pair.extend(form_urlencoded::byte_serialize(secret.as_bytes()));
    let encoded = Zeroizing::new(Base64::encode_string(pair.as_bytes()));
    Zeroizing::new(["Basic ", &encoded].concat())
}
