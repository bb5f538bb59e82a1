//! The fields of a proxied request: `Connection`, then the names. As the platform does, in lower case.

#![no_main]

use edge_token_broker_fuzz::oracles::fields::assert_stripped;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (connection, names) = text.split_once('\n').unwrap_or((text, ""));
    let names = names.to_ascii_lowercase();
    assert_stripped(&names, Some(connection));
    assert_stripped(&names, None);
});
