//! What the configuration says, as a value. `page.rs` prints it for a person, and serde for a program.

use edge_token_broker::config::{Api, ApiGrant, Client, Config, Credential, Fault, Grant};
use edge_token_broker::error::BrokerError;
use edge_token_broker::jwt::Trust;
use edge_token_broker::upstream::federation::Federated;
use edge_token_broker::upstream::proof::Proof;
use serde::Serialize;

/// The answer to a question.
#[derive(Default, Serialize)]
pub(crate) struct Answer {
    /// Whether what was asked for is allowed to the client, or to any. The list of everything is, if there is a
    /// client in `CLIENTS`.
    pub(crate) allowed: bool,
    /// Why, if the question is about one client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The name of a refusal, as in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'static str>,
    /// The faults of the configuration. Then there is nothing else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) faults: Vec<FaultView>,
    /// `ALLOW_HTTP`.
    pub(crate) allow_http: bool,
    /// The clients that the question is about.
    pub(crate) clients: Vec<ClientView>,
    /// The APIs that the question is about.
    pub(crate) apis: Vec<ApiView>,
    /// What applications of federated credentials have to trust.
    pub(crate) federated: Vec<FederatedView>,
}

/// A fault, without the value that has it.
#[derive(Serialize)]
pub(crate) struct FaultView {
    pub(crate) field: String,
    pub(crate) reason: String,
}

/// A client, and what it may do.
#[derive(Serialize)]
pub(crate) struct ClientView {
    pub(crate) id: String,
    pub(crate) proofs: Vec<ProofView>,
    pub(crate) issuers: Vec<IssuerView>,
    pub(crate) tokens: Vec<TokenView>,
    pub(crate) requests: Vec<RequestsView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) without_scope: Option<WithoutScope>,
}

/// A way in which a client proves itself.
#[derive(Clone, Serialize)]
pub(crate) struct ProofView {
    /// The field of the client's entry.
    pub(crate) field: String,
    /// How many the field lists, if it is a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listed: Option<usize>,
}

/// An issuer whose JWTs are a proof.
#[derive(Serialize)]
pub(crate) struct IssuerView {
    pub(crate) issuer: String,
    /// The claims that a JWT must have in addition, by name.
    pub(crate) pinned: Vec<String>,
}

/// A token that a client may get, or that an API gets.
#[derive(Serialize)]
pub(crate) struct TokenView {
    pub(crate) scope: String,
    pub(crate) credential: String,
    /// The tenant, or what stands for it at another server.
    pub(crate) tenant: String,
    pub(crate) application: String,
    pub(crate) keep_warm: bool,
    pub(crate) cae: bool,
}

/// What a client may send to an API.
#[derive(Serialize)]
pub(crate) struct RequestsView {
    pub(crate) api: String,
    pub(crate) methods: Vec<String>,
    /// None of them means every path. JSON then leaves them out: an empty list looks like no path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) paths: Vec<String>,
}

/// What a request without a scope comes to.
#[derive(Serialize)]
pub(crate) struct WithoutScope {
    pub(crate) credential: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<String>,
}

/// Where an API is, and what the broker adds to a request.
#[derive(Serialize)]
pub(crate) struct ApiView {
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) token: TokenView,
    pub(crate) header: String,
    pub(crate) prefix: String,
    pub(crate) first_byte_timeout: u64,
    pub(crate) log_path: bool,
}

/// What the application of a federated credential has to trust.
#[derive(Serialize)]
pub(crate) struct FederatedView {
    pub(crate) credential: String,
    pub(crate) application: String,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
}

impl Answer {
    pub(crate) fn faulty(faults: &[Fault]) -> Self {
        Self { faults: faults.iter().map(FaultView::new).collect(), ..Self::default() }
    }

    /// Notes the decision about one client.
    pub(crate) fn decided(&mut self, decision: Result<String, BrokerError>) {
        self.allowed = decision.is_ok();
        match decision {
            Ok(how) => self.reason = Some(how),
            Err(error) => {
                self.error = Some(error.name());
                self.reason = Some(error.to_string());
            }
        }
    }
}

impl FaultView {
    fn new(fault: &Fault) -> Self {
        Self { field: fault.field.clone(), reason: fault.reason.to_string() }
    }
}

impl ClientView {
    pub(crate) fn new(client: &Client, proofs: Option<&Vec<ProofView>>) -> Self {
        Self {
            id: client.id.clone(),
            proofs: proofs.cloned().unwrap_or_default(),
            issuers: client.proofs.jwt.iter().map(IssuerView::new).collect(),
            tokens: client.grants.iter().map(|grant| TokenView::new(grant)).collect(),
            requests: client.apis.iter().map(RequestsView::new).collect(),
            without_scope: None,
        }
    }
}

impl IssuerView {
    fn new(trust: &Trust) -> Self {
        let subject = trust.subject.as_ref().map(|_| "sub".to_owned());
        let claims = trust.claims.iter().map(|(name, _)| name.clone());
        Self { issuer: trust.issuer.clone(), pinned: subject.into_iter().chain(claims).collect() }
    }
}

impl TokenView {
    pub(crate) fn new(grant: &Grant) -> Self {
        let credential = &grant.credential;
        Self {
            scope: grant.scope.shown().to_owned(),
            credential: credential.name.clone(),
            tenant: credential.server.realm().to_owned(),
            application: credential.client_id.clone(),
            keep_warm: grant.keep_warm,
            cae: grant.capability,
        }
    }
}

impl RequestsView {
    fn new(ApiGrant { api, methods, paths }: &ApiGrant) -> Self {
        let methods = match methods.as_slice() {
            [] => vec!["GET".to_owned(), "HEAD".to_owned()],
            listed => listed.to_vec(),
        };
        Self {
            api: api.name.clone(),
            methods,
            paths: paths.iter().map(ToString::to_string).collect(),
        }
    }
}

impl ApiView {
    pub(crate) fn new(api: &Api) -> Self {
        Self {
            name: api.name.clone(),
            // Without a path the target is the base itself, which has no fault.
            base: api.base.resolve("", "").map(|at| at.url().to_owned()).unwrap_or_default(),
            token: TokenView::new(&api.grant),
            header: api.header.clone(),
            prefix: api.prefix.clone(),
            first_byte_timeout: api.first_byte_timeout.0 / 1000,
            log_path: api.log_path,
        }
    }
}

impl FederatedView {
    /// Of each proof of a credential that is federated.
    pub(crate) fn all_of(config: &Config) -> Vec<Self> {
        let mut views = Vec::new();
        for credential in config.credentials() {
            for proof in credential.proofs() {
                let Proof::Federated(Federated { issuer, subject, audience }) = proof else {
                    continue;
                };
                let Credential { name, client_id, .. } = &**credential;
                views.push(Self {
                    credential: name.clone(),
                    application: client_id.clone(),
                    issuer: issuer.url.clone(),
                    subject: subject.clone(),
                    audience: audience.clone(),
                });
            }
        }
        views
    }
}
