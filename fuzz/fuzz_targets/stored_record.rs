//! A sealed record from KV or storage. The first byte says what the rest is: a stored value as it
//! is, the plaintext of an authentic one of any version, or what to do to a good one.

#![no_main]

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use edge_token_broker::base::sealed::NONCE_LEN;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::config::{Config, Grant};
use edge_token_broker::oauth::token_response::{IssuedToken, ResponseRules};
use edge_token_broker::tokens::record::{OpenError, open, seal};
use edge_token_broker::tokens::token::CachedToken;
use edge_token_broker_fuzz::{config, first_grant};
use libfuzzer_sys::fuzz_target;

const VERSIONS: [u8; 3] = [2, 3, 4];
const NONCE: [u8; NONCE_LEN] = [7; NONCE_LEN];
const BODY: &[u8] = br#"{"access_token":"eyJ0","token_type":"Bearer","expires_in":3599,"id":7}"#;

fn opened(sealed: &[u8], grant: &Grant) -> Result<CachedToken, OpenError> {
    open(sealed, &grant.token_key, &grant.credential.sealing_key)
}

/// Only a holder of the sealing key can seal a record. The sealed bytes reach the decoder behind the seal.
fn authentic(version: u8, plaintext: &[u8], grant: &Grant) -> Vec<u8> {
    let aad = [[version].as_slice(), grant.token_key.as_bytes()].concat();
    let cipher = XChaCha20Poly1305::new(grant.credential.sealing_key.expose().into());
    let payload = Payload { msg: plaintext, aad: &aad };
    let ciphertext = cipher.encrypt(&XNonce::from(NONCE), payload).expect("it fits");
    [[version].as_slice(), &NONCE, &ciphertext].concat()
}

fn decodes_and_encodes(version: u8, plaintext: &[u8], grant: &Grant) {
    let sealed = authentic(version, plaintext, grant);
    match opened(&sealed, grant) {
        Ok(token) => {
            let again = seal(&token, &grant.token_key, &grant.credential.sealing_key, NONCE);
            // A scope is sorted as it is read, so its record is another one, and from then on the same.
            if token.scope.is_none() {
                assert_eq!(again, sealed, "what is decoded encodes to the same bytes");
            }
            assert_eq!(opened(&again, grant).as_ref(), Ok(&token));
            // Whatever instants it has, nothing that is asked about them overflows.
            for now in [0, token.expires_at.0, u64::MAX].map(UnixMillis) {
                let served = token.is_servable(now);
                assert!(!served || now < token.expires_at, "an expired token is never served");
                let _ = token.renew_early_at(u32::MAX);
                let _ = token.not_renewed_before();
            }
        }
        Err(error) => assert_eq!(error, OpenError::Malformed),
    }
}

fn altered_does_not_open(changes: &[u8], grant: &Grant) {
    let rules = ResponseRules { response_fields: vec!["id".to_owned()], ..ResponseRules::USUAL };
    let issued = IssuedToken::parse(BODY, &rules).expect("a token response");
    let token = CachedToken::new(issued, UnixMillis(1_700_000_000_000)).with_generation(3);
    let good = seal(&token, &grant.token_key, &grant.credential.sealing_key, NONCE);
    let mut changed = good.clone();
    for change in changes.chunks_exact(2) {
        let place = usize::from(change[0]) % changed.len();
        changed[place] ^= change[1];
    }
    if changes.len() % 2 == 1 {
        changed.truncate(usize::from(changes[0]));
    }
    match opened(&changed, grant) {
        Ok(same) => assert!(changed == good && same == token, "what opens was sealed"),
        Err(error) => assert!(changed != good && error != OpenError::Malformed),
    }
}

fuzz_target!(|bytes: &[u8]| {
    thread_local!(static CONFIG: Config = config());
    let Some((kind, rest)) = bytes.split_first() else { return };
    CONFIG.with(|config| {
        let grant = first_grant(config);
        match kind % 3 {
            0 => assert!(opened(rest, grant).is_err(), "nobody guesses a tag"),
            1 => decodes_and_encodes(VERSIONS[usize::from(kind / 3) % VERSIONS.len()], rest, grant),
            _ => altered_does_not_open(rest, grant),
        }
    });
});
