//! What a request presents, against the RFCs' own examples.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use edge_token_broker::base::secret::PresentedKey;
use edge_token_broker::callers::presented::{
    ClientParameters, PlatformIdentity, Presented, at_token_endpoint, bearer,
};
use edge_token_broker::callers::proofs::certificate::ClientCertificate;
use edge_token_broker::callers::proofs::key::LoneKey;
use edge_token_broker::config::KeyDigest;
use edge_token_broker::error::{BrokerError, PresentedIn, RequestFault};

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", Base64::encode_string(format!("{id}:{secret}").as_bytes()))
}

/// The id, the key, and how they were presented.
fn at_endpoint(
    authorization: Option<&str>,
    id: Option<&'static str>,
    secret: Option<&'static str>,
) -> Result<(String, String, PresentedIn), BrokerError> {
    let (client_id, client_secret) = (id.map(Cow::Borrowed), secret.map(Cow::Borrowed));
    let parameters = ClientParameters { client_id, client_secret, ..Default::default() };
    match at_token_endpoint(authorization, parameters, PlatformIdentity::default)? {
        Presented::Secret(secret) => {
            Ok((secret.client_id, secret.key.expose().to_owned(), secret.presented_in))
        }
        other => panic!("{other:?}"),
    }
}

fn on_token(authorization: Option<&str>) -> Result<Presented, BrokerError> {
    bearer(authorization, || None, PlatformIdentity::default)
}

fn is(presented: &LoneKey, key: &str) -> bool {
    presented.digest().matches(&KeyDigest::of(&PresentedKey::new(key.to_owned())))
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
        assert_eq!(error, Some(BrokerError::InvalidClient(PresentedIn::Header)), "{header:?}");
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
    assert_eq!(fault(Some("id"), Some("key")), Some(RequestFault::TwoAuthenticationMethods.into()));
    assert_eq!(fault(None, Some("key")), Some(RequestFault::TwoAuthenticationMethods.into()));
}

#[test]
fn in_the_body() {
    let outcome = |id: Option<&'static str>, secret: Option<&'static str>| {
        at_endpoint(None, id, secret).map(|(_, _, presented)| presented)
    };
    assert_eq!(outcome(Some("id"), Some("key")), Ok(PresentedIn::Body));
    assert_eq!(outcome(Some("id"), None), Err(BrokerError::InvalidClient(PresentedIn::Body)));
    assert_eq!(outcome(None, Some("key")), Err(RequestFault::MissingParameter("client_id").into()));
    assert_eq!(outcome(None, None), Err(BrokerError::InvalidClient(PresentedIn::Nothing)));
}

#[test]
fn as_in_rfc_6750_section_2_1() {
    let is_key = |header, key: &str| match on_token(Some(header)).unwrap() {
        Presented::Key(presented) => is(&presented, key),
        other => panic!("{other:?}"),
    };
    assert!(is_key("Bearer mF_9.B5f-4_1JqM", "mF_9.B5f-4_1JqM"));
    assert!(is_key("bearer   k", "k"));
    assert_eq!(on_token(None).err(), Some(BrokerError::InvalidClient(PresentedIn::Nothing)));
    for header in ["", "Bearer", "Bearer ", "Basic abc", "mF_9"] {
        let error = on_token(Some(header)).err();
        assert_eq!(error, Some(BrokerError::InvalidClient(PresentedIn::Header)));
    }
}

#[test]
fn two_dots_make_a_jwt() {
    let proof =
        bearer(Some("Bearer a.b.c"), || Some("id".into()), PlatformIdentity::default).unwrap();
    let Presented::Jwt(jwt) = proof else { panic!("{proof:?}") };
    assert_eq!((jwt.client_id.as_deref(), jwt.presented_in), (Some("id"), PresentedIn::Header));
    assert!(matches!(on_token(Some("Bearer a.b.c.d")), Ok(Presented::Key(_))));
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
        at_token_endpoint(None, parameters, PlatformIdentity::default)
    };
    let jwt = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let Ok(Presented::Jwt(own)) = assertion(Some(jwt), None) else { panic!("no JWT") };
    assert_eq!(own.presented_in, PresentedIn::Body);
    let fault = |result: Result<Presented, BrokerError>| result.err();
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    assert_eq!(fault(assertion(Some(saml), None)), Some(RequestFault::AssertionType.into()));
    assert_eq!(fault(assertion(None, None)), Some(RequestFault::AssertionType.into()));
    let twice = fault(assertion(Some(jwt), Some("key")));
    assert_eq!(twice, Some(RequestFault::TwoAuthenticationMethods.into()));
}

fn certificate() -> ClientCertificate {
    ClientCertificate {
        presented: Some("1".to_owned()),
        verified: Some("SUCCESS".to_owned()),
        revoked: Some("0".to_owned()),
        fingerprint: Some("00".repeat(32)),
    }
}

fn bound(id: &str) -> PlatformIdentity {
    PlatformIdentity {
        service_binding: Some(id.to_owned()),
        access_jwt: Some("a.b.c".to_owned()),
        certificate: Some(certificate()),
    }
}

#[test]
fn what_the_request_says_comes_before_what_the_platform_says() {
    let proof = bearer(Some("Bearer key"), || None, || bound("other")).unwrap();
    assert!(matches!(proof, Presented::Key(_)));
    let parameters = ClientParameters {
        client_id: Some("id".into()),
        client_secret: Some("key".into()),
        ..Default::default()
    };
    let proof = at_token_endpoint(None, parameters, || bound("other")).unwrap();
    assert!(matches!(proof, Presented::Secret(secret) if secret.client_id == "id"));
}

#[test]
fn a_service_binding_comes_before_what_its_worker_may_have_passed_on() {
    let proof = |ambient: PlatformIdentity| bearer(None, || None, || ambient);
    assert!(matches!(
        proof(bound("id")),
        Ok(Presented::ServiceBinding(worker)) if worker.client_id == "id"
    ));
    let access = PlatformIdentity { service_binding: None, ..bound("") };
    assert!(matches!(proof(access), Ok(Presented::Jwt(_))));
    let certificate = PlatformIdentity { service_binding: None, access_jwt: None, ..bound("") };
    assert!(matches!(proof(certificate), Ok(Presented::Certificate(_))));
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

#[test]
fn a_certificate_counts_if_it_is_presented_verified_and_not_revoked() {
    let words = |good: &'static str, others: &[&'static str]| {
        let others = others.iter().map(|word| Some(*word));
        [Some(good), None, Some("")].into_iter().chain(others).collect::<Vec<_>>()
    };
    for presented in words("1", &["0", "true"]) {
        for verified in
            words("SUCCESS", &["NONE", "FAILED", "FAILED:certificate expired", "success"])
        {
            for revoked in words("0", &["1", "false"]) {
                for fingerprint in [Some("00"), None] {
                    let text = |word: Option<&str>| word.map(str::to_owned);
                    let certificate = ClientCertificate {
                        presented: text(presented),
                        verified: text(verified),
                        revoked: text(revoked),
                        fingerprint: text(fingerprint),
                    };
                    let counts = [presented, verified, revoked, fingerprint]
                        == [Some("1"), Some("SUCCESS"), Some("0"), Some("00")];
                    let counting = certificate.into_counting();
                    assert_eq!(
                        counting,
                        counts.then(|| "00".to_owned()),
                        "{verified:?} {revoked:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_certificate_that_does_not_count_is_as_good_as_none() {
    let revoked = || ClientCertificate { revoked: Some("1".to_owned()), ..certificate() };
    let platform = || PlatformIdentity { certificate: Some(revoked()), ..Default::default() };
    let error = bearer(None, || None, platform).err();
    assert_eq!(error, Some(BrokerError::InvalidClient(PresentedIn::Nothing)));
    let access = || PlatformIdentity { access_jwt: Some("a.b.c".to_owned()), ..platform() };
    assert!(matches!(bearer(None, || None, access), Ok(Presented::Jwt(_))));
}
