//! What an operator must do after a refusal of Google.
//!
//! `error` says who is refused, and only `error_description` says why. So an operator gets Google's words.

use crate::oauth::error_response::ErrorResponse;
use crate::upstream::server::words_and_advice;

/// What an operator must do after a refusal.
#[must_use]
pub fn advice(response: &ErrorResponse, has_subject: bool) -> String {
    let advice = match response.error.as_str() {
        "invalid_grant" | "invalid_client" if has_subject => {
            "check that the service account and this key of it are there and enabled, that subject is \
             a user of the Workspace, and that the clock is right"
        }
        "invalid_grant" | "invalid_client" => {
            "check that the service account and this key of it are there and enabled, and that the \
             clock is right"
        }
        "deleted_client" | "disabled_client" => {
            "the service account is deleted or disabled; restore it, or take the key file of another one"
        }
        "unauthorized_client" | "access_denied" if has_subject => {
            "domain-wide delegation is missing; an administrator of the Workspace has to add the \
             numeric client id of the service account with exactly this scope (Admin console, \
             Security, API controls)"
        }
        "unauthorized_client" | "access_denied" => {
            "the service account may not have this scope; where it acts for a user, set subject"
        }
        _ => "check the service account and its key file",
    };
    words_and_advice("Google", response, advice)
}
