//! Parses a revocation request (RFC 7009 §2.1): which token an API has rejected.

use std::borrow::Cow;

use crate::base::secret::AccessToken;
use crate::callers::presented::{self, PlatformIdentity, Presented};
use crate::callers::proofs::Caller;
use crate::config::Config;
use crate::error::{BrokerError, RequestFault};
use crate::grants;
use crate::http::call::Argument;
use crate::http::form::{CLIENT_PARAMETERS, Form, Parameters, client_parameters};
use crate::http::token;
use crate::log::Line;
use crate::oauth::claims::{Claims, RequestedClaims};
use crate::oauth::scope::ScopeSet;
use crate::tokens::revocation::Rejected;

const PARAMETERS: [&str; 8] = {
    let [id, secret, assertion_type, assertion] = CLIENT_PARAMETERS;
    [id, secret, assertion_type, assertion, "token", "claims", "credential", "scope"]
};

/// A parsed revocation request. It leaves out `token_type_hint`: there is one type of token.
#[derive(Debug)]
pub struct RevocationRequest {
    /// Not verified yet.
    pub presented: Presented,
    /// The caller learns a fault in it only after authentication.
    reported: Result<Reported, BrokerError>,
}

#[derive(Debug)]
struct Reported {
    token: Option<AccessToken>,
    challenge: Option<Claims>,
    /// The name or the tenant of the token's credential, if the caller says it.
    credential: Option<String>,
    scope: Option<ScopeSet>,
}

impl RevocationRequest {
    /// What `caller` reports. A text that cannot be a token is no fault (RFC 7009 §2.2).
    ///
    /// # Errors
    /// What is wrong with the request; or the client has no grant for the scope or the credential.
    pub fn rejected(
        self,
        config: &Config,
        caller: &Caller,
        line: &mut Line,
    ) -> Result<Rejected, BrokerError> {
        token::log_caller(line, caller);
        let Reported { token, challenge, credential, scope } = self.reported?;
        let grants =
            grants::narrowed(config, &caller.client, credential.as_deref(), scope.as_ref())?;
        Ok(Rejected { grants, token, claims: challenge })
    }
}

/// Parses a revocation request. Its caller authenticates itself as at the token endpoint, or as on
/// `GET /token`.
///
/// # Errors
/// The form is malformed, or has no proof.
pub fn parse_form(
    form: &Form<'_>,
    authorization: Option<&str>,
    identity: impl FnOnce() -> PlatformIdentity,
) -> Result<RevocationRequest, BrokerError> {
    let mut parameters = Parameters::parse(form.encoded(), &PARAMETERS)?;
    let client = client_parameters(&mut parameters);
    let presented = if authorization.is_some_and(presented::is_bearer) {
        let client_id = client.client_id_beside_header()?;
        presented::bearer(authorization, || client_id, identity)?
    } else {
        presented::at_token_endpoint(authorization, client, identity)?
    };
    Ok(RevocationRequest { presented, reported: Reported::parse(parameters) })
}

/// The revocation request of a call, whose caller presents this.
pub(super) fn of_call(presented: Presented, argument: Argument) -> RevocationRequest {
    let reported = argument.map_err(BrokerError::from).and_then(Reported::parse);
    RevocationRequest { presented, reported }
}

impl Reported {
    /// The client capability counts for nothing here: the token that is reported has it or not.
    fn parse(mut parameters: Parameters<'_>) -> Result<Self, BrokerError> {
        let token = parameters.take("token").ok_or(RequestFault::MissingParameter("token"))?;
        let claims = parameters.take("claims").as_deref().map(RequestedClaims::parse).transpose();
        let scope = parameters.take("scope").as_deref().map(ScopeSet::parse).transpose()?;
        Ok(Self {
            token: AccessToken::parse(token.into_owned()),
            challenge: claims.map_err(RequestFault::from)?.and_then(|claims| claims.challenge),
            credential: parameters.take("credential").map(Cow::into_owned),
            scope,
        })
    }
}
