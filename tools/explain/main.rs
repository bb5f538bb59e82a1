//! Says from the configuration alone which client may get which token or send what to which API, and why
//! not. It runs the Worker's own parser and decision on the host. `npm run explain` runs it.
//!
//! Standard input is JSON: `bindings` by name, each `{"text": …}`, `{"json": …}` (the JSON text of a
//! table) or `{"unseen": true}` (a secret that is set), and, optional, `client`; for a token `credential`
//! and `scope`; for a request `api`, `method` and `path`; with `format` = `json` the answer is JSON. The exit
//! code is 0 for allowed, 1 for refused, 2 for a configuration or an input with faults.

mod answer;
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

use answer::{Answer, ApiView, ClientView, FederatedView, TokenView, WithoutScope};
use page::{described, page};
use vars::{Proofs, Vars};

const ALLOWED: u8 = 0;
const REFUSED: u8 = 1;
const FAULTY: u8 = 2;

fn main() -> ExitCode {
    let mut input = Vec::new();
    let read = io::stdin().read_to_end(&mut input);
    let question = read.ok().and_then(|_| Question::parse(&input));
    let (code, text) = match question {
        Some(question) => question.answered(),
        // cli/commands/explain.mjs is of another version.
        None => (FAULTY, "the input is not a question\n".to_owned()),
    };
    match io::stdout().write_all(text.as_bytes()) {
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
    is_for_program: bool,
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
        let names =
            ["bindings", "client", "credential", "scope", "api", "method", "path", "format"];
        let [bindings, texts @ ..] = Json::parse(input).ok()?.into_members(names)?;
        let texts = texts.map(|text| text.and_then(Json::into_text));
        let [client, credential, scope, api, method, path, format] = texts;
        let subject = match (scope, api) {
            (None, None) => Subject::All,
            (Some(scope), None) => Subject::Token(scope),
            (None, Some(name)) => Subject::Api { name, method, path },
            (Some(_), Some(_)) => return None,
        };
        // As for a request without the parameter.
        let credential = credential.unwrap_or_else(|| DEFAULT_CREDENTIAL.to_owned());
        let is_for_program = format.is_some_and(|format| format == "json");
        Some(Self { vars: Vars::parse(bindings?)?, client, credential, subject, is_for_program })
    }

    /// The exit code, and what is printed.
    fn answered(self) -> (u8, String) {
        let answer = self.answer();
        let code = match &answer {
            Answer { faults, .. } if !faults.is_empty() => FAULTY,
            Answer { allowed: true, .. } => ALLOWED,
            _ => REFUSED,
        };
        let json = || serde_json::to_string(&answer).map(|json| json + "\n");
        let text = if self.is_for_program { json().unwrap_or_default() } else { page(&answer) };
        (code, text)
    }

    fn answer(&self) -> Answer {
        let config = match Config::parse(&self.vars) {
            Ok(config) => config,
            Err(faults) => return Answer::faulty(&faults),
        };
        let mut answer = Answer { allow_http: config.allow_http, ..Answer::default() };
        let proofs = self.vars.proofs();
        match &self.client {
            None => self.about_all(&mut answer, &config, &proofs),
            Some(id) => match config.client(id) {
                Some(client) => self.about_one(&mut answer, &config, client, &proofs),
                None => self.about_nobody(&mut answer),
            },
        }
        answer
    }

    fn about_nobody(&self, answer: &mut Answer) {
        let error = BrokerError::InvalidClient(PresentedIn::Nothing);
        let registry = !matches!(self.vars.binding("REGISTRY"), Binding::Absent);
        let unseen = if registry { "; the registry is not looked at" } else { "" };
        answer.error = Some(error.name());
        answer.reason = Some(format!("CLIENTS has no such client{unseen}"));
    }

    /// The decision, if there is one to make, and what else the client may.
    fn about_one(&self, answer: &mut Answer, config: &Config, client: &Client, proofs: &Proofs) {
        let is_all = matches!(self.subject, Subject::All);
        if is_all {
            answer.allowed = true;
        } else {
            answer.decided(self.decide(config, client));
        }
        let mut view = ClientView::new(client, proofs.get(&client.id));
        if is_all && !client.grants.is_empty() {
            view.without_scope = Some(self.without_scope(config, client));
        }
        answer.clients.push(view);
        let is_granted =
            |api: &Rc<Api>| client.apis.iter().any(|grant| Rc::ptr_eq(&grant.api, api));
        let apis = config.apis().filter(|api| is_granted(api) && (is_all || self.is_about(api)));
        answer.apis.extend(apis.map(|api| ApiView::new(api)));
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
                Ok(format!("by the grant {}", described(&TokenView::new(&grant))))
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

    fn without_scope(&self, config: &Config, client: &Client) -> WithoutScope {
        let granted = self.token(config, client, None);
        WithoutScope {
            credential: self.credential.clone(),
            scope: granted.as_ref().ok().map(|grant| grant.scope.shown().to_owned()),
            refused: granted.err().map(|error| error.to_string()),
        }
    }

    /// Every client that may do what is in question, or all clients, for an auditor.
    fn about_all(&self, answer: &mut Answer, config: &Config, proofs: &Proofs) {
        let clients = proofs.keys().filter_map(|id| config.client(id));
        let able = clients.filter(|client| self.decide(config, client).is_ok());
        answer.clients =
            able.map(|client| ClientView::new(client, proofs.get(&client.id))).collect();
        answer.allowed = !answer.clients.is_empty();
        let is_all = matches!(self.subject, Subject::All);
        let apis = config.apis().filter(|api| is_all || self.is_about(api));
        answer.apis = apis.map(|api| ApiView::new(api)).collect();
        if is_all {
            answer.federated = FederatedView::all_of(config);
        }
    }
}
