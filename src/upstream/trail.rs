//! What the log says about upstream requests.

use super::proof::Proof;
use crate::base::json_object::JsonObject;
use crate::base::limits::CERTIFICATE_WARNING;
use crate::base::time::UnixMillis;
use crate::base::{cbor, http_date};

/// The traces of the upstream requests for one token.
#[derive(Clone, Debug, Default)]
pub struct UpstreamTrail {
    /// Milliseconds, with retries and pauses.
    pub ms: Option<u64>,
    /// Upstream requests sent.
    pub requests: u32,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// AADSTS number of the last refusal, also if another secret then worked.
    pub aadsts: Option<u32>,
    /// Entra's trace id of the last refusal.
    pub trace_id: Option<String>,
    /// When the certificate that was used expires, if that is soon. Earlier versions did not have this.
    pub certificate_not_after: Option<String>,
    /// Why metadata could not be had. Those from before may still be good. Earlier versions did not have
    /// this.
    pub metadata_fault: Option<String>,
    /// The bindings that could not be read from Secrets Store. Earlier versions did not have this.
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
    /// Adds what is there to a line of the log.
    pub fn write(&self, json: &mut JsonObject) {
        json.number("upstream_ms", self.ms);
        json.number("upstream_requests", Some(self.requests.into()).filter(|count| *count != 0));
        json.number("upstream_status", self.status.map(u64::from));
        json.number("aadsts", self.aadsts.map(u64::from));
        json.texts(&[
            ("trace_id", self.trace_id.as_deref()),
            ("certificate_not_after", self.certificate_not_after.as_deref()),
            ("metadata_fault", self.metadata_fault.as_deref()),
            ("secrets_unread", self.secrets_unread.as_deref()),
        ]);
    }

    /// Notes when the certificate of `proof` expires, if it has less than [`CERTIFICATE_WARNING`] left.
    pub(super) fn note_certificate(&mut self, proof: &Proof, now: UnixMillis) {
        let soon = |at: &UnixMillis| now.until(*at) < CERTIFICATE_WARNING;
        let not_after = proof.certificate().map(|certificate| certificate.not_after).filter(soon);
        self.certificate_not_after = not_after.map(http_date::text_of);
    }
}
