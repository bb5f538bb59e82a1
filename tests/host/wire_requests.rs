//! What comes from callers, against the RFCs' own examples.

use edge_token_broker::base::limits::REQUEST_BODY_MAX_BYTES;
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::error::RequestFault;
use edge_token_broker::http::form::Form;
use edge_token_broker::http::form::Parameters;
use edge_token_broker::http::route::{Route, path_and_query};
use edge_token_broker::oauth::scope::ScopeSet;

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
