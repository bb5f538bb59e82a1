//! `Authorization: Basic` and `Bearer`: what is read can be printed, and reads the same again.

#![no_main]

use base64ct::{Base64, Encoding};
use edge_token_broker::callers::presented::{
    Ambient, ClientCredentials, ClientParameters, Proof, at_token_endpoint, bearer,
};
use edge_token_broker::error::BrokerError;
use edge_token_broker_fuzz::{event, refusal};
use libfuzzer_sys::fuzz_target;

fn basic(
    header: &str,
    client_id: Option<&str>,
    secret: Option<&str>,
) -> Result<ClientCredentials, BrokerError> {
    let parameters = ClientParameters {
        client_id: client_id.map(Into::into),
        client_secret: secret.map(Into::into),
        ..ClientParameters::default()
    };
    match at_token_endpoint(Some(header), parameters, Ambient::default)? {
        Proof::Secret(credentials) => Ok(credentials),
        other => panic!("a header is no {other:?}"),
    }
}

/// The token of a `Bearer` header.
fn bearer_token(header: &str) -> Result<String, BrokerError> {
    match bearer(Some(header), || None, Ambient::default)? {
        Proof::Key(key) => {
            assert_ne!(key.expose().matches('.').count(), 2);
            Ok(key.expose().to_owned())
        }
        Proof::Jwt { jwt, .. } => {
            assert_eq!(jwt.expose().matches('.').count(), 2);
            Ok(jwt.expose().to_owned())
        }
        other => panic!("a header is no {other:?}"),
    }
}

fn basic_again(read: &ClientCredentials) {
    let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", part(&read.client_id), part(read.key.expose()));
    let header = format!("bASIC   {}", Base64::encode_string(pair.as_bytes()));
    let again = basic(&header, None, None).expect("what is printed is read");
    assert_eq!(again.client_id, read.client_id);
    assert_eq!(again.key.expose(), read.key.expose());
    assert!(!format!("{read:?}").contains("PresentedKey(\""), "a key is not printed");
    // The same id may come in the body as well; another one, or a second secret, may not.
    assert!(basic(&header, Some(&read.client_id), None).is_ok());
    let other = format!("{}x", read.client_id);
    assert!(basic(&header, Some(&other), None).is_err());
    assert!(basic(&header, None, Some("s")).is_err());
}

fuzz_target!(|header: &str| {
    let basic = basic(header, None, None);
    let bearer = bearer_token(header);
    match &basic {
        Ok(read) => {
            assert!(bearer.is_err(), "one header is of one scheme");
            basic_again(read);
        }
        Err(error) => assert!(refusal(error, &event()).len() < 2048),
    }
    match &bearer {
        Ok(token) => {
            assert!(header.contains(token.as_str()) && !token.is_empty());
            let again = bearer_token(&format!("Bearer {token}")).expect("printed, read");
            assert_eq!(&again, token);
        }
        Err(error) => assert!(refusal(error, &event()).len() < 2048),
    }
});
