//! A service binding: a Worker whose deployer has written the client id into the binding's `props`.

use super::{Candidate, Proof, ProofKind};
use crate::config::{Client, Config};
use crate::error::PresentedIn;

const REFUSAL: &str = "client authentication failed: no client of the id in the service binding's \
     props may call by service binding";

/// A Worker that calls by a service binding. A request cannot forge the id.
#[derive(Debug)]
pub struct BoundWorker {
    /// `client_id` of the `props`.
    pub client_id: String,
}

impl Proof for BoundWorker {
    fn candidate<'a>(&'a self, _: &'a Config) -> Candidate<'a> {
        Candidate::Named(&self.client_id)
    }

    fn is_accepted(&self, client: Option<&Client>) -> bool {
        client.is_some_and(|client| client.proofs.service_binding)
    }

    fn kind(&self) -> ProofKind {
        ProofKind("service_binding")
    }

    fn presented_in(&self) -> PresentedIn {
        PresentedIn::Platform(REFUSAL)
    }
}
