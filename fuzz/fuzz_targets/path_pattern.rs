//! Path patterns: the pattern, then a path.

#![no_main]

use edge_token_broker_fuzz::oracles::patterns::assert_matched;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (pattern, path) = text.split_once('\n').unwrap_or((text, ""));
    assert_matched(pattern, path);
});
