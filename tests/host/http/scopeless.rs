//! Which grant a request without a scope means, and grants without a scope.

use std::rc::Rc;

use edge_token_broker::config::{AcceptedProofs, Client, Config, Grant};
use edge_token_broker::error::BrokerError;
use edge_token_broker::grants::{CredentialName, GrantRequest, authorize};
use edge_token_broker::oauth::scope::ScopeSet;

use crate::support::world::vars;

const NONE: &str = "";

/// A client with these grants: name of the credential, and scope.
fn client(config: &Config, grants: &[(&str, &str)]) -> Client {
    let grant = |(name, scope): &(&str, &str)| {
        let credential = config.credential(name).unwrap();
        Rc::new(Grant::new(credential, ScopeSet::of_grant(scope).unwrap(), false, false))
    };
    let grants = grants.iter().map(grant).collect();
    let (proofs, origins) = (AcceptedProofs::default(), Vec::new());
    Client { id: "c".to_owned(), proofs, origins, grants, apis: Vec::new(), fault: None }
}

/// What a request gets: credential and scope.
fn asked(
    grants: &[(&str, &str)],
    credential: &str,
    scope: Option<&str>,
) -> Result<(String, String), BrokerError> {
    let others = r#"{"other":{"tenant":"o","client_id":"app","client_secret":"OTHER"}}"#;
    let config = Config::parse(&vars().with("CREDENTIALS", others).with("OTHER", "s")).unwrap();
    let scope = scope.map(|scope| ScopeSet::parse(scope).unwrap());
    let credential = credential.to_owned();
    let request = GrantRequest {
        credential: CredentialName::OrTenant(credential),
        scope,
        targets: Vec::new(),
        capability: false,
    };
    let grant = authorize(&config, &client(&config, grants), &request)?;
    Ok((grant.credential.name.clone(), grant.scope.as_str().to_owned()))
}

fn granted(credential: &str, scope: &str) -> (String, String) {
    (credential.to_owned(), scope.to_owned())
}

#[test]
fn it_is_the_only_grant_of_that_credential() {
    let grants = [("default", "a"), ("other", "b")];
    assert_eq!(asked(&grants, "default", None), Ok(granted("default", "a")));
    assert_eq!(asked(&grants, "other", None), Ok(granted("other", "b")));
    let grants = [("default", "a"), ("other", "b"), ("other", "c")];
    assert_eq!(asked(&grants, "default", None), Ok(granted("default", "a")));
    assert_eq!(asked(&grants, "other", None), Err(BrokerError::ScopeMissing));
    assert_eq!(asked(&grants[..1], "other", None), Err(BrokerError::CredentialNotGranted));
}

#[test]
fn it_is_the_grant_without_a_scope_where_there_is_one() {
    let grants = [("other", "a"), ("other", NONE), ("default", "b"), ("default", "c")];
    assert_eq!(asked(&grants, "other", None), Ok(granted("other", NONE)));
    assert_eq!(asked(&grants, "other", Some("a")), Ok(granted("other", "a")));
    assert_eq!(asked(&grants, "default", None), Err(BrokerError::ScopeMissing));
}

#[test]
fn a_grant_without_a_scope_is_for_no_scope_at_all() {
    let grants = [("other", NONE)];
    assert_eq!(asked(&grants, "other", None), Ok(granted("other", NONE)));
    assert_eq!(asked(&grants, "other", Some("a")), Err(BrokerError::ScopeNotGranted));
}

#[test]
fn no_scope_is_another_token_than_any_scope() {
    let config = Config::parse(&vars()).unwrap();
    let [none, some] = [NONE, "s"].map(|scope| {
        let client = client(&config, &[("default", scope)]);
        (client.grants[0].token_key, client.grants[0].scope.shown().to_owned())
    });
    assert_ne!(none.0, some.0);
    assert_eq!((none.1.as_str(), some.1.as_str()), ("no scope", "s"));
    assert!(ScopeSet::parse("").is_err() && ScopeSet::of_grant(" ").is_err());
}
