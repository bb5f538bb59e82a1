//! The configuration of a world.

use std::collections::BTreeMap;

use edge_token_broker::config::{Binding, Bindings, Config};

use super::signing::{Signing, certificate};

struct Vars(BTreeMap<&'static str, String>);

impl Bindings for Vars {
    fn binding(&self, name: &str) -> Binding {
        self.0.get(name).map_or(Binding::Absent, |text| Binding::Text(text.clone().into()))
    }
}

/// Grants `2i` and `2i + 1` have the same scope, each with one of the two credentials.
pub(crate) fn config(
    grants: usize,
    [secret, mut other_secret]: [String; 2],
    signing: Signing,
) -> Config {
    let allow: Vec<_> = (0..grants)
        .map(|grant| {
            let credential = if grant % 2 == 0 { "default" } else { "other" };
            let scope = grant / 2;
            format!(r#"{{"credential":"{credential}","scope":"s{scope}"}}"#)
        })
        .collect();
    let digest = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";
    let allow = allow.join(",");
    let clients = format!(r#"{{"c":{{"key_sha256":["{digest}"],"allow":[{allow}]}}}}"#);
    let mut proof = "client_secret";
    if signing.by_certificate {
        (proof, other_secret) = ("certificate", certificate(other_secret.ends_with("new")));
    }
    let other =
        format!(r#"{{"other":{{"tenant":"t","client_id":"app-other","{proof}":"OTHER"}}}}"#);
    let vars = [
        ("AZ_TENANT", "t".to_owned()),
        ("AZ_CLIENT_ID", "app".to_owned()),
        ("AZ_CLIENT_SECRET", secret),
        ("OTHER", other_secret),
        ("CREDENTIALS", other),
        ("CLIENTS", clients),
    ];
    Config::parse(&Vars(vars.into())).unwrap()
}
