use edge_token_broker::base::percent::{decoded, fully_decoded, is_well_formed};

fn once(text: &str) -> Vec<u8> {
    decoded(text).collect()
}

#[test]
fn two_digits_in_either_case_are_a_byte() {
    assert_eq!(once("a%2Fb%2f%C3%A9"), "a/b/é".as_bytes());
    assert_eq!(once("%ff%00"), b"\xff\0");
    assert_eq!(once("%252e"), b"%2e");
}

#[test]
fn anything_else_stands_for_itself() {
    for text in ["%", "%2", "%zz", "100%", "%+1", "%é", "a%2", "%%"] {
        assert_eq!(once(text), text.as_bytes(), "{text}");
        assert!(!is_well_formed(text), "{text}");
    }
    assert_eq!(once("%%41"), b"%A");
    assert!(!is_well_formed("%%41"));
    assert!(is_well_formed("") && is_well_formed("a%41%fF"));
}

#[test]
fn fully_decoded_is_what_decoding_again_does_not_change() {
    for (text, expected) in [
        ("%252525252e", "."),
        ("%%32%65", "."),
        ("%2%35%32e", "."),
        ("%%%32%%65", "%%2%e"),
        ("100%25", "100%"),
        ("%25c3%25A9", "é"),
    ] {
        let mut levels = text.as_bytes().to_vec();
        for _ in 0..8 {
            levels = once(std::str::from_utf8(&levels).unwrap());
        }
        assert_eq!(fully_decoded(text.as_bytes()), expected.as_bytes(), "{text}");
        assert_eq!(levels, expected.as_bytes(), "{text}");
    }
}

#[test]
fn a_long_text_of_encoded_percent_signs_is_decoded_in_one_go() {
    let text = format!("%{}2e", "25".repeat(8000));
    assert_eq!(fully_decoded(text.as_bytes()), b".");
}
