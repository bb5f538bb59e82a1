//! What the log says about upstream requests.

use minicbor::{Decode, Encode};
use serde::Serialize;

/// The traces of the upstream requests for one token.
#[derive(Clone, Debug, Decode, Default, Encode, Serialize)]
pub struct UpstreamTrail {
    /// Milliseconds, with retries and pauses.
    #[serde(rename = "upstream_ms", skip_serializing_if = "Option::is_none")]
    #[n(0)]
    pub ms: Option<u64>,
    /// Upstream requests sent.
    #[serde(rename = "upstream_requests", skip_serializing_if = "is_zero")]
    #[n(1)]
    pub requests: u32,
    /// HTTP status of the last answer.
    #[serde(rename = "upstream_status", skip_serializing_if = "Option::is_none")]
    #[n(2)]
    pub status: Option<u16>,
    /// AADSTS number of the last refusal, also if another secret then worked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[n(3)]
    pub aadsts: Option<u32>,
    /// Entra's trace id of the last refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[n(4)]
    pub trace_id: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}
