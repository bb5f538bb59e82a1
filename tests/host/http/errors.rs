//! Every error on the wire, in both dialects: status, code, headers, and a text that is fit for it.

use BrokerError as E;
use RequestFault as R;
use edge_token_broker::error::{BrokerError, PresentedIn, RequestFault};
use edge_token_broker::http::error::{Dialect, WireError};
use edge_token_broker::jwt::{IssuerFault, IssuerOutage, JwtFault};
use edge_token_broker::oauth::error_response::{ErrorResponse, Trace};
use edge_token_broker::oauth::token_response::AnswerFault as A;
use edge_token_broker::upstream::error::{Outage, UpstreamError as U};

fn upstream() -> Box<ErrorResponse> {
    let (error_codes, trace_id) = (vec![7_000_215], Some("trace-7".into()));
    let trace = Trace { error_codes, trace_id, ..Trace::default() };
    let description = Some("AADSTS7000215: told by upstream".into());
    let advice = Some("set it anew".into());
    Box::new(ErrorResponse { error: "invalid_client".into(), description, trace, advice })
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
        R::PlainHttp => [R::PlainHttp],
        R::ContentType => [R::ContentType],
        R::BodyTooLarge => [R::BodyTooLarge],
        R::BodyUnreadable => [R::BodyUnreadable],
        R::QueryTooLong => [R::QueryTooLong],
        R::MissingParameter(_) => [R::MissingParameter("grant_type")],
        R::DuplicateParameter(_) => [R::DuplicateParameter("scope")],
        R::MinTtl => [R::MinTtl],
        R::Claims => [R::Claims],
        R::ClaimNotSentOn(_) => [R::ClaimNotSentOn("acrs")],
        R::NotSupported(_) => [R::NotSupported("req_cnf")],
        R::TooManyGrants => [R::TooManyGrants],
        R::TwoAuthenticationMethods => [R::TwoAuthenticationMethods],
        R::TwoClientIds => [R::TwoClientIds],
        R::AssertionType => [R::AssertionType],
        R::AssertionWithoutClient => [R::AssertionWithoutClient],
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

const OUTAGE: IssuerOutage = IssuerOutage { cause: IssuerFault::AskedLately, retry_after_secs: 7 };
fn jwt_faults() -> Vec<JwtFault> {
    use JwtFault as J;
    every! {
        J::TooLong => [J::TooLong],
        J::Malformed => [J::Malformed],
        J::Critical => [J::Critical],
        J::Algorithm => [J::Algorithm],
        J::Type => [J::Type],
        J::Issuer => [J::Issuer],
        J::IssuerSlash => [J::IssuerSlash],
        J::SelfIssued => [J::SelfIssued],
        J::Audience => [J::Audience],
        J::Subject => [J::Subject],
        J::Claim => [J::Claim],
        J::Time => [J::Time],
        J::Expired => [J::Expired],
        J::NotYetValid => [J::NotYetValid],
        J::Lifetime => [J::Lifetime],
        J::AssertionId => [J::AssertionId],
        J::Replayed => [J::Replayed],
        J::UnderWay => [J::UnderWay],
        J::TooManyAssertions => [J::TooManyAssertions],
        J::KeyUnknown => [J::KeyUnknown],
        J::KeyUnusable => [J::KeyUnusable],
        J::KeyAmbiguous => [J::KeyAmbiguous],
        J::KeyAlgorithm => [J::KeyAlgorithm],
        J::Signature => [J::Signature],
        J::KeysUnavailable(_) => [J::KeysUnavailable(OUTAGE)],
    }
}

fn not_understood(fault: A, in_a_row: u32) -> U {
    U::NotATokenResponse { fault, retry_after_secs: 7, in_a_row, response: Some(upstream()) }
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
        A::CutOff => [A::CutOff],
        A::ExpiresAt => [A::ExpiresAt],
    };
    let outages = every_unit!(Outage: Throttled, Failing, NoConnection, TimedOut, ExpiredOnArrival,
        NoSignature, NoMetadata, SecretChanged);
    let unavailable =
        |cause| U::Unavailable { cause, retry_after_secs: 7, response: Some(upstream()) };
    every! {
        U::ScopeRefused(_) => [U::ScopeRefused(upstream())],
        U::CredentialRefused(_) => [U::CredentialRefused(upstream())],
        U::NotATokenResponse { .. } => [1, 3].into_iter().flat_map(move |in_a_row| {
            answer_faults.clone().into_iter().map(move |fault| not_understood(fault, in_a_row))
        }),
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
        E::ScopeMalformed | E::ScopeMissing => [E::ScopeMalformed, E::ScopeMissing],
        E::ScopeNotGranted => [E::ScopeNotGranted],
        E::CredentialNotGranted => [E::CredentialNotGranted],
        E::TargetNotGranted(_) => [E::TargetNotGranted("resource")],
        E::Misconfigured => [E::Misconfigured],
        E::SecretsUnavailable | E::SlowDown => [E::SecretsUnavailable, E::SlowDown],
        E::RegistryUnavailable => [E::RegistryUnavailable],
        E::SearchFailed => [E::SearchFailed],
        E::IssuerUnavailable(_) => [E::IssuerUnavailable(OUTAGE)],
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
        E::TargetNotGranted(_) => same(400, "invalid_target"),
        E::SlowDown => same(429, "slow_down"),
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
        let passes = matches!(error, E::Upstream(U::NotATokenResponse { .. }));
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
    let body = wire.to_json();
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
    let body = WireError::new(&E::UnsupportedGrantType, Dialect::TokenEndpoint).to_json();
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
