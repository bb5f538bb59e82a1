//! From a request to who calls and what they ask for.

use std::rc::Rc;

use crate::base::limits::QUERY_MAX_BYTES;
use crate::base::time::Millis;
use crate::callers::presented;
use crate::callers::presented::{Ambient, Proof};
use crate::callers::proofs::{Caller, Proven};
use crate::config::{Config, Grant};
use crate::error::{BrokerError, RequestFault};
use crate::grants;
use crate::grants::Ask;
use crate::http::form::Parameters;
use crate::http::form::{CLIENT_PARAMETERS, Form, client_parameters};
use crate::log::Event;
use crate::oauth::scope::ScopeSet;

/// The credential of a request that names none.
const DEFAULT_CREDENTIAL: &str = "default";

/// A request taken apart: who it says that it is, and what it wants.
#[derive(Debug)]
pub struct TokenRequest {
    /// Not verified yet.
    pub proof: Proof,
    /// Only told to a caller who is somebody: nobody unknown learns anything else.
    wanted: Result<Wanted, BrokerError>,
}

#[derive(Debug)]
struct Wanted {
    ask: Ask,
    min_ttl: Millis,
}

/// What a request comes to: a grant that its client has, and how good a token it wants.
#[derive(Debug)]
pub struct Asked {
    /// The grant.
    pub grant: Rc<Grant>,
    /// `min_ttl`: the caller wants a token with at least this much left, if there is one.
    pub min_ttl: Millis,
}

impl TokenRequest {
    /// What it comes to, if `caller` may have it.
    ///
    /// # Errors
    /// What is wrong with the request, or that the caller may not have it.
    pub fn granted(
        &self,
        config: &Config,
        caller: &Caller,
        event: &mut Event,
    ) -> Result<Asked, BrokerError> {
        note(event, caller);
        let Wanted { ask, min_ttl } = self.wanted.as_ref().map_err(BrokerError::clone)?;
        let granted = grants::authorize(config, &caller.client, ask);
        match &granted {
            Ok(grant) => {
                event.credential = Some(grant.credential.name.clone());
                event.scope = Some(grant.scope.as_str().to_owned());
            }
            // What was refused is what an operator looks for; it passed RFC 6749's character set.
            Err(_) => event.scope = ask.scope.as_ref().map(|scope| scope.as_str().to_owned()),
        }
        Ok(Asked { grant: granted?, min_ttl: *min_ttl })
    }
}

/// Takes a `GET /token` apart.
///
/// # Errors
/// No proof of who calls; or a query that is too long to be looked at.
pub fn of_query(
    query: &str,
    authorization: Option<&str>,
    ambient: impl FnOnce() -> Ambient,
) -> Result<TokenRequest, BrokerError> {
    let names = ["scope", "credential", "min_ttl", "client_id"];
    if query.len() > QUERY_MAX_BYTES {
        return Err(RequestFault::QueryTooLong.into());
    }
    let mut parameters = Parameters::parse(query.as_bytes(), names);
    let client_id = || Some(parameters.as_mut().ok()?.take("client_id")?.into_owned());
    let proof = presented::bearer(authorization, client_id, ambient)?;
    let wanted = parameters.map_err(BrokerError::from).and_then(|mut parameters| {
        let credential = parameters.take("credential");
        let scope = parameters.take("scope");
        let min_ttl = min_ttl(parameters.take("min_ttl").as_deref())?;
        Wanted::new(credential.as_deref(), scope.as_deref(), min_ttl)
    });
    Ok(TokenRequest { proof, wanted })
}

/// Takes a token request (RFC 6749 §4.4.2) apart.
///
/// # Errors
/// What is malformed about it, or no proof of who calls.
pub fn of_form(
    credential: Option<&str>,
    form: &Form<'_>,
    authorization: Option<&str>,
    ambient: impl FnOnce() -> Ambient,
) -> Result<TokenRequest, BrokerError> {
    let [id, secret, assertion_type, assertion] = CLIENT_PARAMETERS;
    let names = ["grant_type", id, secret, assertion_type, assertion, "scope", "min_ttl"];
    let mut parameters = Parameters::parse(form.encoded(), names)?;
    let client = client_parameters(&mut parameters);
    let proof = presented::at_token_endpoint(authorization, client, ambient)?;
    let wanted = match parameters.take("grant_type").as_deref() {
        Some("client_credentials") => {
            min_ttl(parameters.take("min_ttl").as_deref()).map_err(BrokerError::from).and_then(
                |min_ttl| Wanted::new(credential, parameters.take("scope").as_deref(), min_ttl),
            )
        }
        Some(_) => Err(BrokerError::UnsupportedGrantType),
        None => Err(RequestFault::MissingParameter("grant_type").into()),
    };
    Ok(TokenRequest { proof, wanted })
}

impl Wanted {
    fn new(
        credential: Option<&str>,
        scope: Option<&str>,
        min_ttl: Millis,
    ) -> Result<Self, BrokerError> {
        let ask = Ask {
            credential: credential.unwrap_or(DEFAULT_CREDENTIAL).to_owned(),
            scope: scope.map(ScopeSet::parse).transpose()?,
        };
        Ok(Self { ask, min_ttl })
    }
}

/// Who it was, for whoever asks the log.
pub(super) fn note(event: &mut Event, Caller { client, proven }: &Caller) {
    event.client_id = Some(client.id.clone());
    event.proof = Some(proven.name());
    if let Proven::Jwt(identity) = proven {
        event.issuer = Some(identity.issuer.clone());
        event.subject.clone_from(&identity.subject);
    }
}

/// Whole seconds; absent is none.
fn min_ttl(text: Option<&str>) -> Result<Millis, RequestFault> {
    let Some(text) = text else { return Ok(Millis(0)) };
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let secs = text.parse().ok().filter(|_| digits);
    secs.map(Millis::from_secs).ok_or(RequestFault::MinTtl)
}
