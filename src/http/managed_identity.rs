//! `GET /msi/token`: a token as App Service and Container Apps give it to an application with a managed
//! identity, so that Azure SDKs need two environment variables and no code (Microsoft Learn, "Use managed
//! identities for App Service and Azure Functions", "REST endpoint reference").

use super::form::Parameters;
use super::reply::Reply;
use super::token::{Answer, TokenRequest, Wanted};
use crate::base::json_object::quoted;
use crate::base::limits::QUERY_MAX_BYTES;
use crate::callers::presented::{self, PlatformIdentity};
use crate::config::DEFAULT_CREDENTIAL;
use crate::error::{BrokerError, RequestFault};
use crate::grants::{CredentialName, GrantRequest};
use crate::tokens::broker::Served;
use crate::tokens::min_ttl::MinTtl;

/// The version of the protocol that every Azure SDK uses.
const API_VERSION: &str = "2019-08-01";

/// Other names of an identity, which no credential has. The last one is of the version of 2017.
const OTHER_NAMES: [&str; 5] = ["mi_res_id", "msi_res_id", "object_id", "principal_id", "clientid"];

const PARAMETERS: [&str; 3 + OTHER_NAMES.len()] = {
    let [mi_res_id, msi_res_id, object_id, principal_id, clientid] = OTHER_NAMES;
    [
        "api-version",
        "resource",
        "client_id",
        mi_res_id,
        msi_res_id,
        object_id,
        principal_id,
        clientid,
    ]
};

/// Parses a request. Its proof is in `X-IDENTITY-HEADER`, which is `identity_header`.
///
/// # Errors
/// The request has no proof, or its query is too long.
pub fn parse_query(
    query: &str,
    identity_header: Option<String>,
    identity: impl FnOnce() -> PlatformIdentity,
) -> Result<TokenRequest, BrokerError> {
    if query.len() > QUERY_MAX_BYTES {
        return Err(RequestFault::QueryTooLong.into());
    }
    let presented = presented::in_identity_header(identity_header, identity)?;
    let parameters = Parameters::parse(query.as_bytes(), &PARAMETERS).map_err(BrokerError::from);
    Ok(TokenRequest::new(presented, parameters.and_then(wanted)))
}

fn wanted(mut parameters: Parameters<'_>) -> Result<Wanted, BrokerError> {
    let mut take = |name| parameters.take(name);
    if take("api-version").as_deref() != Some(API_VERSION) {
        return Err(RequestFault::ApiVersion.into());
    }
    if let Some(name) = OTHER_NAMES.into_iter().find(|name| take(name).is_some()) {
        return Err(RequestFault::IdentityByOtherName(name).into());
    }
    let resource = take("resource").ok_or(RequestFault::MissingParameter("resource"))?.into_owned();
    let credential = match take("client_id") {
        Some(id) => CredentialName::OrApplication(id.into_owned()),
        None => CredentialName::OrTenant(DEFAULT_CREDENTIAL.to_owned()),
    };
    let targets = vec![("resource", resource.clone())];
    Ok(Wanted {
        request: GrantRequest { credential, scope: None, targets, capability: false },
        min_ttl: MinTtl { keeps: true, ..MinTtl::default() },
        challenge: None,
        answer: Answer::ManagedIdentity { resource },
    })
}

/// The reply with a token, of the application `client_id`.
pub(super) fn reply(served: &Served, resource: &str, client_id: &str) -> Reply {
    Reply::with_token(token_json(served, resource, client_id), served)
}

/// The JSON text of a token. All values are texts, and `expires_on` stands behind `expires_in`: MSAL.NET
/// keeps the later one of the two (`AppServiceManagedIdentitySource`).
fn token_json(served: &Served, resource: &str, client_id: &str) -> String {
    const ALL_BUT_THE_TOKEN: usize = 192;
    let Served { token, at, .. } = served;
    let (resource, client_id) = (quoted(resource), quoted(client_id));
    let seconds_left = at.until(token.expires_at).whole_secs().to_string();
    let expires_on = (token.expires_at.0 / 1000).to_string();
    let access_token = token.access_token.json();
    let length = [access_token.len(), resource.len(), client_id.len()]
        .into_iter()
        .fold(ALL_BUT_THE_TOKEN, usize::saturating_add);
    // Its whole capacity from the start: a growing text would leave copies of the token behind.
    let mut json = String::with_capacity(length);
    for part in [
        r#"{"access_token":"#,
        access_token,
        r#","expires_in":""#,
        &seconds_left,
        r#"","expires_on":""#,
        &expires_on,
        r#"","resource":"#,
        &resource,
        r#","token_type":"Bearer","client_id":"#,
        &client_id,
        "}",
    ] {
        json.push_str(part);
    }
    json
}
