//! The pages: what is said of a client, a grant, an API.

use std::fmt::Write as _;

use edge_token_broker::config::{Api, ApiGrant, Client, Config, Credential, Fault, Grant};
use edge_token_broker::jwt::Trust;
use edge_token_broker::upstream::federation::Federated;
use edge_token_broker::upstream::proof::Proof;

use crate::FAULTY;

pub(crate) fn write_faults(page: &mut String, faults: &[Fault]) -> u8 {
    page.push_str("the configuration has faults, so every request is refused:\n");
    for fault in faults {
        line(page, format_args!("  {fault}"));
    }
    FAULTY
}

pub(crate) fn write_client(page: &mut String, client: &Client, proofs: Option<&Vec<String>>) {
    line(page, format_args!("client {}", client.id));
    for proof in proofs.into_iter().flatten() {
        line(page, format_args!("  proves itself by {proof}"));
    }
    for trust in &client.proofs.jwt {
        line(page, format_args!("    a JWT of {}{}", trust.issuer, pins(trust)));
    }
    for grant in &client.grants {
        line(page, format_args!("  may get {}", described(grant)));
    }
    if client.grants.is_empty() {
        page.push_str("  may get no token\n");
    }
    for grant in &client.apis {
        line(page, format_args!("  may send {}", sendable(grant)));
    }
}

/// What a client may send to an API.
fn sendable(ApiGrant { api, methods, paths }: &ApiGrant) -> String {
    let paths: Vec<_> = paths.iter().map(ToString::to_string).collect();
    let paths = if paths.is_empty() { "every path".to_owned() } else { paths.join(", ") };
    let methods = if methods.is_empty() { "GET, HEAD".to_owned() } else { methods.join(", ") };
    format!("{methods} to {paths} of API {}", api.name)
}

/// Where an API is, and what the broker adds to a request.
pub(crate) fn write_api(page: &mut String, api: &Api) {
    let Api { name, grant, header, prefix, .. } = api;
    // Without a path the target is the base itself, which has no fault.
    let base = api.base.resolve("", "").map(|target| target.url().to_owned()).unwrap_or_default();
    line(page, format_args!("API {name} is {base}"));
    line(page, format_args!("  gets {}", described(grant)));
    let behind = if prefix.is_empty() { String::new() } else { format!(", behind {prefix:?}") };
    line(page, format_args!("  in the header {header}{behind}"));
    let secs = api.first_byte_timeout.0 / 1000;
    let logged = if api.log_path { "; the log has its paths" } else { "" };
    line(page, format_args!("  has {secs} s for the first byte of an answer{logged}"));
}

/// What the applications of federated credentials have to trust.
pub(crate) fn write_federated(page: &mut String, config: &Config) {
    for credential in config.credentials() {
        for proof in credential.proofs() {
            let Proof::Federated(Federated { issuer, subject, audience }) = proof else { continue };
            let Credential { name, client_id, .. } = &**credential;
            line(
                page,
                format_args!(
                    "credential {name} is federated: application {client_id} has to have, to the letter\n  \
                     issuer {}\n  subject {subject}\n  audience {audience}",
                    issuer.url
                ),
            );
        }
    }
}

/// The claims that a JWT must have in addition to its issuer and audience, by name.
fn pins(trust: &Trust) -> String {
    let subject = trust.subject.as_ref().map(|_| "sub");
    let names: Vec<_> =
        subject.into_iter().chain(trust.claims.iter().map(|(name, _)| name.as_str())).collect();
    if names.is_empty() { String::new() } else { format!(", with {} pinned", names.join(", ")) }
}

pub(crate) fn described(grant: &Grant) -> String {
    let credential = &grant.credential;
    let warm = if grant.keep_warm { ", kept warm" } else { "" };
    let cae = if grant.capability { ", with the client capability (cae)" } else { "" };
    format!(
        "{} with credential {} (tenant {}, application {}){warm}{cae}",
        grant.scope.shown(),
        credential.name,
        credential.server.realm(),
        credential.client_id,
    )
}

pub(crate) fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // A write to a String does not fail.
    let _ = writeln!(page, "{text}");
}
