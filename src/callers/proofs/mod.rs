//! The ways in which a caller proves its identity: one file each.
//!
//! A file says what is presented, to which client it may belong, whether that client accepts it,
//! how the way is called, and what a refused caller is told. Another way is another file, an arm of
//! `way_of`, a variant of `Presented` in `callers/presented.rs`, which says where in a request it is,
//! and its field in `config/proofs.rs`, which says what clients list for it.

mod assertion;
pub mod certificate;
pub mod jwt;
pub mod key;
pub mod service_binding;

use std::rc::Rc;

use crate::callers::ledger::ReservedAssertion;
use crate::callers::presented::Presented;
use crate::callers::registry::OwnerKey;
use crate::config::{Client, Config};
use crate::error::{BrokerError, PresentedIn};
use crate::jwt::JwtSubject;
use crate::log::Line;

use jwt::PresentedJwt;

/// How a way of proof is decided.
pub(in crate::callers) enum Way<'a> {
    /// The client's entry decides.
    ByEntry(&'a dyn Proof),
    /// A signature decides, too.
    ByJwt(&'a PresentedJwt),
}

pub(in crate::callers) fn way_of(presented: &Presented) -> Way<'_> {
    match presented {
        Presented::Secret(credentials) => Way::ByEntry(credentials),
        Presented::Key(key) => Way::ByEntry(key),
        Presented::Jwt(jwt) => Way::ByJwt(jwt),
        Presented::ServiceBinding(worker) => Way::ByEntry(worker),
        Presented::Certificate(certificate) => Way::ByEntry(certificate),
    }
}

/// A proof that one client's entry decides.
pub(in crate::callers) trait Proof {
    /// The client to which the proof may belong.
    fn candidate<'a>(&'a self, config: &'a Config) -> Candidate<'a>;
    /// Whether `client`, which [`Self::candidate`] has found, accepts the proof.
    fn is_accepted(&self, client: Option<&Client>) -> bool;
    /// The way of proof.
    fn kind(&self) -> ProofKind;
    /// Where the proof was; decides what a refused caller is told.
    fn presented_in(&self) -> PresentedIn;

    /// The caller, if `client` accepts the proof.
    fn decide(&self, client: Option<Rc<Client>>, line: &mut Line) -> Result<Caller, BrokerError> {
        // First of all, so that it costs the same whether there is a client or not.
        let accepted = self.is_accepted(client.as_deref());
        match client {
            Some(client) if accepted => {
                without_fault(&client, line)?;
                Ok(Caller { client, proof: self.kind(), jwt_subject: None, assertion: None })
            }
            _ => Err(BrokerError::InvalidClient(self.presented_in())),
        }
    }
}

/// Only a client that has proved its identity learns that its entry has a fault. Each of its lines in
/// the log says which.
pub(in crate::callers) fn without_fault(
    client: &Client,
    line: &mut Line,
) -> Result<(), BrokerError> {
    let Some((first, count)) = &client.fault else { return Ok(()) };
    // The line that has all of them is written once for each isolate, and may be of anybody.
    if line.faults.is_empty() {
        line.found_faults(vec![first.to_string()]);
        line.faults_count = Some(*count);
    }
    Err(BrokerError::Misconfigured)
}

/// The client to which a proof may belong.
pub(in crate::callers) enum Candidate<'a> {
    /// The client with this id, which is presented with the proof.
    Named(&'a str),
    /// The client that lists the proof: the one in `CLIENTS`, else the one that the registry has
    /// under the key.
    Owner(Option<&'a Rc<Client>>, OwnerKey),
    /// No client.
    Nobody,
}

/// A caller that has proved its identity.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The client that it is.
    pub client: Rc<Client>,
    /// How it proved that.
    pub proof: ProofKind,
    /// Whom its JWT names, where it presented one.
    pub jwt_subject: Option<Rc<JwtSubject>>,
    /// Its client assertion, where it presented one.
    pub assertion: Option<ReservedAssertion>,
}

/// A way of proof, by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProofKind(&'static str);

impl ProofKind {
    /// The name, in the configuration and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}
