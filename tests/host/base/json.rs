//! JSON from outside: a member that is null, an empty text or an empty list is absent.

use edge_token_broker::base::json::Json;

fn parse(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

/// The members `a` and `b`.
fn members(text: &str) -> Option<[bool; 2]> {
    let [a, b] = parse(text).into_members(["a", "b"])?;
    Some([a.is_some(), b.is_some()])
}

#[test]
fn a_member_that_is_null_or_empty_is_absent() {
    assert_eq!(members(r#"{"a":null,"b":1}"#), Some([false, true]));
    assert_eq!(members(r#"{"a":"","b":0}"#), Some([false, true]));
    assert_eq!(members(r#"{"a":[],"b":-1}"#), Some([false, true]));
    assert_eq!(members(r#"{"a":{},"b":[null]}"#), Some([true, true]), "their readers say");
    assert_eq!(members(r#"{"a":false,"b":" "}"#), Some([true, true]));
    assert_eq!(members("null"), None);
}

#[test]
fn who_needs_an_empty_list_reads_members_as_they_are_written() {
    let written = |text: &str| parse(text).into_members_as_written(["a"]);
    assert!(matches!(written(r#"{"a":[]}"#), Some([Some(Json::List(_))])));
    assert!(matches!(written(r#"{"a":null}"#), Some([Some(Json::Null)])));
    assert!(matches!(written("{}"), Some([None])));
    assert!(written(r#"{"a":[],"a":[]}"#).is_none());
}

/// Parsers do not agree which of two counts (RFC 8725 §2.4).
#[test]
fn a_member_that_comes_twice_is_seen_also_where_one_is_absent() {
    for twice in [
        r#"{"a":null,"a":1}"#,
        r#"{"a":1,"a":null}"#,
        r#"{"a":null,"a":null}"#,
        r#"{"a":"","a":""}"#,
        r#"{"a":[],"a":1}"#,
        r#"{"a":1,"b":null,"\u0061":null}"#,
    ] {
        assert_eq!(members(twice), None, "{twice}");
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
    let exact = parse(r#"{"a":null}"#);
    assert!(matches!(exact, Json::Object(members) if members.len() == 1));
}
