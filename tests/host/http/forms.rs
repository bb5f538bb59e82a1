//! Form bodies and their parameters.

use edge_token_broker::base::limits::REQUEST_BODY_MAX_BYTES;
use edge_token_broker::error::RequestFault;
use edge_token_broker::http::form::{Form, Parameters};

#[test]
fn only_forms_are_token_requests() {
    for good in
        ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; charset=utf-8"]
    {
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
fn known_ones_once_unknown_ones_ignored_empty_ones_absent() {
    let mut parameters = Parameters::parse(b"a=1+2&x=1&x=2&b=&b=%26&c=", &["a", "b", "c"]).unwrap();
    assert_eq!(parameters.take("a").as_deref(), Some("1 2"));
    assert_eq!(parameters.take("b").as_deref(), Some("&"));
    assert_eq!(parameters.take("c"), None);
}

#[test]
fn a_known_one_twice_is_a_fault_also_with_the_same_value() {
    let fault = Parameters::parse(b"scope=x&scope=x", &["scope"]).err();
    assert_eq!(fault, Some(RequestFault::DuplicateParameter("scope")));
    let escaped = Parameters::parse(b"scope=x&%73cope=y", &["scope"]).err();
    assert_eq!(escaped, Some(RequestFault::DuplicateParameter("scope")));
}
