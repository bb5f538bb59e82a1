//! A call of `getToken` by RPC: the first line is the client id of the binding, empty for none, the rest the argument as it
//! crosses into the wasm.

#![no_main]

use edge_token_broker_fuzz::called;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// The members of an argument. All but `minTtl` are texts.
const KNOWN: [&str; 8] = [
    "audience",
    "claims",
    "credential",
    "minTtl",
    "organization",
    "requestId",
    "resource",
    "scope",
];

/// Whether the argument has known members of the right types only.
fn is_well_formed(members: &Map<String, Value>) -> bool {
    members.iter().all(|(name, value)| {
        let is_typed = if name == "minTtl" { value.is_u64() } else { value.is_string() };
        KNOWN.contains(&name.as_str()) && is_typed
    })
}

fuzz_target!(|text: &str| {
    let Some((client_id, argument)) = text.split_once('\n') else { return };
    let seen = called((!client_id.is_empty()).then_some(client_id), argument);
    let answer: Value = serde_json::from_str(&seen.body).expect("JSON");
    if seen.status == 200 {
        assert_eq!(client_id, "reports", "nobody else may call");
        let members = serde_json::from_str::<Map<String, Value>>(argument).expect("an object");
        assert!(is_well_formed(&members));
        assert!(answer["token"].is_string() && answer["tokenType"] == "Bearer");
        assert!(answer["refreshAfterTimestamp"].as_u64() <= answer["expiresOnTimestamp"].as_u64());
    } else {
        assert!(answer["name"].is_string() && answer["message"].is_string());
        assert_eq!(answer["status"], seen.status);
        assert_eq!(seen.status == 401, client_id != "reports", "the argument proves nothing");
        if client_id != "reports" {
            assert!(seen.is_wrong_client());
        }
    }
});
