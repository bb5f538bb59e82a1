//! A client certificate (mutual TLS), which the edge verifies.

use super::{Candidate, Proof, ProofKind};
use crate::callers::registry::OwnerKey;
use crate::config::{CertificateFingerprint, Client, Config};
use crate::error::PresentedIn;

const REFUSAL: &str =
    "client authentication failed: the client certificate is not that of a client";

/// What the platform says about the client certificate of a connection, in its own words
/// (`cf.tlsClientAuth`).
#[derive(Debug, Default)]
pub struct ClientCertificate {
    /// `certPresented`: `1` where there is one.
    pub presented: Option<String>,
    /// `certVerified`: `SUCCESS`, or why not. It says nothing about revocation.
    pub verified: Option<String>,
    /// `certRevoked`: `0`, or `1` where its issuer has revoked it.
    pub revoked: Option<String>,
    /// `certFingerprintSHA256`.
    pub fingerprint: Option<String>,
}

impl ClientCertificate {
    /// The fingerprint, if the certificate counts: it is presented, verified, and not revoked. Any
    /// other certificate is as good as none.
    #[must_use]
    pub fn into_counting(self) -> Option<String> {
        let counts = self.presented.as_deref() == Some("1")
            && self.verified.as_deref() == Some("SUCCESS")
            && self.revoked.as_deref() == Some("0");
        self.fingerprint.filter(|_| counts)
    }
}

/// A client certificate that counts.
#[derive(Debug)]
pub struct PresentedCertificate {
    /// Its SHA-256. A text of the platform that is none is of no client.
    fingerprint: Option<CertificateFingerprint>,
    client_id: Option<String>,
}

impl PresentedCertificate {
    /// The certificate with this fingerprint, for the client that the caller names, if it names one.
    #[must_use]
    pub fn new(fingerprint: &str, client_id: Option<String>) -> Self {
        Self { fingerprint: CertificateFingerprint::parse(fingerprint), client_id }
    }
}

impl Proof for PresentedCertificate {
    fn candidate<'a>(&'a self, config: &'a Config) -> Candidate<'a> {
        match (&self.fingerprint, &self.client_id) {
            (None, _) => Candidate::Nobody,
            (Some(_), Some(id)) => Candidate::Named(id),
            (Some(fingerprint), None) => Candidate::Owner(
                config.client_with_certificate(fingerprint),
                OwnerKey::Certificate(*fingerprint),
            ),
        }
    }

    fn is_accepted(&self, client: Option<&Client>) -> bool {
        let both = client.zip(self.fingerprint.as_ref());
        both.is_some_and(|(client, fingerprint)| client.proofs.has_certificate(fingerprint))
    }

    fn kind(&self) -> ProofKind {
        ProofKind("mtls_sha256")
    }

    fn presented_in(&self) -> PresentedIn {
        PresentedIn::Platform(REFUSAL)
    }
}
