//! Every error of `GET /msi/token`.

use BrokerError as E;
use RequestFault as R;
use edge_token_broker::error::{BrokerError, PresentedIn, RequestFault};
use edge_token_broker::http::error::{Dialect, WireError};
use edge_token_broker::upstream::error::UpstreamError as U;

use super::every_error::{all, id, is_of_an_api};

#[test]
fn no_refusal_of_a_managed_identity_has_a_status_that_azure_sdks_retry() {
    for error in all().into_iter().filter(|error| !is_of_an_api(error)) {
        let wire = WireError::new(&error, Dialect::ManagedIdentity);
        let refused = match &error {
            E::InvalidRequest(R::BodyTooLarge) => continue,
            E::InvalidClient(_) | E::JwtRefused(..) => 401,
            E::InvalidRequest(_)
            | E::UnsupportedGrantType
            | E::ScopeMalformed
            | E::ScopeMissing => 400,
            E::ScopeNotGranted
            | E::CredentialNotGranted
            | E::TargetNotGranted(_)
            | E::Upstream(U::ScopeRefused(_) | U::CredentialRefused(_)) => 403,
            // These pass, and are retried.
            E::SlowDown(_) => 429,
            E::Upstream(U::NotATokenResponse { .. }) => 502,
            _ => 503,
        };
        assert_eq!(wire.status, refused, "{error:?}");
        assert_eq!(wire.retry_after_secs.is_some(), refused > 403, "{error:?}");
        assert!(wire.retry_after_secs.unwrap_or_default() <= 2, "{error:?}");
        assert_eq!(wire.challenge.is_some(), refused == 401, "{error:?}");
    }
}

#[test]
fn an_error_of_a_managed_identity_is_in_the_words_of_app_service() {
    let wire = WireError::new(&E::TargetNotGranted("resource"), Dialect::ManagedIdentity);
    assert_eq!(
        wire.to_json(&id()),
        r#"{"statusCode":403,"message":"this client is not granted the requested resource: an operator must grant it the scope that is the resource and /.default","correlationId":"id"}"#
    );
    let several = E::InvalidRequest(R::SeveralClients);
    let wire = WireError::new(&several, Dialect::ManagedIdentity);
    // Here client_id names no client.
    assert!(!wire.error_description.contains("client_id"));
    let missing = E::InvalidClient(PresentedIn::Nothing);
    let wire = WireError::new(&missing, Dialect::ManagedIdentity);
    assert!(wire.error_description.starts_with("X-IDENTITY-HEADER is missing"));
}
