//! Says from the configuration alone which client may get which token, and why not. It runs the
//! Worker's own parser and decision on the host. `npm run explain` runs it.
//!
//! Standard input is JSON: `bindings` by name, each `{"text": …}`, `{"json": …}` (the JSON text of a
//! table) or `{"unseen": true}` (a secret that is set), and, optional, `client`, `credential` and `scope`. The exit code is 0 for allowed,
//! 1 for refused, 2 for a configuration or an input with faults.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::rc::Rc;

use edge_token_broker::base::json::Json;
use edge_token_broker::config::{
    Binding, Bindings, Client, Config, Credential, DEFAULT_CREDENTIAL, Fault, Grant,
};
use edge_token_broker::error::{BrokerError, PresentedIn};
use edge_token_broker::grants::{CredentialName, GrantRequest, authorize};
use edge_token_broker::jwt::Trust;
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::upstream::federation::Federated;
use edge_token_broker::upstream::proof::Proof;
use secrecy::ExposeSecret;

const ALLOWED: u8 = 0;
const REFUSED: u8 = 1;
const FAULTY: u8 = 2;

fn main() -> ExitCode {
    let mut input = Vec::new();
    let read = io::stdin().read_to_end(&mut input);
    let question = read.ok().and_then(|_| Question::parse(&input));
    let mut page = String::new();
    let code = if let Some(question) = question {
        question.answer(&mut page)
    } else {
        // scripts/explain.mjs is of another version.
        page.push_str("the input is not a question\n");
        FAULTY
    };
    match io::stdout().write_all(page.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::from(FAULTY),
    }
}

/// The question, and the configuration that answers it.
struct Question {
    vars: Vars,
    client: Option<String>,
    credential: String,
    scope: Option<String>,
}

impl Question {
    fn parse(input: &[u8]) -> Option<Self> {
        let names = ["bindings", "client", "credential", "scope"];
        let [bindings, client, credential, scope] = Json::parse(input).ok()?.into_members(names)?;
        let credential = credential.and_then(Json::into_text);
        Some(Self {
            vars: Vars::parse(bindings?)?,
            client: client.and_then(Json::into_text),
            // As for a request without the parameter.
            credential: credential.unwrap_or_else(|| DEFAULT_CREDENTIAL.to_owned()),
            scope: scope.and_then(Json::into_text),
        })
    }

    /// Writes the answer to `page`.
    fn answer(self, page: &mut String) -> u8 {
        let config = match Config::parse(&self.vars) {
            Ok(config) => config,
            Err(faults) => return write_faults(page, &faults),
        };
        if config.allow_http {
            page.push_str("plain http is served (ALLOW_HTTP): TLS has to end before the broker\n");
        }
        let proofs = self.vars.proofs();
        let Some(id) = &self.client else {
            let code = self.write_table(page, &config, &proofs);
            if self.scope.is_none() {
                write_federated(page, &config);
            }
            return code;
        };
        let Some(client) = config.client(id) else {
            let error = BrokerError::InvalidClient(PresentedIn::Nothing);
            let registry = !matches!(self.vars.binding("REGISTRY"), Binding::Absent);
            let unseen = if registry { "; the registry is not looked at" } else { "" };
            line(
                page,
                format_args!("refused: CLIENTS has no such client{unseen} ({})", error.name()),
            );
            return REFUSED;
        };
        let code = match &self.scope {
            Some(_) => self.write_decision(page, &config, client),
            None => ALLOWED,
        };
        write_client(page, client, proofs.get(id));
        if self.scope.is_none() {
            self.write_without_scope(page, &config, client);
        }
        code
    }

    /// The Worker's own decision for a client that has proved its identity.
    fn decide(&self, config: &Config, client: &Client) -> Result<Rc<Grant>, BrokerError> {
        let scope = self.scope.as_deref().map(ScopeSet::parse).transpose()?;
        let credential = self.credential.clone();
        let request = GrantRequest {
            credential: CredentialName::OrTenant(credential),
            scope,
            targets: Vec::new(),
            capability: false,
        };
        authorize(config, client, &request)
    }

    fn write_decision(&self, page: &mut String, config: &Config, client: &Client) -> u8 {
        match self.decide(config, client) {
            Ok(grant) => {
                line(page, format_args!("allowed: by the grant {}", described(&grant)));
                ALLOWED
            }
            Err(error) => {
                line(page, format_args!("refused: {error} ({})", error.name()));
                REFUSED
            }
        }
    }

    fn write_without_scope(&self, page: &mut String, config: &Config, client: &Client) {
        let credential = &self.credential;
        match self.decide(config, client) {
            Ok(grant) => line(
                page,
                format_args!(
                    "  a request without a scope, credential {credential}: {}",
                    grant.scope.shown()
                ),
            ),
            Err(error) => line(
                page,
                format_args!(
                    "  a request without a scope, credential {credential}: refused, {error}"
                ),
            ),
        }
    }

    /// Every client that may get the token in question, or all clients, on one page for an auditor.
    fn write_table(&self, page: &mut String, config: &Config, proofs: &Proofs) -> u8 {
        let clients = proofs.keys().filter_map(|id| config.client(id));
        let mut code = REFUSED;
        for client in clients {
            if self.scope.is_none() || self.decide(config, client).is_ok() {
                write_client(page, client, proofs.get(&client.id));
                code = ALLOWED;
            }
        }
        if code == REFUSED {
            page.push_str("no client may get this\n");
        }
        code
    }
}

fn write_faults(page: &mut String, faults: &[Fault]) -> u8 {
    page.push_str("the configuration has faults, so every request is refused:\n");
    for fault in faults {
        line(page, format_args!("  {fault}"));
    }
    FAULTY
}

fn write_client(page: &mut String, client: &Client, proofs: Option<&Vec<String>>) {
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
}

/// What the applications of federated credentials have to trust.
fn write_federated(page: &mut String, config: &Config) {
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

fn described(grant: &Grant) -> String {
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

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // A write to a String does not fail.
    let _ = writeln!(page, "{text}");
}

/// The proofs that each client lists, by client id.
type Proofs = BTreeMap<String, Vec<String>>;

/// The Worker's bindings, as its JavaScript hands them out.
struct Vars(BTreeMap<String, Binding>);

impl Vars {
    fn parse(bindings: Json) -> Option<Self> {
        let Json::Object(entries) = bindings else { return None };
        let mut vars = BTreeMap::new();
        for (name, value) in entries {
            let [text, json, unseen] = value.into_members(["text", "json", "unseen"])?;
            let binding = match (text.and_then(Json::into_text), json.and_then(Json::into_text)) {
                (None, None) if unseen.is_some() => Binding::Unseen,
                // An empty text is no text, here and for the Worker.
                (None, None) => Binding::Absent,
                (Some(text), None) => Binding::Text(text.into()),
                (None, Some(json)) => Binding::Json(json),
                _ => return None,
            };
            vars.insert(name, binding);
        }
        Some(Self(vars))
    }

    /// Read from the table itself, which [`Config::parse`] has accepted. An entry has `allow`, and
    /// otherwise only proofs and their fields.
    fn proofs(&self) -> Proofs {
        let text = match self.binding("CLIENTS") {
            Binding::Text(text) => text.expose_secret().to_owned(),
            Binding::Json(text) => text,
            _ => return Proofs::new(),
        };
        let Ok(Json::Object(clients)) = Json::parse(text.as_bytes()) else {
            return Proofs::new();
        };
        clients.into_iter().map(|(id, entry)| (id, ways(entry))).collect()
    }
}

impl Bindings for Vars {
    fn binding(&self, name: &str) -> Binding {
        self.0.get(name).cloned().unwrap_or(Binding::Absent)
    }
}

fn ways(entry: Json) -> Vec<String> {
    let Json::Object(fields) = entry else { return Vec::new() };
    fields
        .into_iter()
        .filter(|(name, _)| !matches!(name.as_str(), "allow" | "origins"))
        .filter(|(_, value)| !matches!(value, Json::Bool(false)))
        .map(|(name, value)| match value {
            Json::List(items) => format!("{name} ({} listed)", items.len()),
            _ => name,
        })
        .collect()
}
