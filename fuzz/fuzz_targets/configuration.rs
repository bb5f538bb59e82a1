//! The Worker's vars: `NAME=text` or `NAME:=json`, one a line.

#![no_main]

use std::rc::Rc;

use edge_token_broker::base::json::Json;
use edge_token_broker::config::{Binding, Bindings, Config};
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::tokens::coordinator::message::TokenId;
use edge_token_broker_fuzz::{SECRET, Vars, assert_has_no_secret};
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret;

/// Deeper than any field is, and each part of a path is bounded.
const FAULT_MAX_BYTES: usize = 1024;

fn has_an_entry_twice(vars: &Vars<'_>, name: &str) -> bool {
    let text = match vars.binding(name) {
        Binding::Absent | Binding::Stored | Binding::Unseen => return false,
        Binding::Text(text) => text.expose_secret().to_owned(),
        Binding::Json(text) => text,
    };
    let Ok(Json::Object(entries)) = Json::parse(text.as_bytes()) else { return false };
    // Requests name a credential in any case. People confuse the names of APIs.
    let in_one_case = |text: String| match name {
        "CREDENTIALS" | "APIS" => text.to_ascii_lowercase(),
        _ => text,
    };
    let mut names: Vec<_> = entries.into_iter().map(|(name, _)| in_one_case(name)).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    names.len() < all
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|b| (0x20..=0x7e).contains(&b))
}

fn is_sound(config: &Config) {
    for grant in config.grants() {
        assert_eq!(ScopeSet::parse(grant.scope.as_str()).as_ref(), Ok(&grant.scope));
        assert!(config.credential(&grant.credential.name).is_some());
        let again = TokenId::of(grant).grant(config).expect("a grant finds itself again");
        assert_eq!(again.token_key, grant.token_key);
        assert!(again.keep_warm || !grant.keep_warm);
    }
    for api in config.apis() {
        let base = api.base.resolve("", "").expect("a base is a target");
        assert!(base.url().starts_with(api.base.origin().as_str()));
        assert!(config.api(&api.name).is_some_and(|found| Rc::ptr_eq(found, api)));
        assert!(!api.header.is_empty() && !api.header.bytes().any(|b| b.is_ascii_uppercase()));
        assert!([&api.name, &api.header, &api.prefix].iter().all(|text| is_printable(text)));
    }
    for client in config.clients() {
        assert!(!client.grants.is_empty() || !client.apis.is_empty());
        for grant in &client.apis {
            assert!(config.apis().any(|api| Rc::ptr_eq(api, &grant.api)));
            assert!(!grant.permits_method("TRACE"));
        }
    }
    let warm = config.kept_warm();
    let same = |a: usize, b: usize| a != b && warm[a].token_key == warm[b].token_key;
    assert!((0..warm.len()).all(|a| (0..warm.len()).all(|b| !same(a, b))), "one for each token");
    assert_has_no_secret(&format!("{config:?}"));
}

fuzz_target!(|text: &str| {
    // Field names are told, and the fuzzer reads comparisons: it would make a name of the secret.
    if text.contains(SECRET) {
        return;
    }
    let vars = Vars(text);
    match Config::parse(&vars) {
        Ok(config) => {
            assert!(
                !["APIS", "CLIENTS", "CREDENTIALS"]
                    .iter()
                    .any(|name| has_an_entry_twice(&vars, name))
            );
            is_sound(&config);
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "a refusal says why");
            assert!(faults.len() <= text.len() + 8);
            for fault in faults {
                let line = fault.to_string();
                assert!(line.len() <= FAULT_MAX_BYTES && line.is_ascii());
                assert!(!line.contains(char::is_control), "fit for a log");
                assert_has_no_secret(&line);
            }
        }
    }
});
