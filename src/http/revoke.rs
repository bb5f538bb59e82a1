//! From a revocation request (RFC 7009 §2.1) to which token whoever calls has rejected.

use crate::broker::Rejected;
use crate::config::Config;
use crate::error::{BrokerError, RequestFault};
use crate::event::Event;
use crate::http::ask::Form;
use crate::oauth::claims::Claims;
use crate::oauth::client_auth;
use crate::oauth::parameters::Parameters;
use crate::policy::access;
use crate::secret::AccessToken;

/// What a client says that an API has rejected. `token_type_hint` is of no use here: there is one
/// type.
///
/// # Errors
/// Every fault of the caller, as at the token endpoint. A token that cannot be one is none of them
/// (RFC 7009 §2.2).
pub fn of_form(
    config: &Config,
    form: &Form<'_>,
    authorization: Option<&str>,
    event: &mut Event,
) -> Result<Rejected, BrokerError> {
    let names = ["client_id", "client_secret", "token", "claims"];
    let mut parameters = Parameters::parse(form.encoded(), names)?;
    let credentials = client_auth::at_token_endpoint(
        authorization,
        parameters.take("client_id"),
        parameters.take("client_secret"),
    )?;
    if config.client(&credentials.client_id).is_some() {
        event.client_id = Some(credentials.client_id.clone());
    }
    let client = access::authenticate(config, &credentials)?;
    let token = parameters.take("token").ok_or(RequestFault::MissingParameter("token"))?;
    let claims = parameters.take("claims").map(|claims| Claims::parse(&claims)).transpose()?;
    Ok(Rejected {
        grants: client.grants.clone(),
        token: AccessToken::parse(token.into_owned()),
        claims,
    })
}
