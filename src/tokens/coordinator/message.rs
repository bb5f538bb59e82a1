//! What passes between an isolate and a coordinator, and what a coordinator stores: CBOR (RFC 8949)
//! with numbered fields, so that two versions of the broker understand each other while one takes
//! the other's place. The token is sealed as in every other place that is not this isolate's memory.

use std::rc::Rc;

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

/// Which token: what a coordinator needs to ask for it, beside the configuration.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq)]
pub struct TokenId {
    /// The credential's name.
    #[n(0)]
    pub credential: String,
    /// The scope.
    #[n(1)]
    pub scope: String,
    /// The token key's name in KV: tells whether both sides have the same configuration.
    #[n(2)]
    pub token: String,
}

/// From an isolate: somebody wants a token.
#[derive(Clone, Debug, Decode, Encode)]
pub struct AcquireMessage {
    /// Which token.
    #[n(0)]
    pub id: TokenId,
    /// Which one would do.
    #[n(1)]
    pub want: Want,
    /// Goes upstream, if a request does.
    #[n(2)]
    pub request_id: RequestId,
    /// Goes upstream as well, if a request does because a token was rejected.
    #[n(3)]
    pub claims: Option<Claims>,
}

/// From a coordinator: its answer, and the traces of the flight that was waited for.
#[derive(Debug, Decode, Encode)]
pub struct HandedMessage {
    /// What the state machine answered.
    #[n(0)]
    pub handed: SealedHandout,
    /// Of the flight that was waited for, if one was.
    #[n(1)]
    pub trail: Option<UpstreamTrail>,
    /// For how long a failure lasts.
    #[n(2)]
    pub failing_for: Option<Millis>,
}

/// A token, or why there is none.
#[derive(Debug, Decode, Encode)]
pub enum SealedHandout {
    /// A sealed record, and where it came from.
    #[n(0)]
    Token(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>, #[n(1)] Source),
    /// What upstream says.
    #[n(1)]
    Failure(#[n(0)] UpstreamError),
    /// The flight is still under way: a sign of life. The caller calls again.
    #[n(2)]
    InFlight,
}

/// What a coordinator stores.
#[derive(Debug, Decode, Encode)]
pub struct StoredState {
    /// Which token; an alarm comes without a message.
    #[n(0)]
    pub id: TokenId,
    /// Everything that is no secret.
    #[n(1)]
    pub facts: Facts,
    /// The token as a sealed record.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub token: Option<Vec<u8>>,
}

impl TokenId {
    /// What `grant` is about.
    #[must_use]
    pub fn of(grant: &Grant) -> Self {
        Self {
            credential: grant.credential.name.clone(),
            scope: grant.scope.as_str().to_owned(),
            token: grant.token_key.kv_name(),
        }
    }

    /// The grant again, as it stands in `config`; nothing where the configuration has changed and
    /// it is another token now.
    #[must_use]
    pub fn grant(&self, config: &Config) -> Option<Grant> {
        let credential = config.credential(&self.credential)?;
        let scope = ScopeSet::parse(&self.scope).ok()?;
        let token_key = credential.token_key(&scope);
        let keep_warm =
            config.grants().any(|grant| grant.keep_warm && grant.token_key == token_key);
        (token_key.kv_name() == self.token).then(|| Grant {
            credential: Rc::clone(credential),
            token_key,
            scope,
            keep_warm,
        })
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

    /// What the state machine answered; nothing where there is no answer yet, or a record that does
    /// not open.
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
