//! Every error on the wire, in both dialects: status, code, headers, and a text that is fit for it.

use BrokerError as E;
use edge_token_broker::error::{BrokerError, Presented, RequestFault};
use edge_token_broker::http::error::{Dialect, WireError};
use edge_token_broker::oauth::error_response::{ErrorResponse, Trace};
use edge_token_broker::oauth::token_response::AnswerFault;
use edge_token_broker::upstream::error::{Outage, UpstreamError as U};

fn upstream() -> Box<ErrorResponse> {
    Box::new(ErrorResponse {
        error: "invalid_client".into(),
        description: Some("AADSTS7000215: told by upstream".into()),
        trace: Trace {
            error_codes: vec![7_000_215],
            trace_id: Some("trace-7".into()),
            ..Trace::default()
        },
    })
}

/// Fails to compile when a variant is added, so that none is left out of [`all`].
fn seen(error: &BrokerError) {
    match error {
        E::InvalidRequest(_)
        | E::InvalidClient(_)
        | E::UnsupportedGrantType
        | E::ScopeMalformed
        | E::ScopeMissing
        | E::ScopeNotGranted
        | E::CredentialNotGranted
        | E::JwtRefused(..)
        | E::SlowDown
        | E::RegistryUnavailable
        | E::IssuerUnavailable
        | E::Misconfigured
        | E::Upstream(
            U::ScopeRefused(_)
            | U::CredentialRefused(_)
            | U::NotATokenResponse(_)
            | U::Unavailable { .. },
        ) => {}
    }
}

type StatusAndCode = (u16, &'static str);

/// Each error, with status and code at the token endpoint and on `GET /token`.
fn all() -> Vec<(BrokerError, StatusAndCode, StatusAndCode)> {
    let same = |error, wire| (error, wire, wire);
    let refused = E::Upstream(U::CredentialRefused(upstream()));
    let mut table = vec![
        same(RequestFault::ContentType.into(), (400, "invalid_request")),
        same(RequestFault::BodyTooLarge.into(), (413, "invalid_request")),
        same(RequestFault::BodyUnreadable.into(), (400, "invalid_request")),
        same(RequestFault::MissingParameter("grant_type").into(), (400, "invalid_request")),
        same(RequestFault::DuplicateParameter("scope").into(), (400, "invalid_request")),
        same(RequestFault::TwoAuthenticationMethods.into(), (400, "invalid_request")),
        same(RequestFault::TwoClientIds.into(), (400, "invalid_request")),
        same(RequestFault::QueryTooLong.into(), (400, "invalid_request")),
        same(RequestFault::AssertionType.into(), (400, "invalid_request")),
        same(RequestFault::SeveralClients.into(), (400, "invalid_request")),
        same(E::SlowDown, (429, "slow_down")),
        same(E::RegistryUnavailable, (503, "temporarily_unavailable")),
        same(E::IssuerUnavailable, (503, "temporarily_unavailable")),
        same(E::UnsupportedGrantType, (400, "unsupported_grant_type")),
        (E::ScopeMalformed, (400, "invalid_scope"), (400, "invalid_request")),
        (E::ScopeMissing, (400, "invalid_scope"), (400, "invalid_request")),
        (E::ScopeNotGranted, (400, "invalid_scope"), (403, "insufficient_scope")),
        (
            E::Upstream(U::ScopeRefused(upstream())),
            (400, "invalid_scope"),
            (403, "insufficient_scope"),
        ),
        (E::CredentialNotGranted, (400, "unauthorized_client"), (403, "insufficient_scope")),
        same(E::Misconfigured, (503, "temporarily_unavailable")),
        same(refused, (502, "server_error")),
        same(E::Upstream(U::NotATokenResponse(AnswerFault::Redirect)), (502, "server_error")),
    ];
    for presented in [Presented::Nothing, Presented::Header, Presented::Body] {
        table.push((E::InvalidClient(presented), (401, "invalid_client"), (401, "invalid_token")));
    }
    for cause in [
        Outage::Throttled,
        Outage::Failing,
        Outage::NoConnection,
        Outage::TimedOut,
        Outage::ExpiredOnArrival,
    ] {
        table.push(same(
            E::Upstream(U::Unavailable { cause, retry_after_secs: 7, response: None }),
            (503, "temporarily_unavailable"),
        ));
    }
    table
}

#[test]
fn status_and_code_in_both_dialects() {
    for (error, at_token_endpoint, on_get) in all() {
        seen(&error);
        for (dialect, expected) in
            [(Dialect::TokenEndpoint, at_token_endpoint), (Dialect::Bearer, on_get)]
        {
            let wire = WireError::new(&error, dialect);
            assert_eq!((wire.status, wire.error), expected, "{error:?} {dialect:?}");
        }
    }
}

#[test]
fn every_description_is_within_rfc_6749_section_5_2() {
    for (error, ..) in all() {
        let text = WireError::new(&error, Dialect::TokenEndpoint).error_description;
        assert!(!text.is_empty());
        assert!(
            text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
            "{text}"
        );
    }
}

#[test]
fn challenges() {
    let challenge =
        |presented, dialect| WireError::new(&E::InvalidClient(presented), dialect).challenge;
    let basic = Some(r#"Basic realm="edge-token-broker""#);
    let bearer = Some(r#"Bearer realm="edge-token-broker""#);
    let invalid = Some(r#"Bearer realm="edge-token-broker", error="invalid_token""#);
    assert_eq!(challenge(Presented::Header, Dialect::TokenEndpoint), basic);
    assert_eq!(challenge(Presented::Body, Dialect::TokenEndpoint), None);
    assert_eq!(challenge(Presented::Nothing, Dialect::TokenEndpoint), None);
    assert_eq!(challenge(Presented::Nothing, Dialect::Bearer), bearer);
    assert_eq!(challenge(Presented::Header, Dialect::Bearer), invalid);
    let scope = WireError::new(&E::ScopeNotGranted, Dialect::Bearer).challenge;
    assert_eq!(scope, Some(r#"Bearer realm="edge-token-broker", error="insufficient_scope""#));
}

#[test]
fn who_has_to_wait_is_told_how_long() {
    for (error, ..) in all() {
        let wire = WireError::new(&error, Dialect::TokenEndpoint);
        assert_eq!(wire.retry_after_secs.is_some(), matches!(wire.status, 429 | 503), "{error:?}");
    }
}

#[test]
fn a_refused_credential_tells_the_caller_not_to_rotate_and_the_operator_what_to_do() {
    let error = E::Upstream(U::CredentialRefused(upstream()));
    let wire = WireError::new(&error, Dialect::Bearer);
    assert_eq!(
        wire.error_description,
        "the authorization server refused the broker's own credential (AADSTS7000215, trace id trace-7); \
         the client key is fine. An operator must act: the client secret is wrong; set the secret to the value of a client secret of \
         this application (the value, not the secret id)"
    );
    let body = serde_json::to_string(&wire).unwrap();
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
    let body =
        serde_json::to_string(&WireError::new(&E::UnsupportedGrantType, Dialect::TokenEndpoint))
            .unwrap();
    assert_eq!(
        body,
        r#"{"error":"unsupported_grant_type","error_description":"grant_type must be client_credentials"}"#
    );
}

#[test]
fn the_text_for_the_log_never_has_upstreams_words() {
    for (error, ..) in all() {
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
