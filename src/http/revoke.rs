//! Parses a revocation request (RFC 7009 §2.1): which token an API has rejected.

use crate::base::secret::AccessToken;
use crate::callers::presented::{self, PlatformIdentity, Presented};
use crate::callers::proofs::Caller;
use crate::error::{BrokerError, RequestFault};
use crate::http::form::Parameters;
use crate::http::form::{CLIENT_PARAMETERS, Form, client_parameters};
use crate::http::token;
use crate::log::Line;
use crate::oauth::claims::Claims;
use crate::tokens::revocation::Rejected;

/// A parsed revocation request. It leaves out `token_type_hint`: there is one type of token.
#[derive(Debug)]
pub struct RevocationRequest {
    /// Not verified yet.
    pub presented: Presented,
    /// The caller learns a fault in it only after authentication.
    rejected: Result<(Option<AccessToken>, Option<Claims>), RequestFault>,
}

impl RevocationRequest {
    /// What `caller` reports. A text that cannot be a token is no fault (RFC 7009 §2.2).
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn rejected(self, caller: &Caller, line: &mut Line) -> Result<Rejected, BrokerError> {
        token::log_caller(line, caller);
        let (token, claims) = self.rejected?;
        Ok(Rejected { grants: caller.client.grants.clone(), token, claims })
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
    let [id, secret, assertion_type, assertion] = CLIENT_PARAMETERS;
    let names = [id, secret, assertion_type, assertion, "token", "claims"];
    let mut parameters = Parameters::parse(form.encoded(), names)?;
    let client = client_parameters(&mut parameters);
    let presented = if authorization.is_some_and(presented::is_bearer) {
        let client_id = client.client_id_beside_header()?;
        presented::bearer(authorization, || client_id, identity)?
    } else {
        presented::at_token_endpoint(authorization, client, identity)?
    };
    let token = parameters.take("token").ok_or(RequestFault::MissingParameter("token"));
    let claims = parameters.take("claims").map(|claims| Claims::parse(&claims)).transpose();
    let rejected = token.and_then(|token| Ok((AccessToken::parse(token.into_owned()), claims?)));
    Ok(RevocationRequest { presented, rejected })
}
