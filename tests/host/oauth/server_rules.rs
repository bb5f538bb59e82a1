//! Token responses of servers other than Entra, each with its oddity: lifetimes and members beyond RFC
//! 6749 §5.1.

use edge_token_broker::base::json::Json;
use edge_token_broker::base::limits::RESPONSE_FIELDS_MAX_BYTES;
use edge_token_broker::base::time::Millis;
use edge_token_broker::oauth::response_fields::{ResponseFields, is_reserved};
use edge_token_broker::oauth::token_response::{
    AnswerFault, IssuedToken, ResponseRules, TokenResponse,
};
use proptest::prelude::*;

/// Salesforce: no lifetime, and the URL of the API.
const SALESFORCE: &str = r#"{"access_token":"00D!AR8","signature":"0CmxinZir53Yex7nE0TD+zMpvIWYGb/bdJh6XfOH6EQ=",
    "scope":"api","instance_url":"https://mydomain.my.salesforce.com",
    "id":"https://login.salesforce.com/id/00D/005","token_type":"Bearer","issued_at":"1278448832702"}"#;
/// Keycloak: a minute.
const KEYCLOAK: &str = r#"{"access_token":"eyJ","expires_in":60,"refresh_expires_in":0,"token_type":"Bearer","not-before-policy":0,"scope":"email profile"}"#;
/// Twitch: a scope that is a list.
const TWITCH: &str =
    r#"{"access_token":"jostpf","expires_in":5011271,"scope":["a","b"],"token_type":"bearer"}"#;

fn rules(default_secs: Option<u64>, fields: &[&str]) -> ResponseRules {
    ResponseRules {
        default_expires_in: default_secs.map(Millis::from_secs),
        response_fields: fields.iter().map(ToString::to_string).collect(),
    }
}

fn parse(body: &str, rules: &ResponseRules) -> Result<IssuedToken, AnswerFault> {
    IssuedToken::parse(body.as_bytes(), rules)
}

fn fields(body: &str, names: &[&str]) -> Option<String> {
    let issued = parse(body, &rules(None, names)).unwrap();
    issued.fields.map(|fields| fields.as_json().to_owned())
}

/// A token response with these members more.
fn with(members: &str) -> String {
    format!(r#"{{"token_type":"Bearer","access_token":"t","expires_in":60{members}}}"#)
}

#[test]
fn real_responses() {
    let names = ["instance_url", "id", "issued_at"];
    let issued = parse(SALESFORCE, &rules(Some(900), &names)).unwrap();
    assert_eq!(issued.expires_in, Millis::from_secs(900));
    assert_eq!(
        issued.fields.unwrap().as_json(),
        r#""instance_url":"https://mydomain.my.salesforce.com","id":"https://login.salesforce.com/id/00D/005","issued_at":"1278448832702""#
    );
    let issued = parse(KEYCLOAK, &ResponseRules::USUAL).unwrap();
    assert_eq!((issued.expires_in, issued.fields), (Millis::from_secs(60), None));
    assert_eq!(issued.scope.unwrap().as_str(), "email profile");
    let issued = parse(TWITCH, &ResponseRules::default()).unwrap();
    assert_eq!(issued.expires_in, Millis::from_secs(5_011_271));
    assert_eq!(issued.scope.unwrap().as_str(), "a b");
}

#[test]
fn a_default_lifetime_takes_the_place_of_what_is_none() {
    let configured = rules(Some(1800), &[]);
    for value in
        ["0", "-1", "0.4", "\"0\"", "\"-5\"", "\"soon\"", "null", "\"\"", "{}", "[9]", "false"]
    {
        let body = format!(r#"{{"token_type":"Bearer","access_token":"t","expires_in":{value}}}"#);
        let issued = parse(&body, &configured).unwrap();
        assert_eq!(issued.expires_in, Millis::from_secs(1800), "{value}");
        let without = parse(&body, &ResponseRules::USUAL).map(|issued| issued.expires_in);
        let is_absent = matches!(value, "null" | "\"\"");
        let expected =
            if is_absent { Ok(Millis::from_secs(600)) } else { Err(AnswerFault::ExpiresIn) };
        assert_eq!(without, expected, "{value}");
    }
    let missing = r#"{"token_type":"Bearer","access_token":"t"}"#;
    assert_eq!(parse(missing, &configured).unwrap().expires_in, Millis::from_secs(1800));
    for value in ["300", "\"300\"", "300.9", "\"300.9\""] {
        let body = format!(r#"{{"token_type":"Bearer","access_token":"t","expires_in":{value}}}"#);
        assert_eq!(
            parse(&body, &configured).unwrap().expires_in,
            Millis::from_secs(300),
            "{value}"
        );
    }
}

#[test]
fn another_token_type_is_refused_and_its_case_does_not_matter() {
    for (kind, expected) in [
        ("\"bearer\"", Ok(())),
        ("\"BEARER\"", Ok(())),
        ("\"MAC\"", Err(AnswerFault::TokenType)),
        ("\"DPoP\"", Err(AnswerFault::TokenType)),
        ("\"Bearer \"", Err(AnswerFault::TokenType)),
        ("null", Err(AnswerFault::TokenType)),
    ] {
        let body = format!(r#"{{"access_token":"t","expires_in":60,"token_type":{kind}}}"#);
        assert_eq!(parse(&body, &rules(Some(60), &[])).map(|_| ()), expected, "{kind}");
    }
}

#[test]
fn a_value_is_relayed_as_it_came() {
    for value in [
        "1278448832702",
        "-0.10",
        "18446744073709551617",
        "1.0000000000000000001e2",
        "true",
        r#""a\u00e9\"\\\n{[:,""#,
        r#"{"a":[1,{"b":"}]"},null],"b":{}}"#,
        "[-1,[],{}]",
    ] {
        let body = with(&format!(r#","f" : {value} ,"g":0"#));
        assert_eq!(fields(&body, &["f"]).unwrap(), format!(r#""f" : {value}"#));
    }
}

#[test]
fn what_is_relayed_is_one_line_of_ascii() {
    let body = with("\n,\t\"f\":\r\n {\n\t\"ä\": [ \"€\",\n\t\"😀\" ] }\r\n");
    let relayed = fields(&body, &["f"]).unwrap();
    assert_eq!(relayed, "\"f\": {\"\\u00e4\": [ \"\\u20ac\",\"\\ud83d\\ude00\" ] }");
    let marked = format!("\u{feff}{}", with(r#","f":1"#));
    assert_eq!(fields(&marked, &["f"]).unwrap(), r#""f":1"#);
}

#[test]
fn names_may_be_written_with_escapes() {
    assert_eq!(fields(&with(r#","\u0066":1"#), &["f"]).unwrap(), r#""\u0066":1"#);
    assert_eq!(fields(&with(r#","a\"é":1"#), &["a\"é"]).unwrap(), r#""a\"\u00e9":1"#);
}

#[test]
fn a_member_that_is_absent_or_comes_twice_is_left_out() {
    let body = with(r#","a":null,"b":"","c":[],"d":1,"d":1,"e":2,"e":3,"f":0"#);
    assert_eq!(fields(&body, &["a", "b", "c", "d", "e", "nowhere"]), None);
    assert_eq!(fields(&body, &["a", "d", "f"]).unwrap(), r#""f":0"#);
    assert_eq!(fields(&body, &[]), None);
}

#[test]
fn the_brokers_own_members_are_reserved() {
    let names = [
        "access_token",
        "token_type",
        "expires_in",
        "ext_expires_in",
        "refresh_in",
        "refresh_token",
        "scope",
        "error",
        "error_description",
        "error_uri",
        "error_codes",
    ];
    let body = with(r#","refresh_token":"r","scope":"s","error_uri":"u""#);
    for name in names {
        assert!(is_reserved(name), "{name}");
        assert_eq!(fields(&body, &[name]), None, "{name}");
    }
    for name in ["instance_url", "id_token", "Access_Token", "api_url", ""] {
        assert!(!is_reserved(name), "{name}");
    }
}

#[test]
fn what_is_too_long_is_left_out_and_what_follows_is_not() {
    let fits = "x".repeat(RESPONSE_FIELDS_MAX_BYTES / 2);
    let long = "é".repeat(RESPONSE_FIELDS_MAX_BYTES / 6);
    let body = with(&format!(r#","a":"{fits}","b":"{fits}","c":"{long}","d":1"#));
    assert_eq!(fields(&body, &["a", "b", "c", "d"]).unwrap(), format!(r#""a":"{fits}","d":1"#));
    assert_eq!(fields(&body, &["c", "d"]).unwrap(), r#""d":1"#, "it is longer in ASCII");
}

#[test]
fn callers_get_them_behind_the_members_of_the_response() {
    let issued = parse(SALESFORCE, &rules(Some(60), &["instance_url"])).unwrap();
    let response = TokenResponse {
        expires_in: 59,
        ext_expires_in: None,
        access_token: &issued.access_token,
        scope: issued.scope.as_ref(),
        fields: issued.fields.as_ref(),
    };
    assert_eq!(
        response.to_json(),
        r#"{"token_type":"Bearer","expires_in":59,"access_token":"00D!AR8","scope":"api","instance_url":"https://mydomain.my.salesforce.com"}"#
    );
}

proptest! {
    #[test]
    fn whatever_comes_what_is_relayed_are_members_of_an_object(
        value in r#"[\[\]{}:,"\\a0 \n.eé-]{0,12}"#,
        name in r#"[\[\]{}:,"\\aé]{0,3}"#,
    ) {
        let written = serde_json::to_string(&name).unwrap();
        let body = with(&format!(",{written}:{value}"));
        if let Ok(json) = Json::parse(body.as_bytes())
            && let Some(fields) = ResponseFields::select(body.as_bytes(), &json, std::slice::from_ref(&name))
        {
            let printed: serde_json::Value = serde_json::from_str(&format!("{{{}}}", fields.as_json())).unwrap();
            let sent: serde_json::Value = serde_json::from_str(&body).unwrap();
            prop_assert_eq!(&printed[&name], &sent[&name]);
        }
    }
}
