//! Every way in which a request can fail, split by who must act. `http/error.rs` maps them to the wire.

use crate::base::base_url::TargetFault;
use crate::base::limits::{CLAIMS_MAX_BYTES, QUERY_MAX_BYTES, REQUEST_BODY_MAX_BYTES};
use crate::jwt::{IssuerOutage, JwtFault};
use crate::oauth::claims::ClaimsFault;
use crate::oauth::scope::MalformedScope;
use crate::upstream::error::UpstreamError;

/// A failed request, told apart by who can act on it.
///
/// `Display` is for logs: fixed words and numbers, never a value, secret, or upstream text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BrokerError {
    // The caller must change the request.
    /// Malformed, duplicated, or missing parameter; wrong content type; body too large.
    #[error("malformed request: {0}")]
    InvalidRequest(RequestFault),
    /// Unknown client, or a wrong or missing proof. An unknown client looks like a wrong client key.
    #[error("client authentication failed")]
    InvalidClient(PresentedIn),
    /// The JWT is not accepted as a proof.
    #[error("{}", .0.description())]
    JwtRefused(JwtFault, PresentedIn),
    /// `grant_type` is not `client_credentials`.
    #[error("unsupported grant type")]
    UnsupportedGrantType,
    /// The scope parameter breaks RFC 6749 §3.3.
    #[error("scope is malformed")]
    ScopeMalformed,
    /// No scope was sent and the client has several grants.
    #[error("scope is missing and the client has several grants of the credential")]
    ScopeMissing,
    /// The configuration grants the client the credential, but not this scope.
    #[error("client is not granted the scope")]
    ScopeNotGranted,
    /// The credential does not exist, or the client has no grant for it. Both look the same.
    #[error("client is not granted the credential")]
    CredentialNotGranted,
    /// The grant is for another `resource`, `audience` or `organization` (RFC 8707) than this
    /// parameter says.
    #[error("client is not granted the {0}")]
    TargetNotGranted(&'static str),
    /// The API does not exist, or the client has no grant for it. Both look the same.
    #[error("client is not granted the API")]
    ApiNotGranted,
    /// The configuration grants the client the API, but not with this method.
    #[error("client is not granted the method")]
    MethodNotGranted,
    /// The configuration grants the client the method, but not at this path.
    #[error("client is not granted the path")]
    PathNotGranted,
    /// A page of this origin sent the request, with a proof that its browser added. The client does not list the
    /// origin.
    #[error("client does not list the origin")]
    OriginNotListed,

    // An operator must act; retrying cannot help.
    /// The configuration has faults; they are in the log.
    #[error("configuration is not valid")]
    Misconfigured,

    // The caller can retry.
    /// The configuration needs secrets from Secrets Store, which does not give them.
    #[error("Secrets Store unavailable")]
    SecretsUnavailable,
    /// Over a limit.
    #[error("rate limit exceeded")]
    SlowDown(Limit),
    /// The client's entry in the registry could not be read.
    #[error("client registry unavailable")]
    RegistryUnavailable,
    /// KV could not be searched for a rejected token.
    #[error("search for the token failed")]
    SearchFailed,
    /// The keys of a JWT's issuer could not be fetched.
    #[error("JWT issuer unavailable: {}", .0.cause)]
    IssuerUnavailable(IssuerOutage),
    /// Another request works with the same client assertion, or was lost while it did.
    #[error("another request with the client assertion is under way")]
    AssertionUnderWay,
    /// There is no connection to the API, or it ended before an answer.
    #[error("API unreachable")]
    ApiUnreachable,
    /// The API's answer did not begin in time. The API may have acted on the request.
    #[error("API timed out")]
    ApiTimedOut,

    // The error itself says who must act.
    /// The authorization server gave no token.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

/// What is wrong with a request.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RequestFault {
    /// The request came over plain http, from another machine.
    #[error(
        "the request came over plain http, where others can read a client key: \
         use https, and have a key that was sent replaced"
    )]
    PlainHttp,
    /// Anything but `application/x-www-form-urlencoded` at the token endpoint.
    #[error("content type must be application/x-www-form-urlencoded")]
    ContentType,
    /// The body is longer than [`REQUEST_BODY_MAX_BYTES`].
    #[error("request body is over {} KiB", REQUEST_BODY_MAX_BYTES / 1024)]
    BodyTooLarge,
    /// The body could not be read to its end.
    #[error("request body could not be read")]
    BodyUnreadable,
    /// The query is longer than [`QUERY_MAX_BYTES`].
    #[error("query is over {} KiB", QUERY_MAX_BYTES / 1024)]
    QueryTooLong,
    /// A required parameter is missing.
    #[error("parameter {0} is missing")]
    MissingParameter(&'static str),
    /// A parameter came twice (RFC 6749 §3.2).
    #[error("parameter {0} was sent more than once")]
    DuplicateParameter(&'static str),
    /// `api-version` of managed identity is missing, or another one.
    #[error("parameter api-version must be 2019-08-01")]
    ApiVersion,
    /// A managed identity is named by something else than an application id.
    #[error("parameter {0} is not supported: name the identity by client_id, or leave both out")]
    IdentityByOtherName(&'static str),
    /// `min_ttl` is not a number of seconds.
    #[error("parameter min_ttl must be a whole number of seconds")]
    MinTtl,
    /// `claims` is not a JSON object, or longer than [`CLAIMS_MAX_BYTES`].
    #[error("parameter claims must be a JSON object of up to {} KiB", CLAIMS_MAX_BYTES / 1024)]
    Claims,
    /// `claims` has a member that the broker does not send on. The name is a fixed text.
    #[error(
        "parameter claims: {0} is not sent on; only nbf and xms_rp_ipaddr of access_token are, and \
         its xms_cc with the value CP1"
    )]
    ClaimNotSentOn(&'static str),
    /// A parameter that changes what the token is, and that no grant has.
    #[error("parameter {0} is not supported: leave it out")]
    NotSupported(&'static str),
    /// `POST /revoke` of a client with more grants than it looks at.
    #[error(
        "this client has too many grants to look for the token in all of them: send the \
         parameter scope, or credential, of the token"
    )]
    TooManyGrants,
    /// The argument of a call by RPC is no plain object.
    #[error("the argument must be one plain object of texts and numbers")]
    ArgumentNotAnObject,
    /// A member of the argument that the method does not have. Its name is one, or fixed words.
    #[error("parameter {0} is not known: leave it out")]
    UnknownMember(String),
    /// A member of the argument of another type.
    #[error("parameter {0} must be a text")]
    MemberNotText(&'static str),
    /// The same for a time.
    #[error("parameter {0} must be a whole number of seconds")]
    MemberNotSeconds(&'static str),
    /// A member of the argument that is longer than the body of a request may be.
    #[error("parameter {} is over {} KiB", .0, REQUEST_BODY_MAX_BYTES / 1024)]
    MemberTooLong(&'static str),
    /// Two of `Authorization`, `client_secret` and `client_assertion` at once (RFC 6749 §2.3).
    #[error("client authentication was sent in more than one way")]
    TwoAuthenticationMethods,
    /// The id in the parameters is not the authenticated one.
    #[error("client_id differs from the one that authenticated")]
    TwoClientIds,
    /// `client_assertion_type` is not that of a JWT (RFC 7523 §2.2).
    #[error("client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer")]
    AssertionType,
    /// A `client_assertion` of an issuer that does not know the broker's clients, without `client_id`.
    #[error(
        "parameter client_id is missing: a client_assertion whose iss is not its sub does not say \
         which client it is for"
    )]
    AssertionWithoutClient,
    /// Several clients list the presented proof.
    #[error("this identity is good for several clients: name one in the parameter client_id")]
    SeveralClients,
    /// What is behind the name of an API cannot be part of a URL under the API's base.
    #[error("{0}")]
    Target(TargetFault),
}

/// Where a refused caller had presented its proof: decides the challenge and the description of the
/// 401.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PresentedIn {
    /// Nowhere: the request has no proof.
    Nothing,
    /// The `Authorization` header, or the one of Cloudflare Access.
    Header,
    /// The body.
    Body,
    /// Not in the request: the platform knows it of the connection. With what the caller is told.
    Platform(&'static str),
}

/// Which limit a request is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    /// `CLIENT_RATE_LIMIT`.
    Client,
    /// `API_RATE_LIMIT`.
    Api,
    /// `FAILED_AUTH_RATE_LIMIT`.
    FailedAuthentication,
    /// The memory for the assertions of one client. It has no rate: an assertion takes its place until
    /// it expires.
    Assertions,
}

impl BrokerError {
    /// The outcome's name in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient(_) => "invalid_client",
            Self::JwtRefused(fault, _) => fault.name(),
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::ScopeMalformed => "scope_malformed",
            Self::ScopeMissing => "scope_missing",
            Self::ScopeNotGranted => "scope_not_granted",
            Self::CredentialNotGranted => "credential_not_granted",
            Self::TargetNotGranted(_) => "target_not_granted",
            Self::ApiNotGranted => "api_not_granted",
            Self::MethodNotGranted => "method_not_granted",
            Self::PathNotGranted => "path_not_granted",
            Self::OriginNotListed => "origin_not_listed",
            Self::Misconfigured => "misconfigured",
            Self::SecretsUnavailable => "secrets_unavailable",
            Self::SlowDown(_) => "slow_down",
            Self::RegistryUnavailable => "registry_unavailable",
            Self::SearchFailed => "search_failed",
            Self::IssuerUnavailable(_) => "issuer_unavailable",
            Self::AssertionUnderWay => "assertion_under_way",
            Self::ApiUnreachable => "api_unreachable",
            Self::ApiTimedOut => "api_timeout",
            Self::Upstream(error) => error.name(),
        }
    }
}

impl BrokerError {
    /// Whether the client failed to authenticate. So it did if the keys for its JWT are not there: anybody
    /// can make up such a JWT, and it costs the broker more than others.
    #[must_use]
    pub const fn is_failed_authentication(&self) -> bool {
        matches!(self, Self::InvalidClient(_) | Self::JwtRefused(..) | Self::IssuerUnavailable(_))
    }
}

impl From<RequestFault> for BrokerError {
    fn from(fault: RequestFault) -> Self {
        Self::InvalidRequest(fault)
    }
}

impl From<TargetFault> for BrokerError {
    fn from(fault: TargetFault) -> Self {
        Self::InvalidRequest(RequestFault::Target(fault))
    }
}

impl From<ClaimsFault> for RequestFault {
    fn from(fault: ClaimsFault) -> Self {
        match fault {
            ClaimsFault::Malformed => Self::Claims,
            ClaimsFault::NotSentOn(name) => Self::ClaimNotSentOn(name),
        }
    }
}

impl From<MalformedScope> for BrokerError {
    fn from(MalformedScope: MalformedScope) -> Self {
        Self::ScopeMalformed
    }
}
