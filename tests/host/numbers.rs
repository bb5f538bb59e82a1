//! The numbers of the JavaScript agree with those of the Rust, and all stand in one file.

use std::collections::BTreeMap;
use std::fs;

use edge_token_broker::base::limits::{
    COORDINATOR_TIMEOUT, OBJECT_MESSAGE_MAX_BYTES, REPEATED_BODY_MAX_BYTES, REQUEST_BODY_MAX_BYTES,
    REQUEST_ID_MAX_CHARS,
};

use crate::architecture::{crate_folder, sources};

/// Numbers that need no name: none, one, two, and the statuses that the JavaScript answers with.
const PLAIN: [&str; 5] = ["0", "1", "2", "413", "500"];

/// Numbers of a standard, each in the file that quotes it: the salt of PS256 (RFC 7518 §3.5).
const OF_STANDARDS: [(&str, &str); 2] = [("proxy.mjs", "401"), ("signature.mjs", "32")];

/// The constants of `limits.mjs`: products of whole numbers.
fn limits() -> BTreeMap<String, u64> {
    let text = fs::read_to_string(crate_folder("src/adapters/limits.mjs")).unwrap();
    let constants = text.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("export const ")?.split_once(" = ")?;
        let factors = value.strip_suffix(';')?.split(" * ");
        let number = factors.map(|factor| factor.replace('_', "").parse::<u64>().unwrap());
        Some((name.to_owned(), number.product()))
    });
    constants.collect()
}

/// The code of a script: without comments and without what stands in quotation marks or slashes.
fn code(script: &str) -> String {
    let (mut code, mut rest) = (String::new(), script);
    while let Some(first) = rest.chars().next() {
        let end = |opening: usize, closing: &str| {
            rest[opening..].find(closing).map_or(rest.len(), |at| opening + at + closing.len())
        };
        let skipped = match first {
            '/' if rest.starts_with("//") => end(2, "\n"),
            '/' if rest.starts_with("/*") => end(2, "*/"),
            '"' => end(1, "\""),
            '`' => end(1, "`"),
            // A regular expression stands where a value is expected.
            '/' if code.trim_end().ends_with(['(', '=', ',', '&', '|']) => end(1, "/"),
            _ => 0,
        };
        if skipped == 0 {
            code.push(first);
        }
        rest = &rest[skipped.max(first.len_utf8())..];
    }
    code
}

/// The numbers in `script` that need a name.
fn numbers(script: &str) -> Vec<String> {
    let code = code(script);
    let words = code.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$')));
    let numbers = words.map(|word| word.trim_matches('.'));
    let is_number = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    numbers.filter(is_number).filter(|word| !PLAIN.contains(word)).map(str::to_owned).collect()
}

#[test]
fn the_numbers_of_the_javascript_are_those_of_the_rust() {
    let limits = limits();
    assert_eq!(limits["REPEATED_BODY_MAX"], REPEATED_BODY_MAX_BYTES as u64);
    assert_eq!(limits["REQUEST_BODY_MAX"], REQUEST_BODY_MAX_BYTES as u64);
    assert_eq!(limits["OBJECT_MESSAGE_MAX"], OBJECT_MESSAGE_MAX_BYTES as u64);
    assert_eq!(limits["REQUEST_ID_MAX"], REQUEST_ID_MAX_CHARS as u64);
    assert!(limits["MEMORY_CHECK_MS"] > COORDINATOR_TIMEOUT.0, "a healthy wait is not interrupted");
}

#[test]
fn no_other_number_stands_in_the_javascript() {
    for file in sources(&crate_folder("src/adapters"), "mjs") {
        if file.ends_with("limits.mjs") {
            continue;
        }
        let mut found = numbers(&fs::read_to_string(&file).unwrap());
        found.retain(|n| {
            !OF_STANDARDS.iter().any(|(in_file, of)| file.ends_with(in_file) && n == of)
        });
        assert_eq!(found, Vec::<String>::new(), "{}", file.display());
    }
}

#[test]
fn a_number_is_seen_wherever_it_stands_in_code() {
    let script = r#"
// 3 in a comment, and /* 4 */ in another
const a1 = "5" + `6 ${x}`; /* 7
8 */ f(/9{10}/, b2.c3, 11);
setTimeout(resolve, 12_000); x = y / 13; z = [0, 1, 2, 500, 0x14, 1.5];
"#;
    assert_eq!(numbers(script), ["11", "12_000", "13", "0x14", "1.5"]);
}
