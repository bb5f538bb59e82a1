//! Parses a token request: what the caller presents, and which token it wants.

use std::rc::Rc;

use crate::base::limits::QUERY_MAX_BYTES;
use crate::base::request_id::RequestId;
use crate::base::time::Millis;
use crate::callers::presented::{self, PlatformIdentity, Presented};
use crate::callers::proofs::Caller;
use crate::config::{Config, DEFAULT_CREDENTIAL, Grant};
use crate::error::{BrokerError, RequestFault};
use crate::grants::{self, CredentialName, GrantRequest};
use crate::http::call::{self, Argument};
use crate::http::form::{CLIENT_PARAMETERS, Form, Parameters, client_parameters};
use crate::http::managed_identity;
use crate::http::reply::Reply;
use crate::log::Line;
use crate::oauth::claims::{Claims, RequestedClaims};
use crate::oauth::scope::ScopeSet;
use crate::tokens::broker::Served;
use crate::tokens::min_ttl::MinTtl;

/// A parsed token request.
#[derive(Debug)]
pub struct TokenRequest {
    /// Not verified yet.
    pub presented: Presented,
    /// The caller learns a fault in it only after authentication: an unknown caller learns nothing
    /// else.
    wanted: Result<Wanted, BrokerError>,
}

/// Which token is wanted, and the form of the answer.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) request: GrantRequest,
    pub(super) min_ttl: MinTtl,
    pub(super) challenge: Option<Claims>,
    pub(super) answer: Answer,
}

/// The form of the answer with a token.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// RFC 6749 §5.1. The request named its scope, or did not.
    OAuth { scope_is_named: bool },
    /// Of a managed identity, which repeats the resource.
    ManagedIdentity { resource: String },
    /// Of a call by RPC.
    Call,
}

impl Answer {
    /// The scope of the grant that a managed identity asks for.
    fn scope(&self) -> Option<ScopeSet> {
        let Self::ManagedIdentity { resource } = self else { return None };
        let resource = resource.strip_suffix('/').unwrap_or(resource);
        ScopeSet::parse(&[resource, "/.default"].concat()).ok()
    }
}

/// The parameters of both routes. `GET /token` ignores some.
const PARAMETERS: [&str; 18] = {
    let [id, secret, assertion_type, assertion] = CLIENT_PARAMETERS;
    [
        id,
        secret,
        assertion_type,
        assertion,
        "grant_type",
        "scope",
        "credential",
        "min_ttl",
        "claims",
        "resource",
        "audience",
        "organization",
        "token_type",
        "req_cnf",
        "fmi_path",
        "authorization_details",
        MSAL_SKU,
        CLIENT_REQUEST_ID,
    ]
};

/// By this field, or a header of this name, an MSAL says which one it is.
const MSAL_SKU: &str = "x-client-SKU";
/// MSAL Node sends it in the form, and no header of this name.
const CLIENT_REQUEST_ID: &str = "client-request-id";

/// A request that is granted.
#[derive(Debug)]
pub struct Granted {
    /// The grant of its client.
    pub grant: Rc<Grant>,
    /// How much time the caller wants a token to have left.
    pub min_ttl: MinTtl,
    /// What a challenge demands: the caller's API has rejected the token in hand.
    pub challenge: Option<Claims>,
    answer: Answer,
}

impl Granted {
    /// The reply with a token.
    #[must_use]
    pub fn reply(&self, served: &Served) -> Reply {
        match &self.answer {
            Answer::OAuth { scope_is_named } => {
                let own = Some(&self.grant.scope).filter(|own| !scope_is_named && !own.is_none());
                // The caller does not know what upstream granted if that is another scope (RFC 6749 §5.1).
                Reply::token(served, served.token.scope.as_deref().or(own))
            }
            Answer::ManagedIdentity { resource } => {
                managed_identity::reply(served, resource, &self.grant.credential.client_id)
            }
            Answer::Call => call::token_reply(served, &self.grant.scope),
        }
    }
}

impl TokenRequest {
    pub(super) const fn new(presented: Presented, wanted: Result<Wanted, BrokerError>) -> Self {
        Self { presented, wanted }
    }

    /// The same request, of a caller that `keeps` its tokens until shortly before their end, if nothing in
    /// the request has said so.
    #[must_use]
    pub fn of_keeper(mut self, keeps: impl FnOnce() -> bool) -> Self {
        if let Ok(Wanted { min_ttl, .. }) = &mut self.wanted {
            min_ttl.keeps = min_ttl.keeps || keeps();
        }
        self
    }

    /// Whether the caller keeps its tokens until shortly before their end.
    pub(super) fn is_of_keeper(&self) -> bool {
        self.wanted.as_ref().is_ok_and(|wanted| wanted.min_ttl.keeps)
    }

    /// The grant, if `caller` has it.
    ///
    /// # Errors
    /// The request has a fault, or the client has no such grant.
    pub fn granted(
        &self,
        config: &Config,
        caller: &Caller,
        line: &mut Line,
    ) -> Result<Granted, BrokerError> {
        log_caller(line, caller);
        let Wanted { request, min_ttl, challenge, answer } =
            self.wanted.as_ref().map_err(BrokerError::clone)?;
        let granted = grants::authorize(config, &caller.client, request);
        if let Ok(grant) = &granted {
            line.credential = Some(grant.credential.name.clone());
            line.scope = Some(grant.scope.shown().to_owned());
        } else {
            // An operator looks for a scope that was refused. Its characters are those of RFC 6749.
            let refused = request.scope.clone().or_else(|| answer.scope());
            line.scope = refused.map(|scope| scope.as_str().to_owned());
        }
        Ok(Granted {
            grant: granted?,
            min_ttl: *min_ttl,
            challenge: challenge.clone(),
            answer: answer.clone(),
        })
    }
}

/// Parses a `GET /token`.
///
/// # Errors
/// The request has no proof, or its query is too long.
pub fn parse_query(
    query: &str,
    authorization: Option<&str>,
    identity: impl FnOnce() -> PlatformIdentity,
) -> Result<TokenRequest, BrokerError> {
    if query.len() > QUERY_MAX_BYTES {
        return Err(RequestFault::QueryTooLong.into());
    }
    let mut parameters = Parameters::parse(query.as_bytes(), &PARAMETERS);
    let client_id = || Some(parameters.as_mut().ok()?.take("client_id")?.into_owned());
    let presented = presented::bearer(authorization, client_id, identity)?;
    let wanted = parameters
        .map_err(BrokerError::from)
        .and_then(|mut parameters| Wanted::parse(None, &mut parameters));
    Ok(TokenRequest { presented, wanted })
}

/// The token request of a call, whose caller presents this.
pub(super) fn of_call(presented: Presented, argument: Argument) -> TokenRequest {
    let wanted = argument.map_err(BrokerError::from).and_then(|mut parameters| {
        Ok(Wanted { answer: Answer::Call, ..Wanted::parse(None, &mut parameters)? })
    });
    TokenRequest { presented, wanted }
}

/// Parses a token request (RFC 6749 §4.4.2). If its form has a valid request id, `named` gets it, also
/// if the request is refused.
///
/// # Errors
/// The form is malformed, or has no proof.
pub fn parse_form(
    credential: Option<&str>,
    form: &Form<'_>,
    authorization: Option<&str>,
    named: impl FnOnce(RequestId),
    identity: impl FnOnce() -> PlatformIdentity,
) -> Result<TokenRequest, BrokerError> {
    let mut parameters = Parameters::parse(form.encoded(), &PARAMETERS)?;
    let request_id = parameters.take(CLIENT_REQUEST_ID);
    if let Some(request_id) = request_id.as_deref().and_then(RequestId::parse) {
        named(request_id);
    }
    let client = client_parameters(&mut parameters);
    let presented = presented::at_token_endpoint(authorization, client, identity)?;
    let wanted = match parameters.take("grant_type").as_deref() {
        Some("client_credentials") => Wanted::parse(credential, &mut parameters),
        Some(_) => Err(BrokerError::UnsupportedGrantType),
        None => Err(RequestFault::MissingParameter("grant_type").into()),
    };
    Ok(TokenRequest { presented, wanted })
}

impl Wanted {
    /// `credential` is the one in the path.
    fn parse(
        credential: Option<&str>,
        parameters: &mut Parameters<'_>,
    ) -> Result<Self, BrokerError> {
        let mut take = |name| parameters.take(name);
        let named = take("credential");
        if let (Some(in_path), Some(named)) = (credential, &named)
            && !in_path.eq_ignore_ascii_case(named)
        {
            return Err(BrokerError::TargetNotGranted("credential"));
        }
        let asked = min_ttl(take("min_ttl").as_deref())?;
        let min_ttl = MinTtl { asked, keeps: take(MSAL_SKU).is_some() };
        let scope = take("scope").as_deref().map(ScopeSet::parse).transpose()?;
        let claims = take("claims").as_deref().map(RequestedClaims::parse).transpose();
        let RequestedClaims { capability, challenge } =
            claims.map_err(RequestFault::from)?.unwrap_or_default();
        // They change what the token is, so they are never dropped.
        for name in ["req_cnf", "fmi_path", "authorization_details", "token_type"] {
            let value = take(name);
            let is_usual =
                |value: &str| name == "token_type" && value.eq_ignore_ascii_case("Bearer");
            if value.is_some_and(|value| !is_usual(&value)) {
                return Err(RequestFault::NotSupported(name).into());
            }
        }
        let targets = ["resource", "audience", "organization"]
            .into_iter()
            .filter_map(|name| Some((name, take(name)?.into_owned())))
            .collect();
        let credential = credential.or(named.as_deref()).unwrap_or(DEFAULT_CREDENTIAL).to_owned();
        let credential = CredentialName::OrTenant(credential);
        let answer = Answer::OAuth { scope_is_named: scope.is_some() };
        let request = GrantRequest { credential, scope, targets, capability };
        Ok(Self { request, min_ttl, challenge, answer })
    }
}

/// Notes the caller in the log line.
pub(super) fn log_caller(line: &mut Line, Caller { client, proof, jwt_subject, .. }: &Caller) {
    line.client_id = Some(client.id.clone());
    line.proof = Some(proof.name());
    if let Some(jwt_subject) = jwt_subject {
        line.issuer = Some(jwt_subject.issuer.clone());
        line.subject.clone_from(&jwt_subject.subject);
    }
}

/// `min_ttl` in whole seconds. Without the parameter it is zero.
fn min_ttl(text: Option<&str>) -> Result<Millis, RequestFault> {
    let Some(text) = text else { return Ok(Millis(0)) };
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let secs = text.parse().ok().filter(|_| digits);
    secs.map(Millis::from_secs).ok_or(RequestFault::MinTtl)
}
