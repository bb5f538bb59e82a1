//! A JWT of anybody: nothing that breaks a rule is ever good, under either profile.

#![no_main]

use edge_token_broker::base::json::Json;
use edge_token_broker::base::limits::{JWT_MAX_BYTES, JWT_SKEW};
use edge_token_broker::jwt::{Jwt, JwtFault, OneOf, Profile, Trust};
use edge_token_broker_fuzz::NOW;
use libfuzzer_sys::fuzz_target;

fn trust(issuer: &str, audience: &str) -> Trust {
    Trust {
        issuer: issuer.to_owned(),
        audience: OneOf::parse(Json::Text(audience.to_owned())).expect("text"),
        subject: None,
        claims: Vec::new(),
        jwks_uri: None,
    }
}

/// `header.payload` in plain JSON, of which the fuzzer knows more than of base64url.
fn encoded(text: &str) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let parts: Vec<_> = text.splitn(3, '\n').collect();
    let encode = |part: &&str| Base64UrlUnpadded::encode_string(part.as_bytes());
    parts.iter().map(encode).collect::<Vec<_>>().join(".")
}

fn look_at(text: &str) {
    let Ok(jwt) = Jwt::parse(text) else { return };
    assert!(text.len() <= JWT_MAX_BYTES);
    assert_eq!(text.matches('.').count(), 2);
    assert!(text.as_bytes().starts_with(jwt.signing_input()));
    for profile in [Profile::Bearer, Profile::ClientAssertion] {
        let Ok(identity) = trust("https://id.example", "broker").check(&jwt, profile, NOW) else {
            continue;
        };
        assert_eq!(jwt.text("iss"), Some("https://id.example"));
        assert!(NOW < identity.expires_at.plus(JWT_SKEW), "it has not expired");
        assert_eq!(profile == Profile::ClientAssertion, jwt.text("sub") == jwt.text("iss"));
        let another = trust("https://id.example", "another");
        assert!(
            another.check(&jwt, profile, NOW) == Err(JwtFault::Audience) || {
                matches!(jwt.claim("aud"), Some(Json::List(_)))
            }
        );
        assert!(trust("https://other.example", "broker").check(&jwt, profile, NOW).is_err());
    }
}

fuzz_target!(|text: &str| {
    look_at(text);
    look_at(&encoded(text));
});
