//! The form of the registry's entries.

use edge_token_broker::base::keys::RegistryKey;
use edge_token_broker::callers::registry::{OwnerKey, entry};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretBox;
use sha2::Sha256;

const KEY: [u8; 32] = [7; 32];

#[test]
fn an_entry_is_as_another_implementation_writes_it() {
    let json = r#"{"service_binding":true,"allow":[]}"#;
    let mut hmac = Hmac::<Sha256>::new_from_slice(&KEY).unwrap();
    for part in ["edge-token-broker registry v1", "client:far", json] {
        hmac.update(&(part.len() as u64).to_be_bytes());
        hmac.update(part.as_bytes());
    }
    let mac = base16ct::lower::encode_string(&hmac.finalize().into_bytes());
    let key = RegistryKey::new(SecretBox::new(Box::new(KEY)));
    let name = entry::name_of("far");
    assert_eq!(name, "client:far");
    let value = entry::seal(&key, &name, json.as_bytes());
    assert_eq!(value, format!("{mac}\n{json}").into_bytes());
    assert_eq!(entry::open(&key, &name, &value), Some(json.as_bytes()));
}

#[test]
fn whatever_leads_to_a_client_has_an_entry_of_its_own() {
    let print = "AB:".repeat(31) + "AB";
    let json = format!(
        r#"{{"key_sha256":["{}"],"mtls_sha256":["{print}"],"origins":["https://a.example"]}}"#,
        "AB".repeat(32)
    );
    let names: Vec<_> =
        OwnerKey::all_of(json.as_bytes()).unwrap().iter().map(OwnerKey::name).collect();
    let hex = "ab".repeat(32);
    assert_eq!(
        names,
        [format!("key:{hex}"), format!("certificate:{hex}"), "origin:https://a.example".to_owned()]
    );
    assert_eq!(OwnerKey::all_of(br#"{"service_binding":true}"#), Some(Vec::new()));
    for malformed in ["[]", "{", r#"{"key_sha256":"00"}"#, r#"{"key_sha256":["00"]}"#] {
        assert_eq!(OwnerKey::all_of(malformed.as_bytes()), None, "{malformed}");
    }
}
