//! The messages between an isolate and a coordinator, and the state that a coordinator stores.
//!
//! They are CBOR (RFC 8949) with numbered fields, so that two versions of the broker understand
//! each other while one replaces the other.
//!
//! - What an isolate says has a seal, because every Worker of the account can be bound to the
//!   objects. Only a Worker that has the credential's secret, or `CACHE_KEY`, can say it.
//! - A token in an answer, or in storage, is sealed, as everywhere outside an isolate's memory.
//! - The rest of an answer needs no seal: an isolate calls the objects of the class that its own
//!   binding names, and nobody else can answer there.

use super::{Facts, Handout, Snapshot, Source, Want};
use crate::base::cbor::{self, Cbor, Value};
use crate::base::digest;
use crate::base::request_id::RequestId;
use crate::base::sealed::{self, NONCE_LEN, Place};
use crate::base::time::Millis;
use crate::config::{Config, Grant};
use crate::oauth::claims::Claims;
use crate::oauth::scope::ScopeSet;
use crate::tokens::record;
use crate::upstream::error::UpstreamError;
use crate::upstream::trail::UpstreamTrail;

/// Names a token. With the configuration, a coordinator can fetch it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenId {
    /// The credential's name.
    pub credential: String,
    /// The scope.
    pub scope: String,
    /// The token's KV key. It shows whether both sides have the same configuration.
    pub token: String,
}

/// From an isolate: an [`AcquireMessage`] with a seal. Nothing in it is secret.
#[derive(Clone, Debug)]
pub struct SealedMessage {
    /// Which token. It leads to the key of the seal.
    pub id: TokenId,
    /// The message.
    pub message: Vec<u8>,
    /// Nothing, sealed for this message and this token.
    pub seal: Vec<u8>,
}

/// From an isolate: a caller wants a token.
#[derive(Clone, Debug)]
pub struct AcquireMessage {
    /// Which one is good enough.
    pub want: Want,
    /// Goes upstream with a flight that this message starts.
    pub request_id: RequestId,
    /// Go upstream as well, if the flight replaces a rejected token.
    pub claims: Option<Claims>,
}

/// From a coordinator: its answer, and the trail of the flight.
#[derive(Debug)]
pub struct HandedMessage {
    /// What the state machine answered.
    pub handed: SealedHandout,
    /// The trail of the flight, if the caller waited for one.
    pub trail: Option<UpstreamTrail>,
    /// How long a remembered failure still lasts.
    pub failing_for: Option<Millis>,
}

/// A token, or why there is none.
#[derive(Debug)]
pub enum SealedHandout {
    /// A sealed record, and where it came from.
    Token(Vec<u8>, Source),
    /// Why upstream gives none.
    Failure(UpstreamError),
    /// A sign of life: the flight is still under way, and the isolate calls again.
    InFlight,
}

/// What a coordinator stores.
#[derive(Debug)]
pub struct StoredState {
    /// Which token. An alarm comes without a message, so the state names it.
    pub id: TokenId,
    /// Everything that is not secret.
    pub facts: Facts,
    /// The token as a sealed record.
    pub token: Option<Vec<u8>>,
}

cbor::record!(TokenId { credential, scope, token });
cbor::record!(SealedMessage { id, message, seal });
cbor::record!(AcquireMessage { want, request_id, claims });
cbor::record!(HandedMessage { handed, trail, failing_for });
cbor::record!(StoredState { id, facts, token });

impl Cbor for SealedHandout {
    fn to_value(&self) -> Value {
        match self {
            Self::Token(sealed, source) => {
                Value::variant(0, vec![sealed.to_value(), source.to_value()])
            }
            Self::Failure(error) => Value::variant(1, vec![error.to_value()]),
            Self::InFlight => Value::variant(2, Vec::new()),
        }
    }

    fn of_value(value: Value) -> Option<Self> {
        match value.into_variant()? {
            (0, mut fields) => Some(Self::Token(fields.take()?, fields.take()?)),
            (1, mut fields) => Some(Self::Failure(fields.take()?)),
            (2, _) => Some(Self::InFlight),
            _ => None,
        }
    }
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
        let scope = ScopeSet::of_grant(&self.scope).ok()?;
        let mut grant = [false, true]
            .into_iter()
            .map(|capability| Grant::new(credential, scope.clone(), false, capability))
            .find(|grant| grant.token_key.kv_name() == self.token)?;
        grant.keep_warm =
            config.grants().any(|other| other.keep_warm && other.token_key == grant.token_key);
        Some(grant)
    }
}

/// The version of an [`AcquireMessage`]. A change that an older version must not misread needs a new
/// one. What an isolate of another version says does not open, and that isolate goes on without the
/// coordinator.
const VERSION: u8 = 1;

impl SealedMessage {
    /// Seals `message` to the coordinator of `grant`. `nonce` must be random.
    #[must_use]
    pub fn new(message: &AcquireMessage, grant: &Grant, nonce: [u8; NONCE_LEN]) -> Self {
        let message = cbor::to_vec(message);
        let name = place_name(&message, grant);
        let place = Place { version: VERSION, name: &name };
        let seal = sealed::seal(&[], place, &grant.credential.sealing_key, nonce);
        Self { id: TokenId::of(grant), message, seal }
    }

    /// The message that [`Self::new`] sealed for the same grant. `None` for everything else.
    #[must_use]
    pub fn open(&self, grant: &Grant) -> Option<AcquireMessage> {
        let name = place_name(&self.message, grant);
        let place = Place { version: VERSION, name: &name };
        // During a rotation, an isolate of another version may have another first secret.
        let mut keys = grant.credential.sealing_keys();
        keys.find(|key| sealed::open(&self.seal, place, key).is_ok())?;
        cbor::of_slice(&self.message)
    }
}

/// A digest of its own, so that no record of the token opens as a seal.
fn place_name(message: &[u8], grant: &Grant) -> [u8; 32] {
    let label = b"edge-token-broker coordinator message v1".as_slice();
    digest::of_fields(&[label, grant.token_key.as_bytes(), message])
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
