//! What an error response of Entra means, and what to do after it.
//!
//! `error` decides where it is clear, and the AADSTS numbers add what it does not say. Microsoft asks
//! programs not to depend on the numbers, so an unknown number changes nothing.
//! Source: Microsoft's "Microsoft Entra authentication and authorization error codes".

use crate::oauth::error_response::ErrorResponse;

/// What a refusal is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Meaning {
    /// Too many requests; come back later.
    Throttled,
    /// A transient failure of Entra.
    Transient,
    /// Entra refuses this secret. Another one of the application may be good.
    SecretRefused,
    /// Entra refuses the scope, or the resource that it names.
    ScopeRefused,
    /// Entra refuses the application, the tenant, or the request. No retry and no other secret helps.
    Refused,
}

const THROTTLED: [u32; 2] = [50196, 90055];
const TRANSIENT: [u32; 7] = [50033, 90006, 90012, 90024, 90033, 90090, 90091];
const SECRET: [u32; 3] = [70002, 7_000_215, 7_000_222];
const SCOPE: [u32; 11] =
    [28002, 50001, 70011, 500_011, 650_052, 650_054, 650_056, 650_057, 700_022, 700_023, 1_002_012];

/// Classifies an error response.
#[must_use]
pub fn meaning(response: &ErrorResponse) -> Meaning {
    let has =
        |numbers: &[u32]| response.trace.error_codes.iter().any(|code| numbers.contains(code));
    match response.error.as_str() {
        _ if has(&THROTTLED) => Meaning::Throttled,
        "temporarily_unavailable" | "server_error" => Meaning::Transient,
        _ if has(&TRANSIENT) => Meaning::Transient,
        "invalid_client" => Meaning::SecretRefused,
        _ if has(&SECRET) => Meaning::SecretRefused,
        "invalid_scope" | "invalid_resource" => Meaning::ScopeRefused,
        _ if has(&SCOPE) => Meaning::ScopeRefused,
        _ => Meaning::Refused,
    }
}

/// What an operator must do after a refusal, in the characters of RFC 6749 §5.2.
#[must_use]
pub fn advice(response: &ErrorResponse) -> &'static str {
    match response.aadsts() {
        Some(7_000_215) => {
            "the client secret is wrong; set the secret to the value of a client secret of this \
             application (the value, not the secret id)"
        }
        Some(7_000_222) => "the client secret has expired; create a new one and set it",
        Some(700_016) => {
            "the tenant does not know the application; check the client id and the tenant"
        }
        Some(90002) => {
            "the tenant does not exist at this authority; check the tenant and authority host"
        }
        Some(7_000_112) => "the application is disabled in the tenant; enable it",
        Some(53003) => "a Conditional Access policy blocks the application; change the policy",
        Some(65001 | 90094) => "an administrator of the tenant has to consent to the application",
        Some(90038 | 900_382 | 900_432 | 51005) => {
            "the tenant belongs to another cloud; set the authority host of that cloud"
        }
        _ => "check the tenant, client id and client secret of this credential",
    }
}
