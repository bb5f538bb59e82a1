//! A grant: the permission to get one token. Entries of `allow` and of `APIS` have its fields.

use std::rc::Rc;

use super::credentials::Credentials;
use crate::oauth::scope::ScopeSet;
use crate::settings::field::{Field, required};
use crate::settings::{Faults, Reason};
use crate::upstream::credential::Credential;
use crate::upstream::token_key::TokenKey;

/// The fields of a grant.
pub(super) const FIELDS: [&str; 4] = ["credential", "scope", "keep_warm", "cae"];

/// The permission to get one token.
#[derive(Debug)]
pub struct Grant {
    /// The credential that fetches the token.
    pub credential: Rc<Credential>,
    /// The scope of the token.
    pub scope: ScopeSet,
    /// Whether the token is renewed also when no caller requests it.
    pub keep_warm: bool,
    /// The token's name in every tier, computed once.
    pub token_key: TokenKey,
    /// Whether the token has the client capability `CP1`. Such a token may live for a day, and is
    /// for clients that answer claims challenges.
    pub capability: bool,
}

impl Grant {
    /// A grant without the capability, or with it.
    #[must_use]
    pub fn new(
        credential: &Rc<Credential>,
        scope: ScopeSet,
        keep_warm: bool,
        capability: bool,
    ) -> Self {
        let token_key = credential.token_key(&scope, capability);
        let credential = Rc::clone(credential);
        Self { credential, scope, keep_warm, token_key, capability }
    }

    /// Two credentials may be the same application under two names, and so have one token.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.token_key == other.token_key && Rc::ptr_eq(&self.credential, &other.credential)
    }
}

/// The grant of these [`FIELDS`] of the entry at `path`, and with `cae = true` the one with the client
/// capability.
pub(super) fn parse(
    [credential, scope, keep_warm, cae]: [Option<Field>; FIELDS.len()],
    path: &str,
    credentials: &Credentials,
    faults: &mut Faults,
) -> Option<(Grant, Option<Grant>)> {
    let [keep_warm, cae] = [keep_warm, cae]
        .map(|field| field.and_then(|field| field.into_bool(faults)).unwrap_or(false));
    let name =
        required(credential, path, "credential", faults).and_then(|field| field.into_text(faults));
    let known = credentials.parsed.iter().find(|known| Some(&known.name) == name.as_ref());
    let is_named = name.as_ref().is_some_and(|name| credentials.names.contains(name));
    let needs_scope = known.map_or(!is_named, |credential| credential.needs_scope());
    let takes_scope = known.is_none_or(|credential| credential.server.takes_scope());
    let scope = match scope {
        Some(scope) if !takes_scope => faults.ok(scope.path, Err(Reason::ScopeOfNoUse)),
        None if !needs_scope => Some(ScopeSet::none()),
        scope => required(scope, path, "scope", faults)
            .and_then(|field| field.into_text(faults))
            .and_then(|text| {
                let parsed = ScopeSet::parse(&text).map_err(|_| Reason::NotAScope);
                faults.ok(format!("{path}.scope"), parsed)
            }),
    };
    if name.is_some() && !is_named {
        faults.add(format!("{path}.credential"), Reason::NoSuchCredential);
    }
    let (credential, scope) = (known?, scope?);
    if cae && !credential.server.takes_capability() {
        faults.add(format!("{path}.cae"), Reason::CapabilityOfNoUse);
    }
    let capable = cae.then(|| Grant::new(credential, scope.clone(), keep_warm, true));
    Some((Grant::new(credential, scope, keep_warm, false), capable))
}
