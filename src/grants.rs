//! Whether a client may have the token that it requests, or may send a request to an API. No other place
//! decides this.

use std::rc::Rc;

use crate::base::base_url::{Target, TargetFault};
use crate::config::{Api, Client, Config, Grant};
use crate::error::BrokerError;
use crate::oauth::scope::{ScopeSet, without_slash};

/// What an authenticated client requests.
#[derive(Debug)]
pub struct GrantRequest {
    /// Which credential.
    pub credential: CredentialName,
    /// `None` means the grant without a scope, the client's only grant of the credential, or the one that
    /// `targets` name.
    pub scope: Option<ScopeSet>,
    /// `resource`, `audience` and `organization` (RFC 8707), by name: what the token is to be for.
    pub targets: Vec<(&'static str, String)>,
    /// Whether the client has the client capability. Without `cae = true` it counts for nothing.
    pub capability: bool,
}

/// How a request names a credential.
#[derive(Debug)]
pub enum CredentialName {
    /// By its name, or its tenant.
    OrTenant(String),
    /// By its name, or the id of its application.
    OrApplication(String),
}

/// The grant of `client` for `request`.
///
/// A tenant may have several credentials, and so may an application. Then the client's first grant for any
/// of them decides. An unknown credential looks like one that is not granted.
///
/// # Errors
/// `unauthorized_client` for the credential, `invalid_scope` for the scope, `invalid_target` for the
/// rest.
pub fn authorize(
    config: &Config,
    client: &Client,
    request: &GrantRequest,
) -> Result<Rc<Grant>, BrokerError> {
    let plain = client.grants.iter().filter(|grant| !grant.capability);
    let mut granted = plain.filter(|grant| is_named(config, grant, &request.credential)).peekable();
    if granted.peek().is_none() {
        return Err(BrokerError::CredentialNotGranted);
    }
    let grant = match (&request.scope, request.targets.as_slice()) {
        (Some(scope), _) => {
            granted.find(|grant| grant.scope == *scope).ok_or(BrokerError::ScopeNotGranted)
        }
        (None, [target, ..]) => granted
            .find(|grant| is_for(grant, target))
            .ok_or(BrokerError::TargetNotGranted(target.0)),
        (None, []) => without_scope(granted).ok_or(BrokerError::ScopeMissing),
    }?;
    if let Some((name, _)) = request.targets.iter().find(|target| !is_for(grant, target)) {
        return Err(BrokerError::TargetNotGranted(name));
    }
    let capable = if request.capability { client.capable(grant) } else { None };
    Ok(Rc::clone(capable.unwrap_or(grant)))
}

/// The grant that a request without a scope means: the one without a scope, else the only one.
fn without_scope<'a>(granted: impl Iterator<Item = &'a Rc<Grant>>) -> Option<&'a Rc<Grant>> {
    let (mut newest, mut several) = (None, false);
    for grant in granted {
        if grant.scope.is_none() {
            return Some(grant);
        }
        several |= newest.replace(grant).is_some();
    }
    newest.filter(|_| !several)
}

/// Whether `grant` is for a credential that is called `name`.
fn is_named(config: &Config, grant: &Grant, name: &CredentialName) -> bool {
    match name {
        CredentialName::OrTenant(name) => is_of(config, grant, name),
        CredentialName::OrApplication(id) => match config.credential(id) {
            Some(named) => Rc::ptr_eq(named, &grant.credential),
            None => grant.credential.client_id.eq_ignore_ascii_case(id),
        },
    }
}

/// Whether `grant` is for a credential with this name, or of this tenant.
fn is_of(config: &Config, grant: &Grant, name: &str) -> bool {
    config.credentials_named(name).any(|named| Rc::ptr_eq(named, &grant.credential))
}

/// Whether the token of `grant` is for this target: the credential sends the same parameter, or its scope
/// is the one of this resource. No scope names an `organization`.
fn is_for(grant: &Grant, (name, value): &(&'static str, String)) -> bool {
    let mut sent = grant.credential.parameters.iter();
    sent.any(|(sent, fixed)| sent == name && without_slash(fixed) == without_slash(value))
        || (*name != "organization" && grant.scope.is_default_of(value))
}

/// Permits `client` to have a request with `method` sent to `target` of `api`, and says whether it may use all
/// paths there with this method. Each grant is for its methods at its paths. It counts what the broker sends
/// on, and not what the caller wrote.
///
/// # Errors
/// [`BrokerError::ApiNotGranted`], [`BrokerError::MethodNotGranted`], [`BrokerError::PathNotGranted`], and
/// `invalid_request` for a path that does not stay under the base of the API.
pub fn permit(
    client: &Client,
    api: &Rc<Api>,
    method: &str,
    target: &Result<Target, TargetFault>,
) -> Result<AllPaths, BrokerError> {
    let granted = || client.apis.iter().filter(|grant| Rc::ptr_eq(&grant.api, api));
    if granted().next().is_none() {
        return Err(BrokerError::ApiNotGranted);
    }
    let path = target.as_ref().map_err(|fault| BrokerError::from(*fault))?.path();
    let with_method = || granted().filter(|grant| grant.permits_method(method));
    if with_method().next().is_none() {
        return Err(BrokerError::MethodNotGranted);
    }
    if !with_method().any(|grant| grant.permits_path(path)) {
        return Err(BrokerError::PathNotGranted);
    }
    Ok(AllPaths(with_method().any(|grant| grant.paths.is_empty())))
}

/// Whether a client may use all paths of an API.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AllPaths(pub bool);

/// The grants of `client`, of one credential, one scope, or both.
///
/// # Errors
/// As [`authorize`].
pub fn narrowed(
    config: &Config,
    client: &Client,
    credential: Option<&str>,
    scope: Option<&ScopeSet>,
) -> Result<Vec<Rc<Grant>>, BrokerError> {
    let mut granted = client.grants.clone();
    granted.retain(|grant| credential.is_none_or(|name| is_of(config, grant, name)));
    if granted.is_empty() {
        return Err(BrokerError::CredentialNotGranted);
    }
    granted.retain(|grant| scope.is_none_or(|scope| grant.scope == *scope));
    if granted.is_empty() { Err(BrokerError::ScopeNotGranted) } else { Ok(granted) }
}
