//! The copy of an issuer's keys in KV: what opens was sealed.

#![no_main]

use edge_token_broker::base::json::Json;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::callers::issuer::{KeySetName, StoredKeySet, open, seal};
use edge_token_broker::jwt::{OneOf, Trust};
use edge_token_broker_fuzz::config;
use libfuzzer_sys::fuzz_target;

fn name(issuer: &str) -> KeySetName {
    KeySetName::of(&Trust {
        issuer: issuer.to_owned(),
        audience: OneOf::parse(Json::Text("broker".into())).expect("text"),
        subject: None,
        claims: Vec::new(),
        jwks_uri: None,
    })
}

fuzz_target!(|bytes: &[u8]| {
    thread_local!(static CONFIG: edge_token_broker::config::Config = config());
    CONFIG.with(|config| {
        let key = config.sealing_key();
        let (own, other) = (name("https://id.example"), name("https://other.example"));
        assert!(open(bytes, &own, key).is_err(), "nobody sealed this");
        let stored = StoredKeySet { fetched_at: UnixMillis(7), jwks: bytes.to_vec() };
        let mut sealed = seal(&stored, &own, key, [3; 24]);
        assert_eq!(open(&sealed, &own, key).as_ref(), Ok(&stored));
        assert!(open(&sealed, &other, key).is_err(), "moved to another issuer");
        let place = bytes.len() % sealed.len();
        sealed[place] ^= 1;
        assert!(open(&sealed, &own, key).is_err(), "altered");
    });
});
