//! What an error response means, by the words of RFC 6749 §5.2, else by its status. What else the server
//! says is for people.

use crate::oauth::error_response::ErrorResponse;
use crate::upstream::answer::Meaning;
use crate::upstream::server::words_and_advice;

/// Classifies an error response to a request, which `is_bearer` says had an assertion as its grant.
#[must_use]
pub fn meaning(status: u16, response: &ErrorResponse, is_bearer: bool) -> Option<Meaning> {
    if matches!(status, 408 | 500..) {
        return None;
    }
    Some(match (response.error.as_str(), status) {
        ("temporarily_unavailable" | "server_error", _) => Meaning::Transient,
        ("slow_down", _) => Meaning::Throttled,
        // RFC 8707 §2 has the second, and a draft of it the third.
        ("invalid_scope" | "invalid_target" | "invalid_resource", _) => Meaning::ScopeRefused,
        // So Keycloak and Auth0 say that the secret is wrong.
        ("unauthorized_client" | "access_denied", 401) => Meaning::ProofRefused,
        (
            "invalid_request" | "unauthorized_client" | "unsupported_grant_type" | "access_denied",
            _,
        ) => Meaning::Refused,
        // Where the assertion is the grant, its key is refused with it.
        ("invalid_grant", _) if !is_bearer => Meaning::Refused,
        // Twitch has a 403 for a wrong secret, and none of these words.
        ("invalid_client" | "invalid_grant", _) | (_, 401 | 403) => Meaning::ProofRefused,
        (word, 200..=299) if !word.is_empty() => Meaning::Refused,
        (word, 400..=499) if !word.is_empty() || response.description.is_some() => Meaning::Refused,
        _ => return None,
    })
}

/// What an operator must do after a refusal.
#[must_use]
pub fn advice(response: &ErrorResponse) -> String {
    let advice = match response.error.as_str() {
        "unauthorized_client" => {
            "check client_id and the proof, and permit the application this grant there"
        }
        "unsupported_grant_type" => "check grant, and what the application is there",
        "invalid_grant" => {
            "check the claims in assertion, assertion_audience, the key, and that the clock is right"
        }
        "access_denied" => "check client_id, the proof, parameters and scope of this credential",
        "invalid_request" => "check parameters and scope of this credential",
        _ => "check client_id, the proof and its auth_method or assertion_audience",
    };
    words_and_advice("the authorization server", response, advice)
}
