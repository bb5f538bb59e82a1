//! Every error on the wire, in each dialect: status, code, headers, and a text that is fit for it.

use BrokerError as E;
use RequestFault as R;
use edge_token_broker::error::{BrokerError, PresentedIn, RequestFault};
use edge_token_broker::http::error::{Dialect, WireError};
use edge_token_broker::jwt::JwtFault;
use edge_token_broker::upstream::error::{Outage, UpstreamError as U};

use super::every_error::{all, id, is_of_an_api, upstream};

/// Status and code at the token endpoint, and on `GET /token`.
fn expected(error: &BrokerError) -> [(u16, &'static str); 2] {
    let same = |status, code| [(status, code); 2];
    match error {
        E::InvalidRequest(R::BodyTooLarge) => same(413, "invalid_request"),
        E::InvalidRequest(_) => same(400, "invalid_request"),
        E::InvalidClient(_) | E::JwtRefused(..) => {
            [(401, "invalid_client"), (401, "invalid_token")]
        }
        E::UnsupportedGrantType => same(400, "unsupported_grant_type"),
        E::ScopeMalformed | E::ScopeMissing => [(400, "invalid_scope"), (400, "invalid_request")],
        E::ScopeNotGranted | E::Upstream(U::ScopeRefused(_)) => {
            [(400, "invalid_scope"), (403, "insufficient_scope")]
        }
        E::CredentialNotGranted => [(400, "unauthorized_client"), (403, "insufficient_scope")],
        E::TargetNotGranted(_) => same(400, "invalid_target"),
        E::ApiNotGranted | E::MethodNotGranted | E::PathNotGranted | E::OriginNotListed => {
            same(403, "insufficient_scope")
        }
        E::ApiUnreachable => same(502, "temporarily_unavailable"),
        E::ApiTimedOut => same(504, "temporarily_unavailable"),
        E::SlowDown(_) => same(429, "slow_down"),
        E::Upstream(U::CredentialRefused(_) | U::NotATokenResponse { .. }) => {
            same(502, "server_error")
        }
        E::Misconfigured
        | E::SecretsUnavailable
        | E::RegistryUnavailable
        | E::SearchFailed
        | E::IssuerUnavailable(_)
        | E::AssertionUnderWay
        | E::Upstream(U::Unavailable { .. }) => same(503, "temporarily_unavailable"),
    }
}

#[test]
fn status_and_code_in_both_dialects() {
    for error in all() {
        let on_the_wire = [Dialect::TokenEndpoint, Dialect::Bearer].map(|dialect| {
            let wire = WireError::new(&error, dialect);
            (wire.status, wire.error)
        });
        assert_eq!(on_the_wire, expected(&error), "{error:?}");
    }
}

#[test]
fn every_description_is_within_rfc_6749_section_5_2() {
    for error in all() {
        for dialect in [Dialect::TokenEndpoint, Dialect::ManagedIdentity] {
            let text = WireError::new(&error, dialect).error_description;
            assert!(!text.is_empty());
            assert!(
                text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
                "{text}"
            );
        }
    }
}

#[test]
fn challenges() {
    let challenge =
        |presented, dialect| WireError::new(&E::InvalidClient(presented), dialect).challenge;
    let basic = Some(r#"Basic realm="edge-token-broker""#);
    let bearer = Some(r#"Bearer realm="edge-token-broker""#);
    let invalid = Some(r#"Bearer realm="edge-token-broker", error="invalid_token""#);
    assert_eq!(challenge(PresentedIn::Header, Dialect::TokenEndpoint), basic);
    assert_eq!(challenge(PresentedIn::Body, Dialect::TokenEndpoint), basic);
    assert_eq!(challenge(PresentedIn::Nothing, Dialect::TokenEndpoint), basic);
    assert_eq!(challenge(PresentedIn::Nothing, Dialect::Bearer), bearer);
    assert_eq!(challenge(PresentedIn::Header, Dialect::Bearer), invalid);
    let at_access = E::JwtRefused(JwtFault::Expired, PresentedIn::Header);
    assert_eq!(WireError::new(&at_access, Dialect::TokenEndpoint).challenge, invalid);
    let scope = WireError::new(&E::ScopeNotGranted, Dialect::Bearer).challenge;
    assert_eq!(scope, Some(r#"Bearer realm="edge-token-broker", error="insufficient_scope""#));
}

#[test]
fn every_401_has_a_challenge_and_so_has_a_403_to_a_bearer() {
    for error in all() {
        for dialect in [Dialect::TokenEndpoint, Dialect::Bearer] {
            if dialect == Dialect::TokenEndpoint && is_of_an_api(&error) {
                continue;
            }
            let wire = WireError::new(&error, dialect);
            assert_eq!(wire.challenge.is_some(), matches!(wire.status, 401 | 403), "{error:?}");
        }
    }
}

#[test]
fn who_has_to_wait_is_told_how_long() {
    for error in all() {
        let wire = WireError::new(&error, Dialect::TokenEndpoint);
        // A refusal is for an operator, and a caller that waits would hide it.
        let passes = matches!(
            error,
            E::Upstream(U::NotATokenResponse { .. }) | E::ApiUnreachable | E::ApiTimedOut
        );
        let waits = passes || matches!(wire.status, 429 | 503);
        assert_eq!(wire.retry_after_secs.is_some(), waits, "{error:?}");
    }
}

#[test]
fn a_refused_credential_tells_the_caller_not_to_rotate_and_the_operator_what_to_do() {
    let error = E::Upstream(U::CredentialRefused(upstream()));
    let wire = WireError::new(&error, Dialect::Bearer);
    let text = "the authorization server refused the broker's own credential (AADSTS7000215, trace \
                id trace-7); the client key is fine. An operator must act: set it anew";
    assert_eq!(wire.error_description, text);
    let body = wire.to_json(&id());
    assert!(body.ends_with(r#","error_codes":[7000215],"trace_id":"trace-7"}"#), "{body}");
}

#[test]
fn a_refused_scope_relays_what_upstream_said() {
    let wire = WireError::new(&E::Upstream(U::ScopeRefused(upstream())), Dialect::TokenEndpoint);
    assert_eq!(wire.error_description, "AADSTS7000215: told by upstream");
    assert_eq!(wire.trace.error_codes, [7_000_215]);
}

#[test]
fn the_body_of_an_own_error_has_two_fields() {
    let body = WireError::new(&E::UnsupportedGrantType, Dialect::TokenEndpoint).to_json(&id());
    assert_eq!(
        body,
        r#"{"error":"unsupported_grant_type","error_description":"grant_type must be client_credentials"}"#
    );
}

#[test]
fn the_text_for_the_log_never_has_upstreams_words() {
    for error in all() {
        assert!(!error.to_string().contains("told by upstream"));
    }
}

#[test]
fn an_outage_relays_upstreams_numbers_too() {
    let error = E::Upstream(U::Unavailable {
        cause: Outage::Failing,
        retry_after_secs: 7,
        response: Some(upstream()),
    });
    let wire = WireError::new(&error, Dialect::TokenEndpoint);
    assert_eq!(
        (wire.trace.error_codes.as_slice(), wire.trace.trace_id.as_deref()),
        ([7_000_215].as_slice(), Some("trace-7"))
    );
    assert!(!wire.error_description.contains("told by upstream"));
}
