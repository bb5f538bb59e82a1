//! The token request (RFC 6749 §4.4.2) as Entra wants it.

use crate::base::outgoing::{ACCEPT_JSON, USER_AGENT};
use crate::upstream::exchange::RequestHeaders;
use crate::upstream::server::{Order, Presented, RequestDraft};

/// The headers of every token request.
///
/// `x-ms-lib-capability` tells Entra that the broker understands `Retry-After`. Without it, Entra may
/// throttle with another status than 429.
const HEADERS: RequestHeaders = RequestHeaders {
    fixed: &[
        ACCEPT_JSON,
        USER_AGENT,
        ("content-type", "application/x-www-form-urlencoded"),
        ("return-client-request-id", "true"),
        ("x-ms-lib-capability", "retry-after, h429"),
    ],
    request_id: "client-request-id",
};

pub(super) fn draft(order: &Order<'_>, presented: &Presented<'_>) -> RequestDraft {
    let mut form = order.form(presented);
    form.add("grant_type", "client_credentials");
    form.add("client_id", order.client_id);
    form.add_proof(presented);
    form.add_order(order);
    RequestDraft { headers: HEADERS, authorization: None, body: form.finish() }
}
