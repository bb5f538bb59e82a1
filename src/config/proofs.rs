//! The proofs that a client lists. Any other proof is refused.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::trust;
use crate::base::secret::PresentedKey;
use crate::jwt::Trust;
use crate::settings::Field;
use crate::settings::examples::is_well_known;
use crate::settings::{Faults, Reason};

/// The proofs that a client lists, at least one.
#[derive(Debug, Default)]
pub struct AcceptedProofs {
    /// `service_binding = true`: a Worker whose service binding has the client id in its `props`.
    pub service_binding: bool,
    /// `jwt`: which JSON Web Tokens prove the client's identity.
    pub jwt: Vec<Trust>,
    pub(super) keys: Vec<KeyDigest>,
    pub(super) certificates: Vec<CertificateFingerprint>,
}

impl AcceptedProofs {
    /// Whether `digest` is of one of the client keys. Each is compared, so that the time tells nothing.
    #[must_use]
    pub fn has_key(&self, digest: &KeyDigest) -> bool {
        self.keys.iter().fold(false, |found, key| found | key.matches(digest))
    }

    /// Whether the client lists this certificate.
    #[must_use]
    pub fn has_certificate(&self, fingerprint: &CertificateFingerprint) -> bool {
        self.certificates.contains(fingerprint)
    }
}

/// The SHA-256 of a client key. Compared in constant time.
#[derive(Clone, Copy)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Compared in place of the keys of an unknown client, so that it takes as long as a known one.
    pub const OF_NOBODY: Self = Self([0; 32]);

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn parse(hex: &str) -> Option<Self> {
        sha256(hex).map(Self)
    }

    /// The digest of `key`.
    #[must_use]
    pub fn of(key: &PresentedKey) -> Self {
        Self(Sha256::digest(key.expose().as_bytes()).into())
    }

    /// Whether both are the same digest; takes equally long for any two.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its first eight bytes. The time of a lookup discloses these at most, and they lead to no key.
    pub(super) fn prefix(&self) -> u64 {
        self.0.first_chunk().copied().map_or(0, u64::from_be_bytes)
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(REDACTED)")
    }
}

/// The SHA-256 of a client certificate (DER), as `certFingerprintSHA256` has it. No secret.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CertificateFingerprint([u8; 32]);

impl CertificateFingerprint {
    /// 64 hexadecimal digits, also with the colons between bytes that `openssl x509` prints.
    #[must_use]
    pub fn parse(hex: &str) -> Option<Self> {
        sha256(&hex.replace(':', "")).map(Self)
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        base16ct::lower::encode_string(&self.0)
    }
}

fn sha256(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    base16ct::mixed::decode(hex, &mut bytes).is_ok_and(|read| read.len() == 32).then_some(bytes)
}

/// What other clients list. Two clients cannot share a proof: it would not tell which one calls.
pub(super) trait Listed {
    /// Whether one of them has the key with this digest.
    fn lists_key(&self, digest: &KeyDigest) -> bool;
    /// Whether one of them has this certificate.
    fn lists_certificate(&self, fingerprint: &CertificateFingerprint) -> bool;
}

/// The fields of a client's entry that list its proofs.
pub(super) const FIELDS: [&str; 4] = ["key_sha256", "service_binding", "jwt", "mtls_sha256"];

pub(super) fn parse(
    fields: [Option<Field>; FIELDS.len()],
    path: &str,
    others: &impl Listed,
    faults: &mut Faults,
) -> AcceptedProofs {
    let [keys, service_binding, jwt, certificates] = fields;
    let service_binding = service_binding.map_or(Some(false), |field| field.into_bool(faults));
    let others_listed = keys.is_some() || jwt.is_some() || certificates.is_some();
    if service_binding == Some(false) && !others_listed {
        faults.add(format!("{path}.{}", FIELDS[0]), Reason::NoProof);
    }
    let keys = items(keys, faults).map(|fields| key_digests(fields, others, faults));
    let jwt = items(jwt, faults)
        .map(|fields| fields.into_iter().filter_map(|field| trust::parse(field, faults)).collect());
    let certificates =
        items(certificates, faults).map(|fields| fingerprints(fields, others, faults));
    // A field with a fault lists no proof. The others still do, so that their client learns of it.
    AcceptedProofs {
        service_binding: service_binding.unwrap_or_default(),
        jwt: jwt.unwrap_or_default(),
        keys: keys.unwrap_or_default(),
        certificates: certificates.unwrap_or_default(),
    }
}

/// The items of a list. It may be missing, and must not be empty.
fn items(field: Option<Field>, faults: &mut Faults) -> Option<Vec<Field>> {
    field.map_or_else(|| Some(Vec::new()), |field| field.into_list(faults))
}

fn key_digests(fields: Vec<Field>, others: &impl Listed, faults: &mut Faults) -> Vec<KeyDigest> {
    let mut digests: Vec<KeyDigest> = Vec::new();
    for field in fields {
        let path = field.path.clone();
        let Some(hex) = field.into_text(faults) else { continue };
        let is_key = hex.starts_with("etb_");
        let fault = if is_key { Reason::KeyItself } else { Reason::NotADigest };
        let parsed = KeyDigest::parse(&hex).ok_or(fault);
        let Some(digest) = faults.ok(path.clone(), parsed) else { continue };
        if is_well_known(digest.prefix()) {
            faults.add(path, Reason::WellKnownKey);
        } else if others.lists_key(&digest) {
            faults.add(path, Reason::SharedDigest);
        } else if !digests.iter().any(|known| known.matches(&digest)) {
            digests.push(digest);
        }
    }
    digests
}

fn fingerprints(
    fields: Vec<Field>,
    others: &impl Listed,
    faults: &mut Faults,
) -> Vec<CertificateFingerprint> {
    let mut fingerprints: Vec<CertificateFingerprint> = Vec::new();
    for field in fields {
        let path = field.path.clone();
        let Some(hex) = field.into_text(faults) else { continue };
        let parsed = CertificateFingerprint::parse(&hex).ok_or(Reason::NotADigest);
        let Some(fingerprint) = faults.ok(path.clone(), parsed) else { continue };
        if others.lists_certificate(&fingerprint) {
            faults.add(path, Reason::SharedCertificate);
        } else if !fingerprints.contains(&fingerprint) {
            fingerprints.push(fingerprint);
        }
    }
    fingerprints
}
