//! Every error, with every variant of what it has.

use BrokerError as E;
use RequestFault as R;
use edge_token_broker::base::base_url::TargetFault;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::error::{BrokerError, Limit, PresentedIn, RequestFault};
use edge_token_broker::jwt::{IssuerFault, IssuerOutage, JwtFault};
use edge_token_broker::oauth::error_response::{ErrorResponse, Trace};
use edge_token_broker::oauth::token_response::AnswerFault as A;
use edge_token_broker::upstream::error::{Outage, UpstreamError as U};

pub(super) fn id() -> RequestId {
    RequestId::parse("id").unwrap()
}

pub(super) fn upstream() -> Box<ErrorResponse> {
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
        R::ApiVersion => [R::ApiVersion],
        R::Target(_) => target_faults().into_iter().map(R::Target),
        R::IdentityByOtherName(_) => [R::IdentityByOtherName("object_id")],
        R::ArgumentNotAnObject => [R::ArgumentNotAnObject],
        R::UnknownMember(_) => [R::UnknownMember("client_id".into())],
        R::MemberNotText(_) => [R::MemberNotText("scope")],
        R::MemberNotSeconds(_) => [R::MemberNotSeconds("minTtl")],
        R::MemberTooLong(_) => [R::MemberTooLong("claims")],
    }
}

/// Whether only `/api/{name}` answers with it, whose errors are those of RFC 6750.
pub(super) fn is_of_an_api(error: &BrokerError) -> bool {
    matches!(
        error,
        E::ApiNotGranted
            | E::MethodNotGranted
            | E::PathNotGranted
            | E::OriginNotListed
            | E::ApiUnreachable
            | E::ApiTimedOut
            | E::InvalidRequest(R::Target(_))
    )
}

fn target_faults() -> Vec<TargetFault> {
    every_unit!(TargetFault: TooLong, Unencoded, Percent, NotText, DotSegment)
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
pub(super) fn all() -> Vec<BrokerError> {
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
        E::ApiNotGranted | E::MethodNotGranted | E::PathNotGranted | E::OriginNotListed => [
            E::ApiNotGranted, E::MethodNotGranted, E::PathNotGranted, E::OriginNotListed,
        ],
        E::ApiUnreachable | E::ApiTimedOut => [E::ApiUnreachable, E::ApiTimedOut],
        E::Misconfigured => [E::Misconfigured],
        E::SecretsUnavailable => [E::SecretsUnavailable],
        E::SlowDown(_) => every_unit!(Limit: Client, Api, FailedAuthentication, Assertions)
            .into_iter().map(E::SlowDown),
        E::RegistryUnavailable => [E::RegistryUnavailable],
        E::SearchFailed => [E::SearchFailed],
        E::IssuerUnavailable(_) => [E::IssuerUnavailable(OUTAGE)],
        E::AssertionUnderWay => [E::AssertionUnderWay],
        E::Upstream(_) => upstream_errors().into_iter().map(E::Upstream),
    }
}
