//! `Authorization: Basic` and `Bearer`: what is read can be printed, and reads the same again.

#![no_main]

use base64ct::{Base64, Encoding};
use edge_token_broker::base::secret::PresentedKey;
use edge_token_broker::callers::presented::{
    ClientParameters, PlatformIdentity, Presented, at_token_endpoint, bearer,
};
use edge_token_broker::callers::proofs::key::ClientCredentials;
use edge_token_broker::config::KeyDigest;
use edge_token_broker::error::BrokerError;
use edge_token_broker_fuzz::Sent;
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
    match at_token_endpoint(Some(header), parameters, PlatformIdentity::default)? {
        Presented::Secret(credentials) => Ok(credentials),
        other => panic!("a header is no {other:?}"),
    }
}

/// What is presented in a `Bearer` header: a JWT's text, or the digest of a key.
#[derive(Debug)]
enum Token {
    Jwt(String),
    Key(KeyDigest),
}

fn bearer_token(header: &str) -> Result<Token, BrokerError> {
    match bearer(Some(header), || None, PlatformIdentity::default)? {
        Presented::Key(key) => Ok(Token::Key(*key.digest())),
        Presented::Jwt(jwt) => Ok(Token::Jwt(jwt.text.expose().to_owned())),
        other => panic!("a header is no {other:?}"),
    }
}

/// Whether `token` is what `text` presents.
fn is_of(token: &Token, text: &str) -> bool {
    match token {
        Token::Jwt(jwt) => jwt == text && text.matches('.').count() == 2,
        Token::Key(digest) => {
            let key = PresentedKey::new(text.to_owned());
            digest.matches(&KeyDigest::of(&key)) && text.matches('.').count() != 2
        }
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

const FORM: &[u8] =
    b"grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default";

/// The status at the token endpoint.
fn post(header: &str) -> u16 {
    let (target, form) = ("/oauth2/v2.0/token", Some(FORM));
    Sent { method: "POST", target, authorization: Some(header), identity_header: None, form }
        .seen()
        .status
}

/// The status of `GET /token`.
fn get(header: &str) -> u16 {
    let target = "/token?scope=https://graph.microsoft.com/.default";
    Sent { method: "GET", target, authorization: Some(header), identity_header: None, form: None }
        .seen()
        .status
}

fuzz_target!(|header: &str| {
    let basic = basic(header, None, None);
    let bearer = bearer_token(header);
    match &basic {
        Ok(read) => {
            assert!(bearer.is_err(), "one header is of one scheme");
            basic_again(read);
        }
        Err(_) => assert_ne!(post(header), 200, "what is not read proves nothing"),
    }
    match &bearer {
        Ok(token) => {
            let text = header.trim().split_once(' ').expect("a scheme and a token").1.trim_start();
            assert!(!text.is_empty() && is_of(token, text));
            let again = bearer_token(&format!("Bearer {text}")).expect("printed, read");
            assert!(is_of(&again, text));
        }
        Err(_) => assert_ne!(get(header), 200, "what is not read proves nothing"),
    }
});
