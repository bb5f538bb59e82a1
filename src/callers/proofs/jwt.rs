//! A JWT: of an issuer that the client trusts, or the client's own (only as `client_assertion`).
//!
//! A signature decides here, so this way takes I/O: the client's entry, the issuer's keys, and for a
//! JWT of the client's own the ledger. One of an issuer that was verified is remembered and then needs
//! none.

use std::rc::Rc;

use super::{Caller, ProofKind, without_fault};
use crate::base::secret::PresentedKey;
use crate::callers::ledger::Owner;
use crate::callers::ports::{CallerPorts, SignatureVerifier as _};
use crate::callers::registry::NeedsIo;
use crate::callers::seen::JwtDigest;
use crate::callers::{Attempt, Callers, Recognition};
use crate::config::Client;
use crate::error::{BrokerError, Limit, PresentedIn, RequestFault};
use crate::jwt::{Jwt, JwtFault, JwtSubject, Profile, Trust, decoy};
use crate::log::Line;

/// A JWT as it was presented.
#[derive(Debug)]
pub struct PresentedJwt {
    /// In compact form (RFC 7515 §7.1).
    pub text: PresentedKey,
    /// The client that the caller names, if it names one. If the JWT is the client's own, it has to be
    /// the `sub` (RFC 7521 §4.2).
    pub client_id: Option<String>,
    /// The header, as a bearer token; or the body, as `client_assertion`.
    pub presented_in: PresentedIn,
}

/// A client for which a JWT may speak, and the trust that says so.
struct Candidate<'a> {
    client: &'a Rc<Client>,
    trust: &'a Trust,
}

impl PresentedJwt {
    fn digest(&self) -> JwtDigest {
        JwtDigest::of(self.text.expose(), self.client_id.as_deref())
    }

    /// What the caller is told.
    fn refusal(&self, fault: JwtFault) -> BrokerError {
        match fault {
            // The caller is known, but its assertions are too many.
            JwtFault::TooManyAssertions => BrokerError::SlowDown(Limit::Assertions),
            JwtFault::UnderWay => BrokerError::AssertionUnderWay,
            JwtFault::KeysUnavailable(outage) => BrokerError::IssuerUnavailable(outage),
            _ => BrokerError::JwtRefused(fault, self.presented_in),
        }
    }

    /// The rules for `jwt`. Those of a `client_assertion` follow from its claims and not from the
    /// configuration: no JWT is good under the rules of both profiles (RFC 8725 §3.12).
    fn profile(&self, jwt: &Jwt) -> Profile {
        let is_own = self.is_assertion() && jwt.text("iss") == jwt.text("sub");
        if is_own { Profile::ClientAssertion } else { Profile::Bearer }
    }

    fn is_assertion(&self) -> bool {
        self.presented_in == PresentedIn::Body
    }

    /// Refuses a `client_assertion` of an issuer that does not say for which client it is, or of the
    /// very client that is named. This compares the request with itself, so every caller may learn it.
    fn check_client(&self, jwt: &Jwt, profile: Profile) -> Result<(), BrokerError> {
        if profile == Profile::ClientAssertion || !self.is_assertion() {
            return Ok(());
        }
        match self.client_id.as_deref() {
            None => Err(RequestFault::AssertionWithoutClient.into()),
            Some(id) if jwt.text("iss") == Some(id) => Err(self.refusal(JwtFault::Subject)),
            Some(_) => Ok(()),
        }
    }
}

/// The clients that trust the issuer in `jwt` for this profile.
fn candidates<'a>(clients: &'a [Rc<Client>], jwt: &Jwt, profile: Profile) -> Vec<Candidate<'a>> {
    let self_issued = profile == Profile::ClientAssertion;
    let of_client = |client: &'a Rc<Client>| {
        let trusts = client.proofs.jwt.iter();
        trusts
            .filter(|trust| trust.names_issuer_of(jwt))
            .filter(move |trust| trust.is_self_issued(&client.id) == self_issued)
            .map(move |trust| Candidate { client, trust })
    };
    clients.iter().flat_map(of_client).collect()
}

impl<P: CallerPorts> Callers<P> {
    /// The caller, if its JWT was verified a short while ago.
    pub(in crate::callers) fn recall_jwt(
        &self,
        jwt: &PresentedJwt,
        attempt: &Attempt<'_>,
    ) -> Recognition {
        match self.recalled(jwt, attempt) {
            Ok(caller) => Recognition::Known(caller),
            Err(NeedsIo) => Recognition::NeedsIo,
        }
    }

    fn recalled(&self, jwt: &PresentedJwt, attempt: &Attempt<'_>) -> Result<Caller, NeedsIo> {
        if jwt.is_assertion() && jwt.client_id.is_none() {
            return Err(NeedsIo);
        }
        let caller = self.seen.recall(&jwt.digest(), attempt.now).ok_or(NeedsIo)?;
        // If the client has changed since, it may not trust the issuer any more.
        let client = self.client(attempt, &caller.client.id)?;
        let unchanged = client.is_some_and(|client| Rc::ptr_eq(&client, &caller.client));
        if unchanged { Ok(caller) } else { Err(NeedsIo) }
    }

    /// The caller, once its JWT is verified.
    pub(in crate::callers) async fn verify_jwt(
        &self,
        presented: &PresentedJwt,
        attempt: &Attempt<'_>,
        owner: impl FnOnce() -> Owner,
        line: &mut Line,
    ) -> Result<Caller, BrokerError> {
        let refusal = |fault| presented.refusal(fault);
        let jwt = Jwt::parse(presented.text.expose()).map_err(refusal)?;
        // Before anybody is looked up, because all callers get the same answer.
        let profile = presented.profile(&jwt);
        profile.examine(&jwt, attempt.now).map_err(refusal)?;
        presented.check_client(&jwt, profile)?;
        let clients = self.clients_for(presented, &jwt, profile, attempt, line).await?;
        let candidates = candidates(&clients, &jwt, profile);
        let chosen = choose(&candidates, &jwt, profile, attempt);
        let genuine = self.genuine(&jwt, chosen, profile, attempt, line);
        let found = genuine.await.map_err(|fault| refusal(named(fault, &clients, &jwt)));
        let (chosen, is_only_one, subject) = found?;
        if !is_only_one {
            return Err(RequestFault::SeveralClients.into());
        }
        without_fault(chosen.client, line)?;
        let expires_at = subject.expires_at;
        let assertion = match profile {
            Profile::ClientAssertion => {
                let reserved = self.reserve(chosen.client, &subject, owner(), attempt, line).await;
                Some(reserved.map_err(refusal)?)
            }
            Profile::Bearer => None,
        };
        let caller = Caller {
            client: Rc::clone(chosen.client),
            proof: ProofKind("jwt"),
            jwt_subject: Some(Rc::new(subject)),
            assertion,
        };
        if profile == Profile::Bearer {
            // What `recalled` needs of the client: otherwise the JWT would be verified each time.
            // A registry that fails does not refuse a caller that has proved its identity.
            if self.load_client(attempt, &caller.client.id, line).await.is_ok() {
                self.seen.remember(presented.digest(), caller.clone(), expires_at, attempt.now);
            }
        }
        Ok(caller)
    }

    /// Whom the JWT names, if its signature is good under the chosen trust. One that is not genuine
    /// costs the verification of a signature, whether or not its issuer and its key are known.
    async fn genuine<'c, 'a>(
        &self,
        jwt: &Jwt,
        chosen: Option<(&'c Candidate<'a>, bool)>,
        profile: Profile,
        attempt: &Attempt<'_>,
        line: &mut Line,
    ) -> Result<(&'c Candidate<'a>, bool, JwtSubject), JwtFault> {
        let fault = match chosen {
            None => JwtFault::Issuer,
            Some((chosen, is_only_one)) => {
                let sealing_key = attempt.config.sealing_key();
                let verified =
                    self.jwts.authenticate(jwt, chosen.trust, profile, sealing_key, line);
                match verified.await {
                    Ok(subject) => return Ok((chosen, is_only_one, subject)),
                    // It has expired since it was examined, so its signature was not verified.
                    Err(JwtFault::Expired) => JwtFault::Issuer,
                    Err(fault) => fault,
                }
            }
        };
        if fault.is_not_genuine() && fault != JwtFault::Signature {
            let (signed, signature) = (jwt.signing_input(), jwt.signature());
            let decoy = decoy::key_for(jwt.header().algorithm);
            if let Some(key) = decoy.filter(|key| key.may_have_made(signature)) {
                self.jwts.signatures.verify(&key, signed, signature).await;
            }
        }
        Err(fault)
    }

    /// The client that the caller names, and for a JWT of the client's own the one that its issuer is.
    /// If there is no name, every client of `CLIENTS`.
    async fn clients_for(
        &self,
        presented: &PresentedJwt,
        jwt: &Jwt,
        profile: Profile,
        attempt: &Attempt<'_>,
        line: &mut Line,
    ) -> Result<Vec<Rc<Client>>, BrokerError> {
        let client_id = presented.client_id.as_deref();
        let named = match profile {
            Profile::Bearer => client_id,
            Profile::ClientAssertion => client_id.or_else(|| jwt.text("iss")),
        };
        let Some(id) = named else {
            return Ok(attempt.config.clients().cloned().collect());
        };
        self.load_client(attempt, id, line).await?;
        let client = self.client(attempt, id);
        let client = client.map_err(|NeedsIo| BrokerError::RegistryUnavailable)?;
        line.client_id = client.as_ref().map(|client| client.id.clone());
        Ok(client.into_iter().collect())
    }
}

/// The fault by the name that helps an operator most. The caller is told the same.
fn named(fault: JwtFault, clients: &[Rc<Client>], jwt: &Jwt) -> JwtFault {
    let mut trusts = clients.iter().flat_map(|client| &client.proofs.jwt);
    match fault {
        JwtFault::Issuer if trusts.any(|trust| trust.nearly_names_issuer_of(jwt)) => {
            JwtFault::IssuerSlash
        }
        _ => fault,
    }
}

/// The candidate whose trust fits, and whether it is the only client with one. If none fits, any
/// candidate's trust says why.
fn choose<'c, 'a>(
    candidates: &'c [Candidate<'a>],
    jwt: &Jwt,
    profile: Profile,
    attempt: &Attempt<'_>,
) -> Option<(&'c Candidate<'a>, bool)> {
    let fits =
        |candidate: &&Candidate<'_>| candidate.trust.check(jwt, profile, attempt.now).is_ok();
    let Some(chosen) = candidates.iter().find(fits) else {
        return candidates.first().map(|candidate| (candidate, true));
    };
    let other = |candidate: &&Candidate<'_>| !Rc::ptr_eq(candidate.client, chosen.client);
    Some((chosen, !candidates.iter().filter(other).any(|candidate| fits(&candidate))))
}
