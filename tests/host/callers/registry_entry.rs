//! The form of the registry's entries.

use edge_token_broker::base::keys::RegistryKey;
use edge_token_broker::callers::registry::{OwnerKey, entry};
use secrecy::SecretBox;

const KEY: [u8; 32] = [7; 32];

#[test]
fn an_entry_is_as_another_implementation_writes_it() {
    let json = r#"{"service_binding":true,"allow":[]}"#;
    // By node:crypto.
    let mac = "9ccfdeeaf5ffb419841236a98b5776c2788fe24b015851bf1245ab1bb7f22313";
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
    let names: Vec<_> = OwnerKey::all_of(json.as_bytes()).iter().map(OwnerKey::name).collect();
    let hex = "ab".repeat(32);
    assert_eq!(
        names,
        [format!("key:{hex}"), format!("certificate:{hex}"), "origin:https://a.example".to_owned()]
    );
    for none in [
        r#"{"service_binding":true}"#,
        r#"{"key_sha256":"00"}"#,
        r#"{"key_sha256":["00",7]}"#,
        r#"{"origins":[],"origins":["https://a.example"]}"#,
        "[]",
        "{",
    ] {
        assert_eq!(OwnerKey::all_of(none.as_bytes()), [], "{none}");
    }
}
