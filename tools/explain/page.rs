//! The answer as a page for a person.

use std::fmt::{Arguments, Write as _};

use crate::answer::{
    Answer, ApiView, ClientView, FaultView, FederatedView, ProofView, RequestsView, TokenView,
};

/// The page of an answer.
pub(crate) fn page(answer: &Answer) -> String {
    let mut page = String::new();
    if !answer.faults.is_empty() {
        page.push_str("the configuration has faults, so every request is refused:\n");
        for FaultView { field, reason } in &answer.faults {
            line(&mut page, format_args!("  {field}: {reason}"));
        }
        return page;
    }
    if answer.allow_http {
        page.push_str("plain http is served (ALLOW_HTTP): TLS has to end before the broker\n");
    }
    match (&answer.reason, answer.error) {
        (Some(reason), None) => line(&mut page, format_args!("allowed: {reason}")),
        (Some(reason), Some(error)) => {
            line(&mut page, format_args!("refused: {reason} ({error})"));
        }
        (None, _) if answer.clients.is_empty() => page.push_str("no client may get this\n"),
        (None, _) => {}
    }
    for client in &answer.clients {
        write_client(&mut page, client);
    }
    for api in &answer.apis {
        write_api(&mut page, api);
    }
    for federated in &answer.federated {
        write_federated(&mut page, federated);
    }
    page
}

fn write_client(page: &mut String, client: &ClientView) {
    line(page, format_args!("client {}", client.id));
    for ProofView { field, listed } in &client.proofs {
        let listed = listed.map(|number| format!(" ({number} listed)")).unwrap_or_default();
        line(page, format_args!("  proves itself by {field}{listed}"));
    }
    for issuer in &client.issuers {
        let pinned = issuer.pinned.join(", ");
        let pins =
            if pinned.is_empty() { String::new() } else { format!(", with {pinned} pinned") };
        line(page, format_args!("    a JWT of {}{pins}", issuer.issuer));
    }
    for token in &client.tokens {
        line(page, format_args!("  may get {}", described(token)));
    }
    if client.tokens.is_empty() {
        page.push_str("  may get no token\n");
    }
    for requests in &client.requests {
        line(page, format_args!("  may send {}", sendable(requests)));
    }
    if let Some(without) = &client.without_scope {
        let credential = &without.credential;
        let refused = without.refused.as_ref().map(|error| format!("refused, {error}"));
        let answer = without.scope.clone().or(refused).unwrap_or_default();
        line(page, format_args!("  a request without a scope, credential {credential}: {answer}"));
    }
}

/// What a client may send to an API.
fn sendable(RequestsView { api, methods, paths }: &RequestsView) -> String {
    let paths = if paths.is_empty() { "every path".to_owned() } else { paths.join(", ") };
    format!("{} to {paths} of API {api}", methods.join(", "))
}

fn write_api(page: &mut String, api: &ApiView) {
    let ApiView { name, base, header, prefix, first_byte_timeout, .. } = api;
    line(page, format_args!("API {name} is {base}"));
    line(page, format_args!("  gets {}", described(&api.token)));
    let behind = if prefix.is_empty() { String::new() } else { format!(", behind {prefix:?}") };
    line(page, format_args!("  in the header {header}{behind}"));
    let logged = if api.log_path { "; the log has its paths" } else { "" };
    line(
        page,
        format_args!("  has {first_byte_timeout} s for the first byte of an answer{logged}"),
    );
}

fn write_federated(page: &mut String, federated: &FederatedView) {
    let FederatedView { credential, application, issuer, subject, audience } = federated;
    line(
        page,
        format_args!(
            "credential {credential} is federated: application {application} has to have, to the letter\n  \
             issuer {issuer}\n  subject {subject}\n  audience {audience}"
        ),
    );
}

pub(crate) fn described(token: &TokenView) -> String {
    let TokenView { scope, credential, tenant, application, .. } = token;
    let warm = if token.keep_warm { ", kept warm" } else { "" };
    let cae = if token.cae { ", with the client capability (cae)" } else { "" };
    format!(
        "{scope} with credential {credential} (tenant {tenant}, application {application}){warm}{cae}"
    )
}

fn line(page: &mut String, text: Arguments<'_>) {
    // A write to a String does not fail.
    let _ = writeln!(page, "{text}");
}
