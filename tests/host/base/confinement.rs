//! Whatever a caller sends: the target is below the base, and a pattern matches as it says.
//!
//! `PROPTEST_CASES=10000000 cargo test --release --test host confinement` runs until there were as many cases.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::oracles::confinement::assert_confined;
use crate::oracles::patterns::assert_matched;

/// How many cases, where `PROPTEST_CASES` does not say it.
const CASES: u32 = 2000;

fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    let is_set = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig { cases: if is_set { config.cases } else { CASES }, ..config }
}

const ORIGINS: [&str; 10] = [
    "https://graph.microsoft.com",
    "https://API.example:8443",
    "https://a.example:443",
    "http://localhost:80",
    "http://127.0.0.1:8080",
    "http://[::1]:9",
    "https://xn--bcher-kva.example",
    "https://a.example.",
    "https://user@a.example",
    "https://a.example:0",
];

/// What may stand in a path.
const HARMLESS: [&str; 24] = [
    "/", "/", "/", "a", "b", "users", "v1.0", "%20", "%C3%A9", "%2F", "%5c", "%25", "@", ":", "*",
    "('a')", "~", "//", "...", "..a", ";", "$", "[", "|",
];

/// What may lead out, and what parsers read in different ways.
const HOSTILE: [&str; 46] = [
    ".", "..", "%2e", "%2E", "%2e%2e", "%252e", "%25", "%", "2", "e", "2e", "2f", "5C", "25", "/",
    "%2f", "%252F", "%5c", "%255c", "\\", ";", "%3b", "?", "%3F", "#", "%23", "@", "//", ":",
    "%c0%ae", "%c0", "%ae", "%ff", "%00", "%0a", "%7f", "%25c0", " ", "\t", "\n", "{", "^", "`",
    "\"", "'", "<",
];

fn text(harmless: u32, hostile: u32, most: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        harmless => select(&HARMLESS[..]).prop_map(str::to_owned),
        hostile => select(&HOSTILE[..]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => any::<u8>().prop_map(|byte| format!("%{byte:02x}")),
    ];
    vec(piece, 0..most).prop_map(|pieces| pieces.concat())
}

fn path() -> impl Strategy<Value = String> {
    let behind = prop_oneof![2 => text(40, 8, 12), 2 => text(10, 10, 12), 1 => text(0, 20, 12)];
    (prop_oneof![12 => Just("/"), 1 => Just("")], behind)
        .prop_map(|(slash, text)| format!("{slash}{text}"))
}

fn base() -> impl Strategy<Value = String> {
    let folder = prop_oneof![
        6 => select(vec!["", "/", "/v1.0", "/v1.0/", "/a/b", "/a//", "/a%2Fb", "/{x}", "/x^y/", "/a@b", "//"])
            .prop_map(str::to_owned),
        1 => text(20, 2, 5),
    ];
    (select(&ORIGINS[..]), folder).prop_map(|(origin, folder)| format!("{origin}{folder}"))
}

fn pattern() -> impl Strategy<Value = String> {
    let segment = select(vec!["a", "b", "*", "**", "**", "%61", "", "a%2Fb", "%2A", "é"]);
    vec(segment, 1..7).prop_map(|segments| segments.join("/"))
}

fn matched_path() -> impl Strategy<Value = String> {
    let segment = select(vec![
        "a", "b", "", "%61", "a%2Fb", "a%252fb", "a%5Cb", "*", "**", "%C3%A9", "100%25",
    ]);
    vec(segment, 0..9).prop_map(|segments| {
        segments.iter().fold(String::new(), |path, segment| format!("{path}/{segment}"))
    })
}

/// What came of the cases: one that refuses all, or none, proves little.
static TARGETS: AtomicU32 = AtomicU32::new(0);

proptest! {
    #![proptest_config(config())]

    fn targets(base in base(), path in path(), query in text(20, 10, 6)) {
        if assert_confined(&base, &path, &query) {
            TARGETS.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_pattern_matches_as_the_table_says(pattern in pattern(), path in matched_path()) {
        assert_matched(&pattern, &path);
    }
}

#[test]
fn a_target_is_below_its_base_or_there_is_none() {
    targets();
    let (targets, cases) = (TARGETS.load(Ordering::Relaxed), config().cases);
    assert!((cases / 10..cases - cases / 10).contains(&targets), "{targets} of {cases}");
}
