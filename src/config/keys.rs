//! The keys that the operator makes: `CACHE_KEY` and `REGISTRY_KEY`.

use base64ct::{Base64, Encoding};
use secrecy::{ExposeSecret, SecretBox};

use crate::base::keys::RegistryKey;
use crate::settings::binding::{is_bound, secret};
use crate::settings::{Binding, Bindings, Faults, Reason};

/// The registry key. A registry requires it: without it no entry could be verified.
pub(super) fn registry_key(bindings: &impl Bindings, faults: &mut Faults) -> Option<RegistryKey> {
    let is_absent = matches!(bindings.secret("REGISTRY_KEY"), Binding::Absent);
    if is_bound(bindings, "REGISTRY") && is_absent {
        faults.add("REGISTRY_KEY", Reason::Missing);
    }
    key(bindings, "REGISTRY_KEY", faults).map(RegistryKey::new)
}

/// A key that an operator chose.
pub(super) fn key(
    bindings: &impl Bindings,
    field: &str,
    faults: &mut Faults,
) -> Option<SecretBox<[u8; 32]>> {
    let text = secret(bindings, field, faults)?;
    let mut fault = None;
    let key = SecretBox::init_with_mut(|bytes: &mut [u8; 32]| {
        let decoded = Base64::decode(text.expose_secret().trim(), bytes);
        fault = match decoded {
            Ok(key) if key.len() != 32 => Some(Reason::NotAKey),
            Ok(key) => key.iter().all(|byte| *byte == 0).then_some(Reason::ZeroKey),
            Err(_) => Some(Reason::NotAKey),
        };
    });
    faults.ok(field, fault.map_or(Ok(key), Err))
}
