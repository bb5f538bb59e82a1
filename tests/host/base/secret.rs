//! The types of secrets: their texts stay whole, and no debug output shows them.

use edge_token_broker::base::keys::{CacheKey, RegistryKey, derive};
use edge_token_broker::base::secret::{AccessToken, ClientSecret, PresentedKey};
use edge_token_broker::config::Binding;
use proptest::prelude::*;
use secrecy::SecretBox;

const CANARY: &str = "CANARY-5ecret";

proptest! {
    #[test]
    fn a_token_is_the_json_string_that_serde_makes_of_it(text in "[ -~]{1,80}|[\"\\\\]{1,9}") {
        let token = AccessToken::parse(text.clone()).unwrap();
        prop_assert_eq!(token.json(), serde_json::to_string(&text).unwrap());
        prop_assert_eq!(token.expose(), &text);
        prop_assert!(token == AccessToken::parse(text).unwrap());
    }
}

#[test]
fn a_token_is_printable_ascii() {
    for text in ["", "ü", "a\nb", "a\u{7f}"] {
        assert!(AccessToken::parse(text.into()).is_none(), "{text:?}");
    }
}

#[test]
fn two_tokens_of_one_length_differ() {
    assert!(AccessToken::parse("one".into()) != AccessToken::parse("two".into()));
}

#[test]
fn a_text_with_spare_capacity_stays_whole() {
    let mut text = String::with_capacity(100);
    text.push_str(CANARY);
    assert_eq!(PresentedKey::new(text).expose(), CANARY);
}

#[test]
fn debug_output_is_redacted() {
    let key = || SecretBox::new(Box::new([77; 32]));
    let secret = ClientSecret::new(CANARY.into());
    let (_, sealing_key) = derive(secret.expose().as_bytes(), None);
    let exposed = format!("{:?}", sealing_key.expose());
    let outputs = [
        format!("{:?}", AccessToken::parse(CANARY.into())),
        format!("{:?}", AccessToken::parse(format!("\"{CANARY}\""))),
        format!("{secret:?}"),
        format!("{:?}", PresentedKey::new(CANARY.into())),
        format!("{:?}", Binding::Text(CANARY.into())),
        format!("{:?}", CacheKey::new(key())),
        format!("{:?}", RegistryKey::new(key())),
        format!("{sealing_key:?}"),
    ];
    for output in outputs {
        assert!(output.contains("REDACTED"), "{output}");
        assert!(!output.contains(CANARY) && !output.contains("77") && !output.contains(&exposed));
    }
}
