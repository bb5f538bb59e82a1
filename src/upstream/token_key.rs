//! The name of a token in every tier.

use super::server::Kind;
use crate::base::digest;
use crate::base::keys::Fingerprint;
use crate::base::keyspace;
use crate::oauth::scope::ScopeSet;

/// Names one token in every tier: a SHA-256 over everything that determines which token it is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of the token that `identity` gets for `scope`, without the client capability or with
    /// it.
    ///
    /// Version 1 has the fields of Entra. It stays, so that no token in KV is lost. All other tokens
    /// have version 2, in which each list is one field.
    #[must_use]
    pub fn new(identity: &UpstreamIdentity<'_>, scope: &ScopeSet, capability: bool) -> Self {
        let UpstreamIdentity { server, client_id, fingerprint, parameters } = identity;
        let server_fields = server.key_fields();
        let mut fields = Vec::with_capacity(8);
        let (list, parameter_list);
        if server.name() == "entra" && parameters.is_empty() {
            fields.push(b"edge-token-broker token key v1".as_slice());
            fields.extend(server_fields.iter().map(String::as_bytes));
        } else {
            list = of_texts(server_fields.iter().collect());
            parameter_list =
                of_texts(parameters.iter().flat_map(|(name, value)| [name, value]).collect());
            fields.push(b"edge-token-broker token key v2");
            fields.extend([server.name().as_bytes(), &list, &parameter_list]);
        }
        let own = [client_id.as_bytes(), &fingerprint.0, scope.as_str().as_bytes()];
        fields.extend(own);
        if capability {
            fields.push(b"CP1");
        }
        Self(digest::of_fields(&fields))
    }

    /// The name in KV: `token:` and 64 hexadecimal digits.
    #[must_use]
    pub fn kv_name(&self) -> String {
        keyspace::hex_name(keyspace::TOKEN, &self.0)
    }

    /// The bytes. They are part of the associated data of sealed records.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn of_texts(texts: Vec<&String>) -> [u8; 32] {
    let fields: Vec<_> = texts.into_iter().map(String::as_bytes).collect();
    digest::of_fields(&fields)
}

/// What the broker is at the authorization server.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamIdentity<'a> {
    /// The authorization server.
    pub server: &'a dyn Kind,
    /// The application's id.
    pub client_id: &'a str,
    /// Of the first proof: with a new one, all token keys are new.
    pub fingerprint: &'a Fingerprint,
    /// Fixed parameters of the token request.
    pub parameters: &'a [(String, String)],
}
