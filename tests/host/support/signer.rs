//! Signs for the broker: with a SHA-256 in place of a signature.

use std::cell::Cell;
use std::rc::Rc;

use edge_token_broker::upstream::metadata::MetadataMemory;
use edge_token_broker::upstream::ports::{Documents, Signer, SigningFailed, UpstreamPorts};
use edge_token_broker::upstream::proof::SigningKey;
use edge_token_broker::upstream::secrets::Secrets;
use edge_token_broker::upstream::servers::Servers;
use sha2::{Digest, Sha256};

use super::issuer::SimulatedIssuer;

/// Clones are the same signer.
#[derive(Clone, Default)]
pub(crate) struct SimulatedSigner {
    pub(crate) signatures: Rc<Cell<usize>>,
    pub(crate) fails: Rc<Cell<bool>>,
    /// No signature comes while this is set.
    pub(crate) hangs: Rc<Cell<bool>>,
}

impl SimulatedSigner {
    /// What it makes of `input`.
    pub(crate) fn signature(key: &SigningKey, input: &[u8]) -> Vec<u8> {
        Sha256::digest([&key.id, input].concat()).to_vec()
    }
}

impl Signer for SimulatedSigner {
    async fn sign(&self, key: &SigningKey, input: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        if self.hangs.get() {
            std::future::pending::<()>().await;
        }
        self.signatures.set(self.signatures.get() + 1);
        key.forget();
        if self.fails.get() { Err(SigningFailed) } else { Ok(Self::signature(key, input)) }
    }
}

/// The way to `endpoint`, with what issuers publish.
pub(crate) fn servers<P, E>(endpoint: E, documents: SimulatedIssuer) -> Servers<P>
where
    P: UpstreamPorts<Endpoint = E, Documents = SimulatedIssuer, Signer = SimulatedSigner>,
    SimulatedIssuer: Documents,
{
    Servers {
        endpoint,
        documents,
        signer: SimulatedSigner::default(),
        metadata: MetadataMemory::default(),
        secrets: Secrets::default(),
    }
}
