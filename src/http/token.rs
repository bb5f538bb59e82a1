//! Parses a token request: what the caller presents, and which token it wants.

use std::rc::Rc;

use crate::base::limits::QUERY_MAX_BYTES;
use crate::base::time::Millis;
use crate::callers::presented::{self, PlatformIdentity, Presented};
use crate::callers::proofs::Caller;
use crate::config::{Config, DEFAULT_CREDENTIAL, Grant};
use crate::error::{BrokerError, RequestFault};
use crate::grants::{self, GrantRequest};
use crate::http::form::Parameters;
use crate::http::form::{CLIENT_PARAMETERS, Form, client_parameters};
use crate::log::Line;
use crate::oauth::scope::ScopeSet;

/// A parsed token request.
#[derive(Debug)]
pub struct TokenRequest {
    /// Not verified yet.
    pub presented: Presented,
    /// The caller learns a fault in it only after authentication: an unknown caller learns nothing
    /// else.
    wanted: Result<Wanted, BrokerError>,
}

#[derive(Debug)]
struct Wanted {
    request: GrantRequest,
    min_ttl: Millis,
}

/// A request that is granted.
#[derive(Debug)]
pub struct Granted {
    /// The grant of its client.
    pub grant: Rc<Grant>,
    /// `min_ttl`: the caller wants a token with at least this much time left, if upstream gives one.
    pub min_ttl: Millis,
}

impl TokenRequest {
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
        let Wanted { request, min_ttl } = self.wanted.as_ref().map_err(BrokerError::clone)?;
        let granted = grants::authorize(config, &caller.client, request);
        match &granted {
            Ok(grant) => {
                line.credential = Some(grant.credential.name.clone());
                line.scope = Some(grant.scope.as_str().to_owned());
            }
            // An operator looks for a scope that was refused. Its characters are those of RFC 6749.
            Err(_) => line.scope = request.scope.as_ref().map(|scope| scope.as_str().to_owned()),
        }
        Ok(Granted { grant: granted?, min_ttl: *min_ttl })
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
    let names = ["scope", "credential", "min_ttl", "client_id"];
    if query.len() > QUERY_MAX_BYTES {
        return Err(RequestFault::QueryTooLong.into());
    }
    let mut parameters = Parameters::parse(query.as_bytes(), names);
    let client_id = || Some(parameters.as_mut().ok()?.take("client_id")?.into_owned());
    let presented = presented::bearer(authorization, client_id, identity)?;
    let wanted = parameters.map_err(BrokerError::from).and_then(|mut parameters| {
        let credential = parameters.take("credential");
        let scope = parameters.take("scope");
        let min_ttl = min_ttl(parameters.take("min_ttl").as_deref())?;
        Wanted::new(credential.as_deref(), scope.as_deref(), min_ttl)
    });
    Ok(TokenRequest { presented, wanted })
}

/// Parses a token request (RFC 6749 §4.4.2).
///
/// # Errors
/// The form is malformed, or has no proof.
pub fn parse_form(
    credential: Option<&str>,
    form: &Form<'_>,
    authorization: Option<&str>,
    identity: impl FnOnce() -> PlatformIdentity,
) -> Result<TokenRequest, BrokerError> {
    let [id, secret, assertion_type, assertion] = CLIENT_PARAMETERS;
    let names = ["grant_type", id, secret, assertion_type, assertion, "scope", "min_ttl"];
    let mut parameters = Parameters::parse(form.encoded(), names)?;
    let client = client_parameters(&mut parameters);
    let presented = presented::at_token_endpoint(authorization, client, identity)?;
    let wanted = match parameters.take("grant_type").as_deref() {
        Some("client_credentials") => {
            min_ttl(parameters.take("min_ttl").as_deref()).map_err(BrokerError::from).and_then(
                |min_ttl| Wanted::new(credential, parameters.take("scope").as_deref(), min_ttl),
            )
        }
        Some(_) => Err(BrokerError::UnsupportedGrantType),
        None => Err(RequestFault::MissingParameter("grant_type").into()),
    };
    Ok(TokenRequest { presented, wanted })
}

impl Wanted {
    fn new(
        credential: Option<&str>,
        scope: Option<&str>,
        min_ttl: Millis,
    ) -> Result<Self, BrokerError> {
        let request = GrantRequest {
            credential: credential.unwrap_or(DEFAULT_CREDENTIAL).to_owned(),
            scope: scope.map(ScopeSet::parse).transpose()?,
        };
        Ok(Self { request, min_ttl })
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
