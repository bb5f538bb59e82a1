//! Scopes (RFC 6749 §3.3).

use edge_token_broker::oauth::scope::ScopeSet;

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
