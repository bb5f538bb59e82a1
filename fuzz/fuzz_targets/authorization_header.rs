//! `Authorization: Basic` and `Bearer`: what is read can be printed, and reads the same again.

#![no_main]

use base64ct::{Base64, Encoding};
use edge_token_broker::oauth::client_auth::{ClientCredentials, at_token_endpoint, bearer};
use edge_token_broker_fuzz::{event, refusal};
use libfuzzer_sys::fuzz_target;

fn basic_again(read: &ClientCredentials) {
    let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", part(&read.client_id), part(read.key.expose()));
    let header = format!("bASIC   {}", Base64::encode_string(pair.as_bytes()));
    let again = at_token_endpoint(Some(&header), None, None).expect("what is printed is read");
    assert_eq!(again.client_id, read.client_id);
    assert_eq!(again.key.expose(), read.key.expose());
    assert!(!format!("{read:?}").contains("PresentedKey(\""), "a key is not printed");
    // The same id may come in the body as well; another one, or a second secret, may not.
    let id = Some(read.client_id.as_str().into());
    assert!(at_token_endpoint(Some(&header), id, None).is_ok());
    let other = Some(format!("{}x", read.client_id).into());
    assert!(at_token_endpoint(Some(&header), other, None).is_err());
    assert!(at_token_endpoint(Some(&header), None, Some("s".into())).is_err());
}

fuzz_target!(|header: &str| {
    let basic = at_token_endpoint(Some(header), None, None);
    let bearer_key = bearer(Some(header));
    match &basic {
        Ok(read) => {
            assert!(bearer_key.is_err(), "one header is of one scheme");
            basic_again(read);
        }
        Err(error) => assert!(refusal(error, &event()).len() < 2048),
    }
    match &bearer_key {
        Ok(key) => {
            assert!(header.contains(key.expose()) && !key.expose().is_empty());
            let again = bearer(Some(&format!("Bearer {}", key.expose()))).expect("printed, read");
            assert_eq!(again.expose(), key.expose());
        }
        Err(error) => assert!(refusal(error, &event()).len() < 2048),
    }
});
