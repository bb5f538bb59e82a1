//! The wire types against the RFCs' own examples and against Entra's real responses.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use edge_token_broker::error::{BrokerError, Presented, RequestFault};
use edge_token_broker::http::ask::is_form;
use edge_token_broker::http::request_id::RequestId;
use edge_token_broker::http::route::{Route, path_and_query};
use edge_token_broker::oauth::client_auth::{at_token_endpoint, bearer};
use edge_token_broker::oauth::error_response::ErrorResponse;
use edge_token_broker::oauth::parameters::Parameters;
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::oauth::token_response::{AnswerFault, IssuedToken};
use edge_token_broker::time::Millis;

const REAL_TOKEN: &str = include_str!("workerd/fixtures/entra_token_response.json");
const REAL_ERROR: &str = include_str!("workerd/fixtures/entra_invalid_scope.json");

mod token_response {
    use super::*;

    fn parse(body: &str) -> Result<IssuedToken, AnswerFault> {
        IssuedToken::parse(body.as_bytes())
    }

    fn with(field: &str) -> Result<IssuedToken, AnswerFault> {
        parse(&format!(r#"{{"token_type":"Bearer","access_token":"t",{field}}}"#))
    }

    #[test]
    fn the_real_one_of_entra() {
        let issued = parse(REAL_TOKEN).unwrap();
        assert_eq!(issued.expires_in, Millis::from_secs(3599));
        assert_eq!(issued.ext_expires_in, Some(Millis::from_secs(3599)));
        assert_eq!(issued.refresh_in, None);
        assert!(issued.access_token.expose().starts_with("eyJ0eXAiOiJKV1Qi"));
        assert!(issued.access_token.expose().ends_with("6ZVX1ISg"));
    }

    #[test]
    fn the_example_of_rfc_6749_section_4_4_3_has_another_token_type() {
        let example = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600,"example_parameter":"example_value"}"#;
        assert_eq!(parse(example), Err(AnswerFault::TokenType));
        let issued = parse(&example.replace("\"example\"", "\"bearer\"")).unwrap();
        assert_eq!(issued.access_token.expose(), "2YotnFZFEjr1zCsicMWpAA");
        assert_eq!(issued.expires_in, Millis::from_secs(3600));
    }

    #[test]
    fn numbers_come_as_numbers_or_strings() {
        for value in ["3599", "\"3599\"", "3599.0", "3599.9"] {
            let issued =
                with(&format!(r#""expires_in":{value},"ext_expires_in":{value}"#)).unwrap();
            assert_eq!(issued.expires_in, Millis::from_secs(3599), "{value}");
            assert_eq!(issued.ext_expires_in, Some(Millis::from_secs(3599)), "{value}");
        }
        assert_eq!(with(r#""expires_in":1"#).unwrap().expires_in, Millis::from_secs(1));
        assert_eq!(
            with(r#""expires_in":31536000"#).unwrap().expires_in,
            Millis::from_secs(31_536_000)
        );
    }

    #[test]
    fn an_absurd_expires_in_is_a_fault() {
        for value in [
            "0",
            "-1",
            "0.9",
            "31536001",
            "1e300",
            "18446744073709551616",
            "\"NaN\"",
            "\"Infinity\"",
            "\"-5\"",
            "\"\"",
            "\"soon\"",
            "null",
            "true",
            "[3599]",
            "{}",
        ] {
            assert_eq!(
                with(&format!(r#""expires_in":{value}"#)),
                Err(AnswerFault::ExpiresIn),
                "{value}"
            );
        }
        // Not finite in JSON's own terms: the whole answer is unreadable.
        assert_eq!(with(r#""expires_in":1e999"#), Err(AnswerFault::NotATokenResponse));
    }

    #[test]
    fn a_missing_expires_in_is_ten_minutes() {
        assert_eq!(with(r#""scope":"x""#).unwrap().expires_in, Millis::from_secs(600));
    }

    #[test]
    fn senseless_hints_are_ignored() {
        let issued = with(r#""expires_in":100,"ext_expires_in":-1,"refresh_in":100"#).unwrap();
        assert_eq!((issued.ext_expires_in, issued.refresh_in), (None, None));
        assert_eq!(
            with(r#""expires_in":100,"refresh_in":"50""#).unwrap().refresh_in,
            Some(Millis::from_secs(50))
        );
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let long = "x".repeat(10);
        for (body, fault) in [
            ("", AnswerFault::NotATokenResponse),
            ("<html>", AnswerFault::NotATokenResponse),
            ("[]", AnswerFault::NotATokenResponse),
            ("null", AnswerFault::NotATokenResponse),
            (&REAL_TOKEN[..REAL_TOKEN.len() / 2], AnswerFault::NotATokenResponse),
            (
                r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#,
                AnswerFault::NotATokenResponse,
            ),
            (r#"{"error":"invalid_client"}"#, AnswerFault::AccessToken),
            (r#"{"token_type":"Bearer","expires_in":3599}"#, AnswerFault::AccessToken),
            (
                r#"{"token_type":"Bearer","expires_in":3599,"access_token":""}"#,
                AnswerFault::AccessToken,
            ),
            (
                r#"{"token_type":"Bearer","expires_in":3599,"access_token":"a\nb"}"#,
                AnswerFault::AccessToken,
            ),
            (
                r#"{"token_type":"Bearer","expires_in":3599,"access_token":"ä"}"#,
                AnswerFault::AccessToken,
            ),
            (r#"{"expires_in":3599,"access_token":"t"}"#, AnswerFault::TokenType),
            (
                r#"{"token_type":"pop","expires_in":3599,"access_token":"t"}"#,
                AnswerFault::TokenType,
            ),
            (&long, AnswerFault::NotATokenResponse),
        ] {
            assert_eq!(parse(body), Err(fault), "{body}");
        }
    }
}

mod error_response {
    use super::*;

    #[test]
    fn the_real_one_of_entra() {
        let response = ErrorResponse::parse(REAL_ERROR.as_bytes()).unwrap();
        assert_eq!(response.error, "invalid_scope");
        assert_eq!(response.aadsts(), Some(1_002_012));
        assert_eq!(response.trace.timestamp.as_deref(), Some("2023-02-14 10:16:14Z"));
        assert_eq!(
            response.trace.trace_id.as_deref(),
            Some("74168b0f-cc19-4f7f-8859-623628460a00")
        );
        assert_eq!(
            response.trace.correlation_id.as_deref(),
            Some("493c3c50-0a91-42f3-8fb4-c7b8a393ba24")
        );
        let description = response.description.unwrap();
        assert!(description.starts_with("AADSTS1002012: The provided value for scope"));
        assert!(
            description.contains("(application ID URI). Trace ID: 79168b0f"),
            "line breaks are one space"
        );
    }

    #[test]
    fn the_example_of_rfc_6749_section_5_2() {
        let response = ErrorResponse::parse(br#"{"error":"invalid_request"}"#).unwrap();
        assert_eq!(
            response,
            ErrorResponse { error: "invalid_request".into(), ..ErrorResponse::default() }
        );
    }

    #[test]
    fn relayed_text_is_within_rfc_6749_section_5_2_and_bounded() {
        let nasty = format!(
            r#"{{"error":"x","error_description":"a\r\n\tb\u0000\"c\\d\u00e9\u007f{}"}}"#,
            "z".repeat(5000)
        );
        let description = ErrorResponse::parse(nasty.as_bytes()).unwrap().description.unwrap();
        assert!(description.starts_with("a b 'c/d? z"), "{}", &description[..20]);
        assert_eq!(description.len(), 1024);
        assert!(description.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
    }

    #[test]
    fn other_bodies_are_none() {
        for body in [
            "",
            "Too Many Requests",
            "{}",
            r#"{"error":7}"#,
            r#"{"error":"x","error_codes":"7"}"#,
            "[]",
        ] {
            assert_eq!(ErrorResponse::parse(body.as_bytes()), None, "{body}");
        }
    }
}

mod client_authentication {
    use super::*;

    fn basic(id: &str, secret: &str) -> String {
        format!("Basic {}", Base64::encode_string(format!("{id}:{secret}").as_bytes()))
    }

    fn parsed(authorization: &str) -> Option<(String, String)> {
        let credentials = at_token_endpoint(Some(authorization), None, None).ok()?;
        Some((credentials.client_id.clone(), credentials.key.expose().to_owned()))
    }

    fn pair(id: &str, secret: &str) -> Option<(String, String)> {
        Some((id.to_owned(), secret.to_owned()))
    }

    #[test]
    fn the_example_of_rfc_6749_section_2_3_1() {
        assert_eq!(
            parsed("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"),
            pair("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw")
        );
    }

    #[test]
    fn id_and_secret_are_form_urlencoded_before_base64() {
        assert_eq!(parsed(&basic("a%3Ab+c", "p%25+%2B%26%3D%C3%A9")), pair("a:b c", "p% +&=é"));
        // A client that does not encode is understood where that is unambiguous.
        assert_eq!(parsed(&basic("id", "a=b&c:d")), pair("id", "a=b&c:d"));
    }

    #[test]
    fn the_scheme_is_case_insensitive_and_may_be_followed_by_spaces() {
        let encoded = Base64::encode_string(b"id:key");
        for scheme in ["Basic ", "basic ", "BASIC  ", " bAsIc "] {
            assert_eq!(parsed(&format!("{scheme}{encoded}")), pair("id", "key"));
        }
    }

    #[test]
    fn a_malformed_header_is_invalid_client() {
        for header in [
            "",
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic aWQ6a2V5x",
            "Bearer abc",
            "Basic aWQ=",
            "Basic Og==",
            "Basic aWQ6",
            "Basic Omtl",
            "Basic /////w==",
        ] {
            let error = at_token_endpoint(Some(header), None, None).err();
            assert_eq!(error, Some(BrokerError::InvalidClient(Presented::Header)), "{header:?}");
        }
    }

    #[test]
    fn one_method_only() {
        let header = basic("id", "key");
        let fault = |id: Option<&'static str>, secret: Option<&'static str>| {
            at_token_endpoint(Some(&header), id.map(Cow::Borrowed), secret.map(Cow::Borrowed)).err()
        };
        assert_eq!(fault(None, None), None);
        assert_eq!(fault(Some("id"), None), None);
        assert_eq!(fault(Some("other"), None), Some(RequestFault::TwoClientIds.into()));
        assert_eq!(
            fault(Some("id"), Some("key")),
            Some(RequestFault::TwoAuthenticationMethods.into())
        );
        assert_eq!(fault(None, Some("key")), Some(RequestFault::TwoAuthenticationMethods.into()));
    }

    #[test]
    fn in_the_body() {
        let outcome = |id: Option<&'static str>, secret: Option<&'static str>| {
            at_token_endpoint(None, id.map(Cow::Borrowed), secret.map(Cow::Borrowed))
                .map(|c| c.presented)
        };
        assert_eq!(outcome(Some("id"), Some("key")), Ok(Presented::Body));
        assert_eq!(outcome(Some("id"), None), Err(BrokerError::InvalidClient(Presented::Body)));
        assert_eq!(
            outcome(None, Some("key")),
            Err(RequestFault::MissingParameter("client_id").into())
        );
        assert_eq!(outcome(None, None), Err(BrokerError::InvalidClient(Presented::Nothing)));
    }

    #[test]
    fn the_example_of_rfc_6750_section_2_1() {
        assert_eq!(bearer(Some("Bearer mF_9.B5f-4.1JqM")).unwrap().expose(), "mF_9.B5f-4.1JqM");
        assert_eq!(bearer(Some("bearer   k")).unwrap().expose(), "k");
        assert_eq!(bearer(None).err(), Some(BrokerError::InvalidClient(Presented::Nothing)));
        for header in ["", "Bearer", "Bearer ", "Basic abc", "mF_9"] {
            assert_eq!(
                bearer(Some(header)).err(),
                Some(BrokerError::InvalidClient(Presented::Header))
            );
        }
    }
}

mod parameters {
    use super::*;

    #[test]
    fn known_ones_once_unknown_ones_ignored_empty_ones_absent() {
        let mut parameters =
            Parameters::parse(b"a=1+2&x=1&x=2&b=&b=%26&c=", ["a", "b", "c"]).unwrap();
        assert_eq!(parameters.take("a").as_deref(), Some("1 2"));
        assert_eq!(parameters.take("b").as_deref(), Some("&"));
        assert_eq!(parameters.take("c"), None);
    }

    #[test]
    fn a_known_one_twice_is_a_fault_also_with_the_same_value() {
        let fault = Parameters::parse(b"scope=x&scope=x", ["scope"]).err();
        assert_eq!(fault, Some(RequestFault::DuplicateParameter("scope")));
        let escaped = Parameters::parse(b"scope=x&%73cope=y", ["scope"]).err();
        assert_eq!(escaped, Some(RequestFault::DuplicateParameter("scope")));
    }
}

mod scope {
    use super::*;

    #[test]
    fn order_and_repetition_carry_no_meaning() {
        let scope = ScopeSet::parse("b  a b ").unwrap();
        assert_eq!(scope.as_str(), "a b");
        assert_eq!(scope, ScopeSet::parse("a b").unwrap());
        assert_ne!(scope, ScopeSet::parse("A b").unwrap());
    }

    #[test]
    fn other_characters_than_rfc_6749_section_3_3_are_refused() {
        let long = "x".repeat(2049);
        for text in ["", " ", "a\"b", "a\\b", "a\tb", "a\nb", "ä", "a\u{7f}", &long] {
            assert!(ScopeSet::parse(text).is_err(), "{text:?}");
        }
        assert!(ScopeSet::parse("!#[]~").is_ok());
    }
}

mod routes {
    use super::*;

    #[test]
    fn paths_and_methods() {
        let endpoint = |credential| Route::TokenEndpoint { credential };
        for (method, path, route) in [
            ("GET", "/token", Route::Token),
            ("GET", "/healthz", Route::Health),
            ("GET", "/readyz", Route::Ready),
            ("POST", "/oauth2/v2.0/token", endpoint(None)),
            ("POST", "/contoso.com/oauth2/v2.0/token", endpoint(Some("contoso.com"))),
            ("HEAD", "/token", Route::MethodNotAllowed { allow: "GET" }),
            ("GET", "/x/oauth2/v2.0/token", Route::MethodNotAllowed { allow: "POST" }),
            ("get", "/token", Route::MethodNotAllowed { allow: "GET" }),
            ("GET", "/", Route::NotFound),
            ("GET", "/token/", Route::NotFound),
            ("GET", "/Token", Route::NotFound),
            ("POST", "//oauth2/v2.0/token", Route::NotFound),
            ("POST", "/a/b/oauth2/v2.0/token", Route::NotFound),
            ("POST", "/oauth2/v2.0/token/x", Route::NotFound),
            ("POST", "x/oauth2/v2.0/token", Route::NotFound),
        ] {
            assert_eq!(Route::new(method, path), route, "{method} {path}");
        }
    }

    #[test]
    fn a_url_falls_into_path_and_query() {
        for (url, parts) in [
            ("https://h/token?scope=a", ("/token", "scope=a")),
            ("https://h:1/token?a=?/b#c", ("/token", "a=?/b")),
            ("https://h/token#?x", ("/token", "")),
            ("https://h", ("/", "")),
            ("https://h/", ("/", "")),
        ] {
            assert_eq!(path_and_query(url), parts, "{url}");
        }
    }

    #[test]
    fn only_forms_are_token_requests() {
        for good in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-Urlencoded; charset=utf-8",
        ] {
            assert!(is_form(Some(good)));
        }
        for bad in
            [None, Some(""), Some("application/json"), Some("application/x-www-form-urlencodedx")]
        {
            assert!(!is_form(bad));
        }
    }

    #[test]
    fn sane_request_ids_are_taken_over() {
        let longest = "x".repeat(64);
        for good in ["a", "4f2-!~", &longest] {
            assert_eq!(RequestId::parse(good).unwrap().as_str(), good);
        }
        let too_long = "x".repeat(65);
        for bad in ["", "a b", "a\n", "ä", &too_long] {
            assert_eq!(RequestId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_fresh_request_id_is_a_uuid_version_4() {
        assert_eq!(
            RequestId::from_random([0xff; 16]).as_str(),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_eq!(
            RequestId::from_random([0; 16]).as_str(),
            "00000000-0000-4000-8000-000000000000"
        );
    }
}
