//! The record of a token with response fields, pinned byte for byte as in `stored_format.rs`, and a
//! failure with advice.

use std::rc::Rc;

use edge_token_broker::base::cbor;
use edge_token_broker::base::limits::{
    KV_TOKEN_MAX_BYTES, RESPONSE_FIELDS_MAX_BYTES, UPSTREAM_BODY_MAX_BYTES,
};
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::{Config, Grant};
use edge_token_broker::oauth::error_response::{ErrorResponse, Trace};
use edge_token_broker::oauth::response_fields::ResponseFields;
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::tokens::coordinator::message::{SealedHandout, TokenId};
use edge_token_broker::tokens::coordinator::{Handout, Source};
use edge_token_broker::tokens::record::{OpenError, open_for, seal_for};
use edge_token_broker::tokens::token::CachedToken;
use edge_token_broker::upstream::error::UpstreamError;
use edge_token_broker::upstream::failure::Failure;

use crate::support::config::valid;
use crate::support::tokens::token;

/// Computed once by another implementation (Python: `hmac`, `hashlib`, `cryptography`, and `HChaCha20` by
/// hand): without another scope than the grant's, and with one.
const PINNED: [(Option<&str>, &str); 2] = [
    (
        None,
        "04242424242424242424242424242424242424242424242424d3b440c11403308387c7fbcb228f98b59cb5f236a2f92cfc2d6408e0e4783da94f630aaac5879b41ffa7042c6753ed0756a4de687c491b072c7b73c4772eeedfe0d06c78b355d8e772a30572d8e2d936e450d809a3fb9427515b6a75a6ef7cec984424f2ffd0bfb014859274d1162895898d0355cb7bedd79595b641b09b2461158728cc116fe0a453555e64ca",
    ),
    (
        Some("read write"),
        "04242424242424242424242424242424242424242424242424d3b440c11403308387c7fbcb228f98b59cb5f236a2f92cfc2d6408e0e4783da94f630aaac5879b41ffa7042c6753ed0d24c1bf0c5c3e692f7a771db7034f80bc85ce3b63b10496a474b4145ddeaa9a3bb30b9e18afea8a6d1211296fe7e726a1d75d3be4a4d6b48257dd922793576ac8d9e65a19da73ebd590c8fb3fb8501e15474e5ab26d45e48970012021e16174bcf8c23d35b0147f",
    ),
];
const FIELDS: &str = r#""instance_url":"https://my.example.com","issued_at":1278448832702"#;

fn grant() -> Rc<Grant> {
    let config = Config::parse(&valid().with("AZ_TENANT", "contoso.com")).unwrap();
    Rc::clone(config.grants().next().unwrap())
}

fn sample(scope: Option<&str>, fields: &str) -> CachedToken {
    let mut token = token("eyJ0", UnixMillis(1_700_000_000_000), Millis::from_secs(3599));
    token.ext_expires_at = Some(UnixMillis(1_700_000_003_599_000));
    token.scope = scope.map(|scope| Rc::new(ScopeSet::parse(scope).unwrap()));
    token.fields = ResponseFields::stored(fields).map(Rc::new);
    token.with_generation(3)
}

#[test]
fn the_record_of_a_token_with_response_fields_is_pinned() {
    let grant = grant();
    for (scope, pinned) in PINNED {
        let token = sample(scope, FIELDS);
        let sealed = seal_for(&grant, &token, [0x24; 24]);
        assert_eq!(base16ct::lower::encode_string(&sealed), pinned);
        assert_eq!(open_for(&grant, &sealed), Ok(token));
    }
}

#[test]
fn a_record_with_response_fields_opens_whole_or_not_at_all() {
    let grant = grant();
    let sealed = seal_for(&grant, &sample(Some("a"), FIELDS), [0x24; 24]);
    for length in 1..sealed.len() {
        assert_eq!(open_for(&grant, &sealed[..length]), Err(OpenError::NotAuthentic));
    }
    for version in [2, 3] {
        let mut other = sealed.clone();
        other[0] = version;
        assert_eq!(open_for(&grant, &other), Err(OpenError::NotAuthentic));
    }
}

#[test]
fn the_sealed_record_does_not_contain_the_fields() {
    let sealed = seal_for(&grant(), &sample(None, FIELDS), [0x24; 24]);
    assert!(!String::from_utf8_lossy(&sealed).contains("instance_url"));
    assert!(!format!("{:?}", sample(None, FIELDS)).contains("my.example.com"), "nor is it printed");
}

#[test]
fn the_longest_token_with_the_longest_fields_fits_into_kv() {
    let grant = grant();
    let fields = format!(r#""f":"{}""#, "x".repeat(RESPONSE_FIELDS_MAX_BYTES - 6));
    let mut longest = sample(Some("a"), &fields);
    assert_eq!(longest.fields.as_ref().unwrap().as_json().len(), RESPONSE_FIELDS_MAX_BYTES);
    let text = "t".repeat(UPSTREAM_BODY_MAX_BYTES);
    longest.access_token = token(&text, longest.requested_at, Millis(1)).access_token;
    assert!(seal_for(&grant, &longest, [1; 24]).len() <= KV_TOKEN_MAX_BYTES);
    assert_eq!(ResponseFields::stored(&format!("{fields} ")), None, "no longer one is read");
}

#[test]
fn a_coordinator_hands_the_fields_on() {
    let (grant, token) = (grant(), sample(None, FIELDS));
    let handout = Handout { token, source: Source::Flight };
    let message = cbor::to_vec(&SealedHandout::new(Ok(handout.clone()), &grant, [7; 24]));
    let message: SealedHandout = cbor::of_slice(&message).unwrap();
    assert_eq!(message.open(&grant), Some(Ok(handout)));
}

#[test]
fn a_coordinator_finds_a_grant_without_a_scope() {
    let config = Config::parse(&valid()).unwrap();
    let credential = config.credential("default").unwrap();
    let grant = Grant::new(credential, ScopeSet::none(), false, false);
    let id = TokenId::of(&grant);
    assert_eq!(id.scope, "");
    let found = id.grant(&config).unwrap();
    assert_eq!((found.token_key, found.scope.is_none()), (grant.token_key, true));
}

#[test]
fn a_failure_that_an_earlier_version_stored_has_no_advice() {
    // A part of what `stored_format.rs` pins: `["invalid_client", "no", [[7000215], null, "t"]]`.
    let stored =
        "83820181836e696e76616c69645f636c69656e74626e6f83811a006ad097f661741b0000018bcfe5680002";
    let failure: Failure = cbor::of_slice(&base16ct::lower::decode_vec(stored).unwrap()).unwrap();
    let response = ErrorResponse {
        error: "invalid_client".into(),
        description: Some("no".into()),
        trace: Trace {
            error_codes: vec![7_000_215],
            trace_id: Some("t".into()),
            ..Trace::default()
        },
        advice: None,
    };
    assert_eq!(failure.error, UpstreamError::CredentialRefused(Box::new(response)));
}

#[test]
fn advice_is_stored_with_its_failure() {
    let advice = Some("renew the certificate".to_owned());
    let response = ErrorResponse { error: "e".into(), advice, ..ErrorResponse::default() };
    let error = UpstreamError::CredentialRefused(Box::new(response));
    let failure = Failure { error, until: UnixMillis(1), count: 1 };
    let again: Failure = cbor::of_slice(&cbor::to_vec(&failure)).unwrap();
    assert_eq!(again, failure);
}
