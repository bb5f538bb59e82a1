//! A valid configuration to start from, and its faults as text.

use edge_token_broker::config::Config;

use super::bindings::Vars;

pub(crate) const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
pub(crate) const GRAPH: &str = "https://graph.microsoft.com/.default";
/// SHA-256 of `key`.
pub(crate) const DIGEST: &str = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";

pub(crate) fn clients() -> String {
    format!(
        r#"{{"reports":{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"default","scope":"{GRAPH}"}}]}}}}"#
    )
}

pub(crate) fn valid() -> Vars {
    Vars::of(&[
        ("AZ_TENANT", TENANT),
        ("AZ_CLIENT_ID", "app"),
        ("AZ_CLIENT_SECRET", "s3cret"),
        ("CLIENTS", &clients()),
    ])
}

pub(crate) fn faults(vars: &Vars) -> Vec<String> {
    Config::parse(vars)
        .map_or_else(|faults| faults.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

#[track_caller]
pub(crate) fn assert_faults(vars: &Vars, expected: &[&str]) {
    assert_eq!(faults(vars), expected);
}
