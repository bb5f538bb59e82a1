//! From a request to who calls and what they ask for.

use std::rc::Rc;

use crate::config::{Client, Config, Grant};
use crate::error::{BrokerError, RequestFault};
use crate::event::Event;
use crate::limits::REQUEST_BODY_MAX_BYTES;
use crate::oauth::client_auth;
use crate::oauth::parameters::Parameters;
use crate::oauth::scope::ScopeSet;
use crate::policy::access::{self, Ask};
use crate::time::Millis;

/// The credential of a request that names none.
const DEFAULT_CREDENTIAL: &str = "default";

/// What a request comes to: a grant that its client has, and how good a token it wants.
#[derive(Debug)]
pub struct Asked {
    /// The grant.
    pub grant: Rc<Grant>,
    /// `min_ttl`: the caller wants a token with at least this much left, if there is one.
    pub min_ttl: Millis,
}

/// What a `GET /token` asks for, if its client may have it.
///
/// # Errors
/// Every fault of the caller, authentication first: nobody unknown learns anything else.
pub fn of_query(
    config: &Config,
    query: &str,
    authorization: Option<&str>,
    event: &mut Event,
) -> Result<Asked, BrokerError> {
    let key = client_auth::bearer(authorization)?;
    let client = access::authenticate_key(config, &key)?;
    let mut parameters = Parameters::parse(query.as_bytes(), ["scope", "credential", "min_ttl"])?;
    let credential = parameters.take("credential");
    let scope = parameters.take("scope");
    let min_ttl = min_ttl(parameters.take("min_ttl").as_deref())?;
    let grant = grant(config, client, credential.as_deref(), scope.as_deref(), event)?;
    Ok(Asked { grant, min_ttl })
}

/// A form-urlencoded body (RFC 6749 appendix B).
#[derive(Clone, Copy, Debug)]
pub struct Form<'a>(&'a [u8]);

impl<'a> Form<'a> {
    /// The parameters, still encoded.
    #[must_use]
    pub const fn encoded(&self) -> &'a [u8] {
        self.0
    }

    /// The body of this type, or nothing where it could not be read.
    ///
    /// # Errors
    /// Another type, a body that is too large, or that could not be read.
    pub fn new(content_type: Option<&str>, body: Option<&'a [u8]>) -> Result<Self, RequestFault> {
        let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        if !essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(RequestFault::ContentType);
        }
        let body = body.ok_or(RequestFault::BodyUnreadable)?;
        if body.len() > REQUEST_BODY_MAX_BYTES {
            Err(RequestFault::BodyTooLarge)
        } else {
            Ok(Self(body))
        }
    }
}

/// What a token request (RFC 6749 §4.4.2) asks for, if its client may have it.
///
/// # Errors
/// Every fault of the caller. A malformed request comes first, then authentication, then the rest.
pub fn of_form(
    config: &Config,
    credential: Option<&str>,
    form: &Form<'_>,
    authorization: Option<&str>,
    event: &mut Event,
) -> Result<Asked, BrokerError> {
    let names = ["grant_type", "client_id", "client_secret", "scope", "min_ttl"];
    let mut parameters = Parameters::parse(form.0, names)?;
    let credentials = client_auth::at_token_endpoint(
        authorization,
        parameters.take("client_id"),
        parameters.take("client_secret"),
    )?;
    if config.client(&credentials.client_id).is_some() {
        event.client_id = Some(credentials.client_id.clone());
    }
    let client = access::authenticate(config, &credentials)?;
    match parameters.take("grant_type").as_deref() {
        Some("client_credentials") => {}
        Some(_) => return Err(BrokerError::UnsupportedGrantType),
        None => return Err(RequestFault::MissingParameter("grant_type").into()),
    }
    let scope = parameters.take("scope");
    let min_ttl = min_ttl(parameters.take("min_ttl").as_deref())?;
    let grant = grant(config, client, credential, scope.as_deref(), event)?;
    Ok(Asked { grant, min_ttl })
}

/// Whole seconds; absent is none.
fn min_ttl(text: Option<&str>) -> Result<Millis, RequestFault> {
    let Some(text) = text else { return Ok(Millis(0)) };
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let secs = text.parse().ok().filter(|_| digits);
    secs.map(Millis::from_secs).ok_or(RequestFault::MinTtl)
}

fn grant(
    config: &Config,
    client: &Client,
    credential: Option<&str>,
    scope: Option<&str>,
    event: &mut Event,
) -> Result<Rc<Grant>, BrokerError> {
    event.client_id = Some(client.id.clone());
    let ask = Ask {
        credential: credential.unwrap_or(DEFAULT_CREDENTIAL).to_owned(),
        scope: scope.map(ScopeSet::parse).transpose()?,
    };
    let granted = access::authorize(config, client, &ask);
    match &granted {
        Ok(grant) => {
            event.credential = Some(grant.credential.name.clone());
            event.scope = Some(grant.scope.as_str().to_owned());
        }
        // What was refused is what an operator looks for; it passed RFC 6749's character set.
        Err(_) => event.scope = ask.scope.map(|scope| scope.as_str().to_owned()),
    }
    granted
}
