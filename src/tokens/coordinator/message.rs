//! The messages between an isolate and a coordinator, and the state that a coordinator stores.
//!
//! They are CBOR (RFC 8949) with numbered fields, so that two versions of the broker understand
//! each other while one replaces the other. The token in them is sealed, as everywhere outside an
//! isolate's memory.

use minicbor::{Decode, Encode};

use super::{Facts, Handout, Snapshot, Source, Want};
use crate::base::request_id::RequestId;
use crate::base::sealed::NONCE_LEN;
use crate::base::time::Millis;
use crate::config::{Config, Grant};
use crate::oauth::claims::Claims;
use crate::oauth::scope::ScopeSet;
use crate::tokens::record;
use crate::upstream::error::UpstreamError;
use crate::upstream::trail::UpstreamTrail;

/// Names a token. With the configuration, a coordinator can fetch it.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
pub struct TokenId {
    /// The credential's name.
    #[n(0)]
    pub credential: String,
    /// The scope.
    #[n(1)]
    pub scope: String,
    /// The token's KV key. It shows whether both sides have the same configuration.
    #[n(2)]
    pub token: String,
}

/// From an isolate: a caller wants a token.
#[derive(Clone, Debug, Decode, Encode)]
pub struct AcquireMessage {
    /// Which token.
    #[n(0)]
    pub id: TokenId,
    /// Which one is good enough.
    #[n(1)]
    pub want: Want,
    /// Goes upstream with a flight that this message starts.
    #[n(2)]
    pub request_id: RequestId,
    /// Go upstream as well, if the flight replaces a rejected token.
    #[n(3)]
    pub claims: Option<Claims>,
}

/// From a coordinator: its answer, and the trail of the flight.
#[derive(Debug, Decode, Encode)]
pub struct HandedMessage {
    /// What the state machine answered.
    #[n(0)]
    pub handed: SealedHandout,
    /// The trail of the flight, if the caller waited for one.
    #[n(1)]
    pub trail: Option<UpstreamTrail>,
    /// How long a remembered failure still lasts.
    #[n(2)]
    pub failing_for: Option<Millis>,
}

/// A token, or why there is none.
#[derive(Debug, Decode, Encode)]
pub enum SealedHandout {
    /// A sealed record, and where it came from.
    #[n(0)]
    Token(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>, #[n(1)] Source),
    /// Why upstream gives none.
    #[n(1)]
    Failure(#[n(0)] UpstreamError),
    /// A sign of life: the flight is still under way, and the isolate calls again.
    #[n(2)]
    InFlight,
}

/// What a coordinator stores.
#[derive(Debug, Decode, Encode)]
pub struct StoredState {
    /// Which token. An alarm comes without a message, so the state names it.
    #[n(0)]
    pub id: TokenId,
    /// Everything that is not secret.
    #[n(1)]
    pub facts: Facts,
    /// The token as a sealed record.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub token: Option<Vec<u8>>,
}

impl TokenId {
    /// Names the token of `grant`.
    #[must_use]
    pub fn of(grant: &Grant) -> Self {
        Self {
            credential: grant.credential.name.clone(),
            scope: grant.scope.as_str().to_owned(),
            token: grant.token_key.kv_name(),
        }
    }

    /// The grant of this token in `config`. `None` if the configuration has changed, so that the
    /// token is another one now.
    #[must_use]
    pub fn grant(&self, config: &Config) -> Option<Grant> {
        let credential = config.credential(&self.credential)?;
        let scope = ScopeSet::parse(&self.scope).ok()?;
        let mut grant = [false, true]
            .into_iter()
            .map(|capability| Grant::new(credential, scope.clone(), false, capability))
            .find(|grant| grant.token_key.kv_name() == self.token)?;
        grant.keep_warm =
            config.grants().any(|other| other.keep_warm && other.token_key == grant.token_key);
        Some(grant)
    }
}

impl SealedHandout {
    /// The message for what the state machine answered.
    #[must_use]
    pub fn new(
        handed: Result<Handout, UpstreamError>,
        grant: &Grant,
        nonce: [u8; NONCE_LEN],
    ) -> Self {
        match handed {
            Ok(Handout { token, source }) => {
                Self::Token(record::seal_for(grant, &token, nonce), source)
            }
            Err(error) => Self::Failure(error),
        }
    }

    /// What the state machine answered. `None` if there is no answer yet, or if the record does not
    /// open.
    #[must_use]
    pub fn open(self, grant: &Grant) -> Option<Result<Handout, UpstreamError>> {
        match self {
            Self::Token(sealed, source) => {
                let token = record::open_for(grant, &sealed).ok()?;
                Some(Ok(Handout { token, source }))
            }
            Self::Failure(error) => Some(Err(error)),
            Self::InFlight => None,
        }
    }
}

impl StoredState {
    /// What is stored of `snapshot`.
    #[must_use]
    pub fn new(grant: &Grant, snapshot: &Snapshot, nonce: [u8; NONCE_LEN]) -> Self {
        let token = snapshot.token.as_ref().map(|token| record::seal_for(grant, token, nonce));
        Self { id: TokenId::of(grant), facts: snapshot.facts.clone(), token }
    }

    /// The snapshot again; a record that does not open is gone, and that is all.
    #[must_use]
    pub fn snapshot(&self, grant: &Grant) -> Snapshot {
        let token = self.token.as_deref().and_then(|sealed| record::open_for(grant, sealed).ok());
        Snapshot { token, facts: self.facts.clone() }
    }
}
