//! The target of a proxied request: base, path and query, one a line.

#![no_main]

use edge_token_broker_fuzz::oracles::confinement::assert_confined;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (base, path, query) = (next(), next(), next());
    assert_confined(base, path, query);
    // As a caller writes it, behind a base that is one.
    assert_confined("https://graph.microsoft.com/v1.0", path, query);
    assert_confined("http://localhost:8080", &["/", path].concat(), query);
});
