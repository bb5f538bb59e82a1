//! The token endpoint's answer: a byte that picks the status, a line of `Retry-After` or
//! `x-ratelimit-reset`, the body.

#![no_main]

use edge_token_broker::base::json::Json;
use edge_token_broker::base::json_object::JsonObject;
use edge_token_broker::base::limits::{
    EXPIRES_IN_MAX_SECS, RELAYED_CODES_MAX, RELAYED_ID_MAX_BYTES, RELAYED_TEXT_MAX_BYTES,
    RESPONSE_FIELDS_MAX_BYTES, RETRY_AFTER_MAX_SECS,
};
use edge_token_broker::base::origin::Origin;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::error::BrokerError;
use edge_token_broker::http::error::Dialect;
use edge_token_broker::http::reply::Reply;
use edge_token_broker::oauth::error_response::ErrorResponse;
use edge_token_broker::oauth::response_fields::is_reserved;
use edge_token_broker::oauth::token_response::{
    AnswerFault, IssuedToken, ResponseRules, TokenResponse,
};
use edge_token_broker::upstream::answer::interpret;
use edge_token_broker::upstream::entra::Entra;
use edge_token_broker::upstream::entra::authority::{PUBLIC_CLOUD, Tenant};
use edge_token_broker::upstream::exchange::EndpointResponse;
use libfuzzer_sys::fuzz_target;

const STATUSES: [u16; 10] = [200, 400, 401, 403, 404, 408, 429, 500, 503, 302];
const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
/// Every text that is relayed, at its longest, and the broker's own words.
const ERROR_BODY_MAX_BYTES: usize = 4096;

/// What a configuration may say of a server.
fn rules() -> ResponseRules {
    let response_fields = ["instance_url", "id", "a", "b", "", "\"", "scope", "access_token"]
        .map(str::to_owned)
        .to_vec();
    ResponseRules { default_expires_in: Some(Millis::from_secs(900)), response_fields }
}

/// With rules there are no fewer tokens, and the same ones, and what is relayed are members of the body.
fn with_rules(body: &[u8]) {
    let rules = rules();
    let issued =
        match (IssuedToken::parse(body, &rules), IssuedToken::parse(body, &ResponseRules::USUAL)) {
            (Ok(issued), Ok(usual)) => {
                assert!(issued.access_token == usual.access_token && issued.scope == usual.scope);
                issued
            }
            (Ok(issued), Err(fault)) => {
                assert!(
                    fault == AnswerFault::ExpiresIn && issued.expires_in == Millis::from_secs(900)
                );
                issued
            }
            (Err(fault), usual) => return assert_eq!(usual, Err(fault)),
        };
    token(&issued, body, &rules);
    let Some(fields) = &issued.fields else { return };
    let printed = format!("{{{}}}", fields.as_json());
    assert!(printed.bytes().all(|byte| matches!(byte, b' '..=b'~')));
    assert!(printed.len() <= RESPONSE_FIELDS_MAX_BYTES + 2);
    let Ok(Json::Object(relayed)) = Json::parse(printed.as_bytes()) else { panic!("no members") };
    let Ok(Json::Object(sent)) = Json::parse(body) else { panic!("a token from no object") };
    assert!(!relayed.is_empty());
    for (name, value) in relayed {
        assert!(rules.response_fields.contains(&name) && !is_reserved(&name));
        let mut same = sent.iter().filter(|(other, _)| *other == name);
        let (Some((_, other)), None) = (same.next(), same.next()) else {
            panic!("{name} comes once")
        };
        assert_eq!(format!("{value:?}"), format!("{other:?}"), "{name}");
    }
}

fn token(issued: &IssuedToken, body: &[u8], rules: &ResponseRules) {
    let lifetime = issued.expires_in;
    assert!(lifetime > Millis(0) && lifetime <= Millis::from_secs(EXPIRES_IN_MAX_SECS));
    assert!(issued.refresh_in.is_none_or(|span| span < lifetime && span > Millis(0)));
    let text = issued.access_token.expose();
    assert!(!text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)));
    assert!(!format!("{issued:?}").contains(&format!("\"{text}\"")), "a token is not printed");
    let Ok(Json::Object(entries)) = Json::parse(body) else { panic!("a token from no object") };
    assert_eq!(entries.iter().filter(|(name, _)| name == "access_token").count(), 1);
    let printed = TokenResponse {
        expires_in: lifetime.whole_secs(),
        ext_expires_in: issued.ext_expires_in.map(Millis::whole_secs),
        access_token: &issued.access_token,
        scope: issued.scope.as_ref(),
        fields: issued.fields.as_ref(),
    };
    let again =
        IssuedToken::parse(printed.to_json().as_bytes(), rules).expect("printed, it is read");
    assert_eq!(again, IssuedToken { refresh_in: None, ..issued.clone() });
}

fn harmless(text: &str, max: usize) {
    let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(text.len() <= max && text.bytes().all(allowed), "RFC 6749 section 5.2");
}

fn error_response(response: &ErrorResponse) {
    let trace = &response.trace;
    harmless(&response.error, RELAYED_ID_MAX_BYTES);
    harmless(response.description.as_deref().unwrap_or_default(), RELAYED_TEXT_MAX_BYTES);
    for id in [&trace.timestamp, &trace.trace_id, &trace.correlation_id] {
        harmless(id.as_deref().unwrap_or_default(), RELAYED_ID_MAX_BYTES);
    }
    assert!(trace.error_codes.len() <= RELAYED_CODES_MAX);
    let mut json = JsonObject::default();
    // An object has at least one member.
    json.text("error", "");
    trace.write(&mut json, ["error_codes", "timestamp", "trace_id", "correlation_id"]);
    let mut printed: serde_json::Value = serde_json::from_str(&json.finish()).expect("JSON");
    printed["error"] = response.error.as_str().into();
    printed["error_description"] = response.description.as_deref().into();
    assert_eq!(response.advice, None, "no body has it");
    let again = ErrorResponse::parse(printed.to_string().as_bytes());
    assert_eq!(again.as_ref(), Some(response), "printed, it reads the same");
}

fn answer(reply: &EndpointResponse) {
    let Err(failure) = interpret(&entra(), reply, &[], NOW) else {
        assert_eq!(reply.status, 200);
        return;
    };
    let error = BrokerError::Upstream(failure.error);
    let id = RequestId::from_random([0; 16]);
    for dialect in
        [Dialect::TokenEndpoint, Dialect::Bearer, Dialect::ManagedIdentity, Dialect::Call]
    {
        let reply = Reply::error(&error, dialect, &id);
        assert!(reply.status >= 400 && reply.body.len() <= ERROR_BODY_MAX_BYTES);
        assert!(reply.body.is_ascii() && !reply.body.contains(char::is_control));
        let bounded = |secs| (1..=RETRY_AFTER_MAX_SECS).contains(&secs);
        assert!(reply.retry_after_secs.is_none_or(bounded));
    }
}

fn entra() -> Entra {
    let host = Origin::parse(PUBLIC_CLOUD).expect("an origin");
    Entra::new(host, Tenant::parse("t").expect("a tenant"))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((pick, rest)) = bytes.split_first() else { return };
    let mut parts = rest.splitn(2, |byte| *byte == b'\n');
    let (Some(retry_after), Some(body)) = (parts.next(), parts.next()) else { return };
    if let Ok(issued) = IssuedToken::parse(body, &ResponseRules::USUAL) {
        token(&issued, body, &ResponseRules::USUAL);
    }
    with_rules(body);
    if let Some(response) = ErrorResponse::parse(body) {
        error_response(&response);
    }
    answer(&EndpointResponse {
        status: STATUSES[usize::from(*pick) % STATUSES.len()],
        retry_after: String::from_utf8(retry_after.to_vec()).ok().filter(|_| pick & 0x80 == 0),
        rate_limit_reset: String::from_utf8(retry_after.to_vec()).ok(),
        body: Ok(body.to_vec().into()),
    });
});
