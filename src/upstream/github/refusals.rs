//! What an error response of GitHub means, and what to do after it. Its body has words in `message`, and
//! the status decides.

use crate::oauth::error_response::ErrorResponse;
use crate::upstream::answer::Meaning;
use crate::upstream::server::words_and_advice;

/// Classifies an error response.
#[must_use]
pub fn meaning(status: u16, response: &ErrorResponse) -> Option<Meaning> {
    let words = response.description.as_deref().unwrap_or_default();
    match status {
        401 => Some(Meaning::ProofRefused),
        408 => None,
        // Both limits, that of an hour and the secondary one, come with this status as well as with 429.
        403 if words.contains("rate limit") => Some(Meaning::Throttled),
        400..=499 => Some(Meaning::Refused),
        _ => None,
    }
}

/// What an operator must do after a refusal.
#[must_use]
pub fn advice(status: u16, response: &ErrorResponse) -> String {
    let advice = match status {
        401 => {
            "check that the private key and the client id are of the same app, that the key is not \
             deleted there, and that the clock is right"
        }
        403 => "the installation is suspended or blocked; its owner has to permit it again",
        404 => "check client_id, installation_id and api: the app has no such installation there",
        422 => {
            "repositories and permissions may name only what the installation has; its owner has to \
             accept new permissions of the app"
        }
        _ => "check the app and its installation",
    };
    words_and_advice("GitHub", response, advice)
}
