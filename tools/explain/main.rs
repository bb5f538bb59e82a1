//! Says from the configuration alone which client may get which token or send what to which API, and why
//! not. It runs the Worker's own parser and decision on the host. `npm run explain` runs it.
//!
//! Standard input is JSON: `bindings` by name, each `{"text": …}`, `{"json": …}` (the JSON text of a
//! table) or `{"unseen": true}` (a secret that is set), and, optional, `client`; for a token `credential`
//! and `scope`; for a request `api`, `method` and `path`. The exit code is 0 for allowed, 1 for refused, 2
//! for a configuration or an input with faults.

mod page;
mod vars;

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::rc::Rc;

use edge_token_broker::base::json::Json;
use edge_token_broker::config::{
    Api, Binding, Bindings, Client, Config, DEFAULT_CREDENTIAL, Grant,
};
use edge_token_broker::error::{BrokerError, PresentedIn};
use edge_token_broker::grants::{CredentialName, GrantRequest, authorize, permit};
use edge_token_broker::oauth::scope::ScopeSet;

use page::{described, line, write_api, write_client, write_faults, write_federated};
use vars::{Proofs, Vars};

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
        // cli/commands/explain.mjs is of another version.
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
    subject: Subject,
}

/// What is asked about.
enum Subject {
    All,
    /// The token with this scope.
    Token(String),
    /// Requests to an API. With neither a method nor a path, any.
    Api {
        name: String,
        method: Option<String>,
        path: Option<String>,
    },
}

impl Question {
    fn parse(input: &[u8]) -> Option<Self> {
        let names = ["bindings", "client", "credential", "scope", "api", "method", "path"];
        let [bindings, texts @ ..] = Json::parse(input).ok()?.into_members(names)?;
        let texts = texts.map(|text| text.and_then(Json::into_text));
        let [client, credential, scope, api, method, path] = texts;
        let subject = match (scope, api) {
            (None, None) => Subject::All,
            (Some(scope), None) => Subject::Token(scope),
            (None, Some(name)) => Subject::Api { name, method, path },
            (Some(_), Some(_)) => return None,
        };
        // As for a request without the parameter.
        let credential = credential.unwrap_or_else(|| DEFAULT_CREDENTIAL.to_owned());
        Some(Self { vars: Vars::parse(bindings?)?, client, credential, subject })
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
        match &self.client {
            None => self.write_table(page, &config, &proofs),
            Some(id) => match config.client(id) {
                Some(client) => self.write_client(page, &config, client, &proofs),
                None => self.write_unknown(page),
            },
        }
    }

    fn write_unknown(&self, page: &mut String) -> u8 {
        let error = BrokerError::InvalidClient(PresentedIn::Nothing);
        let registry = !matches!(self.vars.binding("REGISTRY"), Binding::Absent);
        let unseen = if registry { "; the registry is not looked at" } else { "" };
        line(page, format_args!("refused: CLIENTS has no such client{unseen} ({})", error.name()));
        REFUSED
    }

    /// The decision, if there is one to make, and what else the client may.
    fn write_client(
        &self,
        page: &mut String,
        config: &Config,
        client: &Client,
        proofs: &Proofs,
    ) -> u8 {
        let is_all = matches!(self.subject, Subject::All);
        let code = if is_all { ALLOWED } else { self.write_decision(page, config, client) };
        write_client(page, client, proofs.get(&client.id));
        if is_all && !client.grants.is_empty() {
            self.write_without_scope(page, config, client);
        }
        for api in
            config.apis().filter(|api| client.apis.iter().any(|grant| Rc::ptr_eq(&grant.api, api)))
        {
            if is_all || self.is_about(api) {
                write_api(page, api);
            }
        }
        code
    }

    fn is_about(&self, api: &Api) -> bool {
        matches!(&self.subject, Subject::Api { name, .. } if *name == api.name)
    }

    /// The Worker's own decision for a client that has proved its identity, and what it is allowed.
    fn decide(&self, config: &Config, client: &Client) -> Result<String, BrokerError> {
        match &self.subject {
            Subject::All => Ok(String::new()),
            Subject::Token(scope) => {
                let grant = self.token(config, client, Some(ScopeSet::parse(scope)?))?;
                Ok(format!("by the grant {}", described(&grant)))
            }
            Subject::Api { name, method: None, path: None } => {
                let granted = client.apis.iter().any(|grant| grant.api.name == *name);
                let allowed = granted.then(|| "as below".to_owned());
                allowed.ok_or(BrokerError::ApiNotGranted)
            }
            Subject::Api { name, method, path } => {
                let method = method.as_deref().unwrap_or("GET");
                let path = match path.as_deref().unwrap_or_default() {
                    path if path.is_empty() || path.starts_with('/') => path.to_owned(),
                    path => format!("/{path}"),
                };
                let (path, query) = path.split_once('?').unwrap_or((&path, ""));
                let api = config.api(name).ok_or(BrokerError::ApiNotGranted)?;
                let target = api.base.resolve(path, query);
                permit(client, api, method, &target)?;
                Ok(format!("it sends {method} {}", target?.url()))
            }
        }
    }

    fn token(
        &self,
        config: &Config,
        client: &Client,
        scope: Option<ScopeSet>,
    ) -> Result<Rc<Grant>, BrokerError> {
        let credential = CredentialName::OrTenant(self.credential.clone());
        let request = GrantRequest { credential, scope, targets: Vec::new(), capability: false };
        authorize(config, client, &request)
    }

    fn write_decision(&self, page: &mut String, config: &Config, client: &Client) -> u8 {
        match self.decide(config, client) {
            Ok(how) => {
                line(page, format_args!("allowed: {how}"));
                ALLOWED
            }
            Err(error) => {
                line(page, format_args!("refused: {error} ({})", error.name()));
                REFUSED
            }
        }
    }

    fn write_without_scope(&self, page: &mut String, config: &Config, client: &Client) {
        let granted = self.token(config, client, None);
        let answer = match &granted {
            Ok(grant) => grant.scope.shown().to_owned(),
            Err(error) => format!("refused, {error}"),
        };
        let credential = &self.credential;
        line(page, format_args!("  a request without a scope, credential {credential}: {answer}"));
    }

    /// Every client that may do what is in question, or all clients, on one page for an auditor.
    fn write_table(&self, page: &mut String, config: &Config, proofs: &Proofs) -> u8 {
        let clients = proofs.keys().filter_map(|id| config.client(id));
        let mut code = REFUSED;
        for client in clients.filter(|client| self.decide(config, client).is_ok()) {
            write_client(page, client, proofs.get(&client.id));
            code = ALLOWED;
        }
        if code == REFUSED {
            page.push_str("no client may get this\n");
        }
        let is_all = matches!(self.subject, Subject::All);
        for api in config.apis().filter(|api| is_all || self.is_about(api)) {
            write_api(page, api);
        }
        if is_all {
            write_federated(page, config);
        }
        code
    }
}
