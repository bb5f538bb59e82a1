//! JSON from outside: a member that is null, or an empty text where text is wanted, is absent.

use edge_token_broker::base::json::Json;
use proptest::prelude::*;

fn parse(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

/// The members `a` and `b`.
fn members(text: &str) -> Option<[bool; 2]> {
    let [a, b] = parse(text).into_members(["a", "b"])?;
    Some([a.is_some(), b.is_some()])
}

#[test]
fn a_member_that_is_null_or_an_empty_text_is_absent() {
    assert_eq!(members(r#"{"a":null,"b":1}"#), Some([false, true]));
    assert_eq!(members(r#"{"a":"","b":0}"#), Some([false, true]));
    assert_eq!(members(r#"{"a":[],"b":{}}"#), Some([true, true]), "their readers say");
    assert_eq!(members(r#"{"a":false,"b":" "}"#), Some([true, true]));
    assert_eq!(members("null"), None);
}

#[test]
fn who_reads_the_members_themselves_finds_no_null_at_any_depth() {
    let Json::Object(members) = parse(r#"{"a":null,"b":{"c":null,"d":[{"e":null,"f":1}]}}"#) else {
        panic!("an object");
    };
    assert_eq!(format!("{members:?}").matches("Null").count(), 0);
    assert_eq!(members.len(), 1);
}

#[test]
fn a_null_in_a_list_keeps_its_place() {
    let Json::List(items) = parse("[null,1]") else { panic!("a list") };
    assert!(matches!(items[..], [Json::Null, Json::Whole(1)]));
}

/// Parsers do not agree which of two counts (RFC 8725 §2.4).
#[test]
fn a_member_that_comes_twice_is_seen_also_where_one_is_null() {
    for twice in [
        r#"{"a":null,"a":1}"#,
        r#"{"a":1,"a":null}"#,
        r#"{"a":null,"a":null}"#,
        r#"{"a":"","a":""}"#,
        r#"{"a":1,"b":null,"\u0061":null}"#,
    ] {
        assert_eq!(members(twice), None, "{twice}");
        let Json::Object(members) = parse(twice) else { panic!("an object") };
        assert_eq!(members.iter().filter(|(name, _)| name == "a").count(), 2, "{twice}");
    }
}

#[test]
fn a_byte_order_mark_in_front_is_read_over() {
    assert_eq!(members("\u{feff}{\"a\":1}"), Some([true, false]));
    for other in ["\u{feff}\u{feff}{}", "{}\u{feff}", "\u{feff}", " \u{feff}{}", "\u{fffe}{}"] {
        assert!(Json::parse(other.as_bytes()).is_err(), "{other:?}");
    }
    assert!(Json::parse(b"\xff\xfe{\x00}\x00").is_err(), "UTF-16 (RFC 8259 section 8.1)");
}

#[test]
fn a_configuration_keeps_its_nulls_so_that_they_are_faults() {
    let exact = Json::parse_exactly(b"{\"a\":null}").unwrap();
    assert!(matches!(exact, Json::Object(members) if members.len() == 1));
}

/// Nobody may buy time by many names: see the limit in `drop_nulls`.
#[test]
fn an_object_with_very_many_nulls_takes_no_time() {
    let many: Vec<_> = (0..50_000).map(|n| format!(r#""m{n}":null"#)).collect();
    let many = format!("{{{},\"a\":1,\"b\":null}}", many.join(","));
    assert_eq!(members(&many), Some([true, false]));
}

proptest! {
    #[test]
    fn whatever_is_no_null_is_as_it_was(text in r#"\{("[a-c]":("x"|1|true|\[\]|\{\}),){0,3}"d":2\}"#) {
        let (outside, exact) = (Json::parse(text.as_bytes()), Json::parse_exactly(text.as_bytes()));
        prop_assert_eq!(format!("{:?}", outside.unwrap()), format!("{:?}", exact.unwrap()));
    }
}
