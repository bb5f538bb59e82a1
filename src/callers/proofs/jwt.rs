//! Callers with a JWT: for whom it speaks, and whether it is genuine.

use std::rc::Rc;

use crate::callers::ports::{AssertionLedger, ClientEntries};
use crate::callers::presented::Proof;
use crate::callers::proofs::{Caller, Proven};
use crate::callers::registry::Unread;
use crate::callers::seen::JwtDigest;
use crate::callers::{Callers, Calling, Verifier};
use crate::config::Client;
use crate::error::{BrokerError, Presented, RequestFault};
use crate::jwt::{Jwt, JwtFault, JwtSubject, Profile, Trust};
use crate::log::Event;
use crate::tokens::ports::CoordinationError;

/// A JWT as it was presented.
struct Presentation<'a> {
    text: &'a str,
    client_id: Option<&'a str>,
    profile: Profile,
    presented: Presented,
}

/// A client for which a JWT may speak, and why.
struct Candidate<'a> {
    client: &'a Rc<Client>,
    trust: &'a Trust,
}

impl<'a> Presentation<'a> {
    fn of(proof: &'a Proof) -> Option<Self> {
        let (jwt, client_id, profile, presented) = match proof {
            Proof::Jwt { jwt, client_id, presented } => {
                (jwt, client_id, Profile::Bearer, *presented)
            }
            Proof::Assertion { jwt, client_id } => {
                (jwt, client_id, Profile::ClientAssertion, Presented::Body)
            }
            _ => return None,
        };
        Some(Self { text: jwt.expose(), client_id: client_id.as_deref(), profile, presented })
    }

    fn refused(&self, fault: JwtFault) -> BrokerError {
        match fault {
            // It is known who calls; there are only too many.
            JwtFault::TooManyAssertions => BrokerError::SlowDown,
            _ if fault.may_pass() => BrokerError::IssuerUnavailable,
            _ => BrokerError::JwtRefused(fault, self.presented),
        }
    }

    /// Those of `clients` that trust the issuer that the JWT names, for this use.
    fn candidates(&self, clients: &'a [Rc<Client>], jwt: &Jwt) -> Vec<Candidate<'a>> {
        let own_word = self.profile == Profile::ClientAssertion;
        let of_client = |client: &'a Rc<Client>| {
            let trusts = client.proofs.jwt.iter();
            trusts
                .filter(|trust| trust.names_issuer_of(jwt))
                .filter(move |trust| trust.is_self_issued(&client.id) == own_word)
                .map(move |trust| Candidate { client, trust })
        };
        clients.iter().flat_map(of_client).collect()
    }
}

impl<S: ClientEntries, V: Verifier, L: AssertionLedger> Callers<S, V, L> {
    /// The caller whose JWT was verified a short while ago.
    pub(in crate::callers) fn recall_jwt(&self, calling: &Calling<'_>) -> Result<Caller, Unread> {
        let presentation = Presentation::of(calling.proof)
            .filter(|presentation| presentation.profile == Profile::Bearer)
            .ok_or(Unread)?;
        let digest = JwtDigest::of(presentation.text, presentation.client_id);
        let caller = self.verified.recall(&digest, calling.now).ok_or(Unread)?;
        // A client that has changed meanwhile may not trust the issuer any more.
        let client = self.client(calling, &caller.client.id)?;
        let unchanged = client.is_some_and(|client| Rc::ptr_eq(&client, &caller.client));
        if unchanged { Ok(caller) } else { Err(Unread) }
    }

    /// Verifies a JWT.
    pub(in crate::callers) async fn authenticate_jwt(
        &self,
        calling: &Calling<'_>,
        event: &mut Event,
    ) -> Result<Caller, BrokerError> {
        let presentation = Presentation::of(calling.proof);
        let presentation = presentation.ok_or(BrokerError::InvalidClient(Presented::Nothing))?;
        let refused = |fault| presentation.refused(fault);
        let jwt = Jwt::parse(presentation.text).map_err(refused)?;
        let clients = self.clients_for(calling, &presentation, &jwt, event).await?;
        let candidates = presentation.candidates(&clients, &jwt);
        let (chosen, alone) = choose(&candidates, &jwt, presentation.profile, calling)
            .ok_or_else(|| refused(JwtFault::Issuer))?;
        let sealing_key = calling.config.sealing_key();
        let identity = self
            .jwts
            .authenticate(&jwt, chosen.trust, presentation.profile, sealing_key)
            .await
            .map_err(refused)?;
        if !alone {
            return Err(RequestFault::SeveralClients.into());
        }
        if presentation.profile == Profile::ClientAssertion {
            self.use_once(calling, chosen.client, &identity, event).await.map_err(refused)?;
        }
        let proven = Proven::Jwt(Rc::new(identity));
        let caller = Caller { client: Rc::clone(chosen.client), proven };
        if presentation.profile == Profile::Bearer
            && let Proven::Jwt(identity) = &caller.proven
        {
            let digest = JwtDigest::of(presentation.text, presentation.client_id);
            self.verified.remember(digest, caller.clone(), identity.expires_at, calling.now);
        }
        Ok(caller)
    }

    /// The client that the caller names, else, for an assertion, the one that its issuer is; else
    /// every one of `CLIENTS`.
    async fn clients_for(
        &self,
        calling: &Calling<'_>,
        presentation: &Presentation<'_>,
        jwt: &Jwt,
        event: &mut Event,
    ) -> Result<Vec<Rc<Client>>, BrokerError> {
        let named = match presentation.profile {
            Profile::Bearer => presentation.client_id,
            Profile::ClientAssertion => presentation.client_id.or_else(|| jwt.text("iss")),
        };
        let Some(id) = named else {
            return Ok(calling.config.clients().cloned().collect());
        };
        self.learn(calling, id, event).await?;
        let client = self.client(calling, id).map_err(|_| BrokerError::RegistryUnavailable)?;
        event.client_id = client.as_ref().map(|client| client.id.clone());
        Ok(client.into_iter().collect())
    }

    /// A client assertion is good once: in this isolate, and as far as the ledger can be reached, in
    /// all of them.
    async fn use_once(
        &self,
        calling: &Calling<'_>,
        client: &Client,
        identity: &JwtSubject,
        event: &mut Event,
    ) -> Result<(), JwtFault> {
        let jti = identity.jti.as_deref().ok_or(JwtFault::AssertionId)?;
        let (id, until) = self.used.use_once(&client.id, jti, identity.expires_at, calling.now)?;
        match self.ledger.use_once(&client.id, &id, until).await {
            Ok(true) | Err(CoordinationError::Unbound) => Ok(()),
            Ok(false) => Err(JwtFault::Replayed),
            Err(fault) => {
                event.coordinator_failed(fault.name());
                Ok(())
            }
        }
    }
}

/// The candidate that fits, and whether it is the only client that does. Where none fits, any of
/// them tells why.
fn choose<'c, 'a>(
    candidates: &'c [Candidate<'a>],
    jwt: &Jwt,
    profile: Profile,
    calling: &Calling<'_>,
) -> Option<(&'c Candidate<'a>, bool)> {
    let fits =
        |candidate: &&Candidate<'_>| candidate.trust.check(jwt, profile, calling.now).is_ok();
    let Some(chosen) = candidates.iter().find(fits) else {
        return candidates.first().map(|candidate| (candidate, true));
    };
    let other = |candidate: &&Candidate<'_>| !Rc::ptr_eq(candidate.client, chosen.client);
    Some((chosen, !candidates.iter().filter(other).any(|candidate| fits(&candidate))))
}
