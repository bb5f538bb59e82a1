//! Every error on the wire, in both dialects: status, code, headers, and a text that is fit for it.

use BrokerError as E;
use RequestFault as R;
use edge_token_broker::error::{BrokerError, PresentedIn, RequestFault};
use edge_token_broker::http::error::{Dialect, WireError};
use edge_token_broker::jwt::JwtFault;
use edge_token_broker::oauth::error_response::{ErrorResponse, Trace};
use edge_token_broker::oauth::token_response::AnswerFault as A;
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

/// Examples of an enum, at least one for each variant: a variant without a row does not compile.
macro_rules! every {
    ($($variant:pat => $examples:expr),+ $(,)?) => {{
        let mut all = Vec::new();
        $({
            let examples = Vec::from_iter($examples);
            assert!(!examples.is_empty() && examples.iter().all(|one| matches!(one, $variant)));
            all.extend(examples);
        })+
        for one in &all {
            match one { $($variant => {})+ }
        }
        all
    }};
}

/// The same, where no variant has fields.
macro_rules! every_unit {
    ($kind:ident: $($variant:ident),+ $(,)?) => {
        every!($($kind::$variant => [$kind::$variant]),+)
    };
}

fn request_faults() -> Vec<R> {
    every! {
        R::ContentType => [R::ContentType],
        R::BodyTooLarge => [R::BodyTooLarge],
        R::BodyUnreadable => [R::BodyUnreadable],
        R::QueryTooLong => [R::QueryTooLong],
        R::MissingParameter(_) => [R::MissingParameter("grant_type")],
        R::DuplicateParameter(_) => [R::DuplicateParameter("scope")],
        R::MinTtl => [R::MinTtl],
        R::Claims => [R::Claims],
        R::TwoAuthenticationMethods => [R::TwoAuthenticationMethods],
        R::TwoClientIds => [R::TwoClientIds],
        R::AssertionType => [R::AssertionType],
        R::SeveralClients => [R::SeveralClients],
    }
}

fn presented() -> Vec<PresentedIn> {
    every! {
        PresentedIn::Nothing => [PresentedIn::Nothing],
        PresentedIn::Header => [PresentedIn::Header],
        PresentedIn::Body => [PresentedIn::Body],
        PresentedIn::Platform(_) => [PresentedIn::Platform("words of the proof")],
    }
}

fn jwt_faults() -> Vec<JwtFault> {
    every_unit! {
        JwtFault: TooLong, Malformed, Critical, Algorithm, Type, Issuer, SelfIssued, Audience,
        Subject, Claim, Time, Expired, NotYetValid, Lifetime, AssertionId, Replayed,
        UnderWay, TooManyAssertions, KeyUnknown, KeyAmbiguous, KeyAlgorithm, Signature, IssuerUnreachable,
        IssuerAnswer,
    }
}

fn upstream_errors() -> Vec<U> {
    let answer_faults = every! {
        A::NotATokenResponse => [A::NotATokenResponse],
        A::AccessToken => [A::AccessToken],
        A::TokenType => [A::TokenType],
        A::ExpiresIn => [A::ExpiresIn],
        A::TooLarge => [A::TooLarge],
        A::UnexpectedStatus(_) => [A::UnexpectedStatus(404)],
        A::Redirect => [A::Redirect],
    };
    let outages = every_unit!(Outage: Throttled, Failing, NoConnection, TimedOut, ExpiredOnArrival);
    let unavailable =
        |cause| U::Unavailable { cause, retry_after_secs: 7, response: Some(upstream()) };
    every! {
        U::ScopeRefused(_) => [U::ScopeRefused(upstream())],
        U::CredentialRefused(_) => [U::CredentialRefused(upstream())],
        U::NotATokenResponse(_) => answer_faults.into_iter().map(U::NotATokenResponse),
        U::Unavailable { .. } => outages.into_iter().map(unavailable),
    }
}

/// Every error, with every variant of what it has.
fn all() -> Vec<BrokerError> {
    let refused_jwts = presented()
        .into_iter()
        .flat_map(|presented| jwt_faults().into_iter().map(move |fault| (fault, presented)));
    every! {
        E::InvalidRequest(_) => request_faults().into_iter().map(E::InvalidRequest),
        E::InvalidClient(_) => presented().into_iter().map(E::InvalidClient),
        E::JwtRefused(..) => refused_jwts.map(|(fault, presented)| E::JwtRefused(fault, presented)),
        E::UnsupportedGrantType => [E::UnsupportedGrantType],
        E::ScopeMalformed => [E::ScopeMalformed],
        E::ScopeMissing => [E::ScopeMissing],
        E::ScopeNotGranted => [E::ScopeNotGranted],
        E::CredentialNotGranted => [E::CredentialNotGranted],
        E::Misconfigured => [E::Misconfigured],
        E::SlowDown => [E::SlowDown],
        E::RegistryUnavailable => [E::RegistryUnavailable],
        E::IssuerUnavailable => [E::IssuerUnavailable],
        E::AssertionUnderWay => [E::AssertionUnderWay],
        E::Upstream(_) => upstream_errors().into_iter().map(E::Upstream),
    }
}

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
        E::SlowDown => same(429, "slow_down"),
        E::Upstream(U::CredentialRefused(_) | U::NotATokenResponse(_)) => same(502, "server_error"),
        E::Misconfigured
        | E::RegistryUnavailable
        | E::IssuerUnavailable
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
    assert_eq!(challenge(PresentedIn::Header, Dialect::TokenEndpoint), basic);
    assert_eq!(challenge(PresentedIn::Body, Dialect::TokenEndpoint), None);
    assert_eq!(challenge(PresentedIn::Nothing, Dialect::TokenEndpoint), None);
    assert_eq!(challenge(PresentedIn::Nothing, Dialect::Bearer), bearer);
    assert_eq!(challenge(PresentedIn::Header, Dialect::Bearer), invalid);
    for error in all() {
        let [at_token_endpoint, on_get] = [Dialect::TokenEndpoint, Dialect::Bearer]
            .map(|dialect| WireError::new(&error, dialect).challenge);
        let is_header = error == E::InvalidClient(PresentedIn::Header);
        assert_eq!(at_token_endpoint.is_some(), is_header, "{error:?}");
        let [_, (status, _)] = expected(&error);
        assert_eq!(on_get.is_some(), matches!(status, 401 | 403), "{error:?}");
    }
    let scope = WireError::new(&E::ScopeNotGranted, Dialect::Bearer).challenge;
    assert_eq!(scope, Some(r#"Bearer realm="edge-token-broker", error="insufficient_scope""#));
}

#[test]
fn who_has_to_wait_is_told_how_long() {
    for error in all() {
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
