//! What the log says about upstream requests.

use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use super::proof::Proof;
use crate::base::cbor;
use crate::base::limits::CERTIFICATE_WARNING;
use crate::base::time::UnixMillis;

/// The traces of the upstream requests for one token.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UpstreamTrail {
    /// Milliseconds, with retries and pauses.
    #[serde(rename = "upstream_ms", skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// Upstream requests sent.
    #[serde(rename = "upstream_requests", skip_serializing_if = "is_zero")]
    pub requests: u32,
    /// HTTP status of the last answer.
    #[serde(rename = "upstream_status", skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// AADSTS number of the last refusal, also if another secret then worked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aadsts: Option<u32>,
    /// Entra's trace id of the last refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// When the certificate that was used expires, if that is soon. Earlier versions did not have this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_not_after: Option<String>,
    /// Why metadata could not be had. Those from before may still be good. Earlier versions did not have
    /// this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_fault: Option<String>,
    /// The bindings that could not be read from Secrets Store. Earlier versions did not have this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_unread: Option<String>,
}

cbor::record!(UpstreamTrail {
    ms,
    requests,
    status,
    aadsts,
    trace_id,
    certificate_not_after,
    metadata_fault,
    secrets_unread,
});

impl UpstreamTrail {
    /// Notes when the certificate of `proof` expires, if it has less than [`CERTIFICATE_WARNING`] left.
    pub(super) fn note_certificate(&mut self, proof: &Proof, now: UnixMillis) {
        let soon = |at: &UnixMillis| now.until(*at) < CERTIFICATE_WARNING;
        let not_after = proof.certificate().map(|certificate| certificate.not_after).filter(soon);
        self.certificate_not_after = not_after.and_then(|at| {
            let at = UNIX_EPOCH.checked_add(Duration::from_millis(at.0))?;
            Some(httpdate::fmt_http_date(at))
        });
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}
