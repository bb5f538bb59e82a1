//! A configuration whose credential has no secret: the broker is its own issuer.

use super::bindings::Vars;
use super::keys::fixture;
use super::world::vars;

pub(crate) const ISSUER: &str = "https://broker.example";

/// `default` in `CREDENTIALS`, with these fields of `federated`.
pub(crate) fn credential(federated: &str) -> String {
    format!(r#"{{"default":{{"tenant":"t","client_id":"app","federated":{federated}}}}}"#)
}

/// The client `c` may get a token of a federated credential.
pub(crate) fn federated() -> Vars {
    vars()
        .with("AZ_TENANT", "")
        .with("AZ_CLIENT_ID", "")
        .with("AZ_CLIENT_SECRET", "")
        .with("CREDENTIALS", &credential(r#"{"subject":"graph"}"#))
        .with("ISSUER", ISSUER)
        .with("ISSUER_KEY", &fixture("rsa2048.pem"))
}
