//! What comes from callers, against the RFCs' own examples.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use edge_token_broker::base::limits::REQUEST_BODY_MAX_BYTES;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::callers::presented::{
    Ambient, ClientParameters, Proof, at_token_endpoint, bearer,
};
use edge_token_broker::error::{BrokerError, Presented, RequestFault};
use edge_token_broker::http::form::Form;
use edge_token_broker::http::form::Parameters;
use edge_token_broker::http::route::{Route, path_and_query};
use edge_token_broker::oauth::scope::ScopeSet;

mod client_authentication {
    use super::*;

    fn basic(id: &str, secret: &str) -> String {
        format!("Basic {}", Base64::encode_string(format!("{id}:{secret}").as_bytes()))
    }

    /// The id, the key, and how they were presented.
    fn at_endpoint(
        authorization: Option<&str>,
        id: Option<&'static str>,
        secret: Option<&'static str>,
    ) -> Result<(String, String, Presented), BrokerError> {
        let (client_id, client_secret) = (id.map(Cow::Borrowed), secret.map(Cow::Borrowed));
        let parameters = ClientParameters { client_id, client_secret, ..Default::default() };
        match at_token_endpoint(authorization, parameters, Ambient::default)? {
            Proof::Secret(secret) => {
                Ok((secret.client_id, secret.key.expose().to_owned(), secret.presented))
            }
            other => panic!("{other:?}"),
        }
    }

    fn on_token(authorization: Option<&str>) -> Result<Proof, BrokerError> {
        bearer(authorization, || None, Ambient::default)
    }

    fn parsed(authorization: &str) -> (String, String) {
        let (id, key, _) = at_endpoint(Some(authorization), None, None).unwrap();
        (id, key)
    }

    fn pair(id: &str, secret: &str) -> (String, String) {
        (id.to_owned(), secret.to_owned())
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
            let error = at_endpoint(Some(header), None, None).err();
            assert_eq!(error, Some(BrokerError::InvalidClient(Presented::Header)), "{header:?}");
        }
    }

    #[test]
    fn one_method_only() {
        let header = basic("id", "key");
        let fault = |id: Option<&'static str>, secret: Option<&'static str>| {
            at_endpoint(Some(&header), id, secret).err()
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
            at_endpoint(None, id, secret).map(|(_, _, presented)| presented)
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
    fn as_in_rfc_6750_section_2_1() {
        let key = |header| match on_token(Some(header)).unwrap() {
            Proof::Key(key) => key.expose().to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(key("Bearer mF_9.B5f-4_1JqM"), "mF_9.B5f-4_1JqM");
        assert_eq!(key("bearer   k"), "k");
        assert_eq!(on_token(None).err(), Some(BrokerError::InvalidClient(Presented::Nothing)));
        for header in ["", "Bearer", "Bearer ", "Basic abc", "mF_9"] {
            let error = on_token(Some(header)).err();
            assert_eq!(error, Some(BrokerError::InvalidClient(Presented::Header)));
        }
    }

    #[test]
    fn two_dots_make_a_jwt() {
        let proof = bearer(Some("Bearer a.b.c"), || Some("id".into()), Ambient::default).unwrap();
        assert!(matches!(proof, Proof::Jwt { client_id: Some(id), .. } if id == "id"));
        assert!(matches!(on_token(Some("Bearer a.b.c.d")), Ok(Proof::Key(_))));
    }

    #[test]
    fn an_assertion_says_its_type_and_is_the_only_method() {
        let assertion = |assertion_type: Option<&'static str>, secret: Option<&'static str>| {
            let parameters = ClientParameters {
                client_id: secret.map(|_| "id".into()),
                client_secret: secret.map(Cow::Borrowed),
                assertion_type: assertion_type.map(Cow::Borrowed),
                assertion: Some("a.b.c".into()),
            };
            at_token_endpoint(None, parameters, Ambient::default)
        };
        let jwt = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        assert!(matches!(assertion(Some(jwt), None), Ok(Proof::Assertion { .. })));
        let fault = |result: Result<Proof, BrokerError>| result.err();
        let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
        assert_eq!(fault(assertion(Some(saml), None)), Some(RequestFault::AssertionType.into()));
        assert_eq!(fault(assertion(None, None)), Some(RequestFault::AssertionType.into()));
        let twice = fault(assertion(Some(jwt), Some("key")));
        assert_eq!(twice, Some(RequestFault::TwoAuthenticationMethods.into()));
    }

    fn bound(id: &str) -> Ambient {
        Ambient {
            service_binding: Some(id.to_owned()),
            access_jwt: Some("a.b.c".to_owned()),
            certificate: Some("00".to_owned()),
        }
    }

    #[test]
    fn what_the_request_says_comes_before_what_the_platform_says() {
        let proof = bearer(Some("Bearer key"), || None, || bound("other")).unwrap();
        assert!(matches!(proof, Proof::Key(_)));
        let parameters = ClientParameters {
            client_id: Some("id".into()),
            client_secret: Some("key".into()),
            ..Default::default()
        };
        let proof = at_token_endpoint(None, parameters, || bound("other")).unwrap();
        assert!(matches!(proof, Proof::Secret(secret) if secret.client_id == "id"));
    }

    #[test]
    fn a_service_binding_comes_before_what_its_worker_may_have_passed_on() {
        let proof = |ambient: Ambient| bearer(None, || None, || ambient);
        assert!(matches!(
            proof(bound("id")),
            Ok(Proof::ServiceBinding { client_id }) if client_id == "id"
        ));
        let access = Ambient { service_binding: None, ..bound("") };
        assert!(matches!(proof(access), Ok(Proof::Jwt { .. })));
        let certificate = Ambient { service_binding: None, access_jwt: None, ..bound("") };
        assert!(matches!(proof(certificate), Ok(Proof::Certificate { .. })));
    }

    #[test]
    fn the_client_of_a_service_binding_is_not_the_callers_choice() {
        let asked = |id: &'static str| {
            let parameters = ClientParameters { client_id: Some(id.into()), ..Default::default() };
            at_token_endpoint(None, parameters, || bound("id")).err()
        };
        assert_eq!(asked("id"), None);
        assert_eq!(asked("other"), Some(RequestFault::TwoClientIds.into()));
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
            ("POST", "/revoke", Route::Revoke),
            ("GET", "/revoke", Route::MethodNotAllowed { allow: "POST" }),
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
            assert!(Form::new(Some(good), Some(b"")).is_ok());
        }
        for bad in
            [None, Some(""), Some("application/json"), Some("application/x-www-form-urlencodedx")]
        {
            let fault = Form::new(bad, Some(b"")).unwrap_err();
            assert_eq!(fault, RequestFault::ContentType);
        }
        let form = "application/x-www-form-urlencoded";
        assert_eq!(Form::new(Some(form), None).unwrap_err(), RequestFault::BodyUnreadable);
        let longest = vec![b'x'; REQUEST_BODY_MAX_BYTES];
        assert!(Form::new(Some(form), Some(&longest)).is_ok());
        let longer = [longest, vec![b'x']].concat();
        assert_eq!(Form::new(Some(form), Some(&longer)).unwrap_err(), RequestFault::BodyTooLarge);
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
