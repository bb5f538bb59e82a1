//! The form of what the registry holds. The Worker reads it, `tools/registry.rs` writes it.
//!
//! A client's entry is the MAC in hexadecimal digits, a line break, and the fields of an entry of
//! `CLIENTS` as JSON. The MAC covers the entry's name as well.

use crate::base::json::Json;
use crate::base::keys::RegistryKey;
use crate::base::keyspace;
use crate::base::origin::Origin;
use crate::config::{CertificateFingerprint, KeyDigest};

/// Hexadecimal digits of a MAC.
const MAC_DIGITS: usize = 64;

/// The name of the entry of the client `id`.
#[must_use]
pub fn name_of(id: &str) -> String {
    [keyspace::CLIENT, id].concat()
}

/// The value of the entry called `name` whose fields are `json`.
#[must_use]
pub fn seal(key: &RegistryKey, name: &str, json: &[u8]) -> Vec<u8> {
    let mac = base16ct::lower::encode_string(&key.mac(name, json));
    [mac.as_bytes(), b"\n", json].concat()
}

/// The fields of the entry called `name`, if a holder of `key` wrote `value` for it.
#[must_use]
pub fn open<'a>(key: &RegistryKey, name: &str, value: &'a [u8]) -> Option<&'a [u8]> {
    let (mac, rest) = value.split_at_checked(MAC_DIGITS)?;
    let json = rest.strip_prefix(b"\n")?;
    let mac = base16ct::lower::decode_vec(mac).ok()?;
    key.verifies(name, json, &mac).then_some(json)
}

/// What leads to a client without its id: the registry has an entry that names the client.
///
/// That entry has no MAC. It is a hint, and the client's own entry decides.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum OwnerKey {
    /// The SHA-256 of a client key.
    Key([u8; 32]),
    /// A client certificate.
    Certificate(CertificateFingerprint),
    /// An origin. It proves nothing, but a preflight has nothing else.
    Origin(String),
}

impl OwnerKey {
    /// The key's digest.
    #[must_use]
    pub const fn key(digest: &KeyDigest) -> Self {
        Self::Key(*digest.as_bytes())
    }

    /// The name of the entry that names the client.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Key(digest) => keyspace::hex_name(keyspace::CLIENT_KEY, digest),
            Self::Certificate(fingerprint) => {
                [keyspace::CERTIFICATE, &fingerprint.to_hex()].concat()
            }
            Self::Origin(origin) => [keyspace::ORIGIN, origin].concat(),
        }
    }

    /// Everything that leads to the client whose entry has the fields `json`. What is malformed leads
    /// nowhere.
    #[must_use]
    pub fn all_of(json: &[u8]) -> Vec<Self> {
        let fields = ["key_sha256", "mtls_sha256", "origins"];
        let members = Json::parse(json).ok().and_then(|json| json.into_members(fields));
        let [keys, certificates, origins] = members.unwrap_or_default();
        let key = |hex: String| KeyDigest::parse(&hex).map(|digest| Self::key(&digest));
        let certificate = |hex: String| CertificateFingerprint::parse(&hex).map(Self::Certificate);
        let keys = texts(keys).filter_map(key);
        let certificates = texts(certificates).filter_map(certificate);
        let origin = |text: String| Origin::parse(&text).ok();
        // As browsers send it, because a preflight leads here.
        let origins =
            texts(origins).filter_map(origin).map(|it| Self::Origin(it.as_str().to_owned()));
        keys.chain(certificates).chain(origins).collect()
    }
}

/// The texts in a list.
fn texts(field: Option<Json>) -> impl Iterator<Item = String> {
    let items = match field {
        Some(Json::List(items)) => items,
        _ => Vec::new(),
    };
    items.into_iter().filter_map(Json::into_text)
}
