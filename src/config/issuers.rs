//! Issuers whose tokens are known from their documents, above all those that many organizations share:
//! what they send, and which claims say whose token it is. `pins.rs` holds a client's pins against it.

/// An issuer that the broker knows from the issuer's own documents.
pub(super) struct Issuer {
    /// What it sends as `iss`. A word in `<>` stands for any name, `UUID` in it for a UUID in lower case.
    pub(super) sends: &'static [&'static str],
    /// Where its keys are. No other issuer has keys there.
    pub(super) keys: &'static str,
    /// The claims that say whose token it is. Also how a part of `sub` begins that says so: with one of
    /// these names and a colon, or with a text here that ends in another sign. Empty if `iss` says it.
    pub(super) who: &'static [&'static str],
    /// How values of claims look.
    pub(super) looks: &'static [Look],
}

/// A claim, whether a text can be its value, and what the issuer sends, in words.
pub(super) type Look = (&'static str, fn(&str) -> bool, &'static str);

const NUMBER: (fn(&str) -> bool, &str) = (is_number, "a number");
const REF: (fn(&str) -> bool, &str) =
    (|text| text.starts_with("refs/"), "the whole ref, such as refs/heads/main");
const ENTRA_AUDIENCE: &[Look] =
    &[("aud", is_uuid, "the UUID of the application that the token is for")];

/// AWS has a list of such issuers, too: aws-samples/data-perimeter-policy-examples, "Specific example
/// controls for tenancy within multi-tenant OIDC providers with a shared issuer URL".
pub(super) static ISSUERS: [Issuer; 18] = [
    // docs.github.com: "OpenID Connect reference"; the second form is an enterprise's.
    Issuer {
        sends: &[
            "https://token.actions.githubusercontent.com",
            "https://token.actions.githubusercontent.com/<enterprise>",
        ],
        keys: "https://token.actions.githubusercontent.com",
        who: &[
            "repository_id",
            "repository",
            "repository_owner_id",
            "repository_owner",
            "enterprise_id",
            "enterprise",
            "repo:",
        ],
        looks: &[
            ("repository", |text| text.contains('/'), "OWNER/NAME"),
            ("repository_id", NUMBER.0, NUMBER.1),
            ("repository_owner_id", NUMBER.0, NUMBER.1),
            ("ref", REF.0, REF.1),
            ("environment", |_| true, ""),
            ("job_workflow_ref", |text| text.contains('@'), "a path with @ and the ref"),
        ],
    },
    // docs.gitlab.com: "OpenID Connect (OIDC) Authentication Using ID Tokens"
    Issuer {
        sends: &["https://gitlab.com"],
        keys: "https://gitlab.com/oauth",
        who: &["project_id", "project_path", "namespace_id", "namespace_path", "user_id"],
        looks: &[
            ("project_path", |text| text.contains('/'), "GROUP/NAME"),
            ("project_id", NUMBER.0, NUMBER.1),
            ("namespace_id", NUMBER.0, NUMBER.1),
            ("ref_path", REF.0, REF.1),
            ("environment", |_| true, ""),
        ],
    },
    // developers.google.com: "OpenID Connect", iss "always https://accounts.google.com or
    // accounts.google.com". Any service account gets tokens for any audience.
    Issuer {
        sends: &["https://accounts.google.com", "accounts.google.com"],
        keys: "https://www.googleapis.com/oauth2",
        who: &["email", "hd", ""],
        looks: &[],
    },
    // buildkite.com/docs: "buildkite-agent oidc"; with --subject-claim, sub is a UUID
    Issuer {
        sends: &["https://agent.buildkite.com"],
        keys: "https://agent.buildkite.com",
        who: &["organization_id", "organization_slug", "pipeline_id", "cluster_id", "organization"],
        looks: &[("organization_id", is_uuid, "a UUID"), ("pipeline_id", is_uuid, "a UUID")],
    },
    // developer.hashicorp.com: "Workload identity tokens"
    Issuer { sends: &["https://app.terraform.io"], keys: "https://app.terraform.io", ..TERRAFORM },
    Issuer {
        sends: &["https://app.eu.terraform.io"],
        keys: "https://app.eu.terraform.io",
        ..TERRAFORM
    },
    // vercel.com/docs: "OIDC Federation Reference"; the second form is a team's.
    Issuer {
        sends: &["https://oidc.vercel.com", "https://oidc.vercel.com/<team>"],
        keys: "https://oidc.vercel.com",
        who: &["project_id", "owner_id", "owner"],
        looks: &[],
    },
    // circleci.com/docs: "Using OpenID Connect tokens in jobs"
    Issuer {
        sends: &["https://oidc.circleci.com/org/<organization id>"],
        keys: "https://oidc.circleci.com",
        who: &[
            "oidc.circleci.com/project-id",
            "oidc.circleci.com/org-id",
            "oidc.circleci.com/context-ids",
            "oidc.circleci.com/vcs-origin",
            "org/",
        ],
        looks: &[],
    },
    // support.atlassian.com: "Integrate Pipelines with resource servers using OIDC"
    Issuer {
        sends: &[
            "https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc",
        ],
        keys: "https://api.bitbucket.org/2.0/workspaces",
        who: &["repositoryUuid", "workspaceUuid", "deploymentEnvironmentUuid", "{"],
        looks: &[],
    },
    // learn.microsoft.com: "Connect to Azure with an Azure Resource Manager service connection";
    // the claims: github.com/gravitational/teleport, RFD 0199
    Issuer {
        sends: &["https://vstoken.dev.azure.com/<organization id>"],
        keys: "https://vstoken.dev.azure.com",
        who: &["prj_id", "org_id", "def_id", "sc://", "p://"],
        looks: &[],
    },
    // pulumi.com/docs: "Configuring OpenID Connect", "Custom audiences"
    Issuer {
        sends: &["https://api.pulumi.com/oidc", "https://api.pulumi.com/oidc/v2"],
        keys: "https://api.pulumi.com/oidc",
        who: &[
            "org",
            "https://pulumi.com/org_id",
            "https://pulumi.com/org",
            "https://pulumi.com/current_env_id",
            "https://pulumi.com/root_env_id",
            "pulumi.organization.login",
            "pulumi.user.login",
        ],
        looks: &[],
    },
    // codefresh.io/docs: "OpenID Connect for pipelines"
    Issuer {
        sends: &["https://oidc.codefresh.io"],
        keys: "https://oidc.codefresh.io",
        who: &["account_id", "account_name", "pipeline_id", "account"],
        looks: &[],
    },
    // docs.scalr.io: "AWS", "Google Cloud"
    Issuer {
        sends: &["https://scalr.io"],
        keys: "https://scalr.io",
        who: &["scalr_account_id", "scalr_environment_id", "scalr_workspace_id", "account"],
        looks: &[],
    },
    // modal.com/docs: "OIDC integration"
    Issuer {
        sends: &["https://oidc.modal.com"],
        keys: "https://oidc.modal.com",
        who: &["workspace_id", "app_id", "environment_id", "function_id"],
        looks: &[],
    },
    // learn.microsoft.com: "Access token claims reference"; the tenant of all personal accounts
    Issuer {
        sends: &["https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"],
        keys: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad",
        who: &["oid", ""],
        looks: ENTRA_AUDIENCE,
    },
    Issuer {
        sends: &["https://login.microsoftonline.com/<tenant UUID>/v2.0"],
        keys: "",
        who: &[],
        looks: ENTRA_AUDIENCE,
    },
    Issuer { sends: &["https://sts.windows.net/<tenant UUID>/"], keys: "", who: &[], looks: &[] },
    // developers.cloudflare.com: "Validate JWTs"
    Issuer {
        sends: &["https://<team>.cloudflareaccess.com"],
        keys: "",
        who: &[],
        looks: &[("aud", is_aud_tag, "the AUD tag of the application, 64 hexadecimal digits")],
    },
];

const TERRAFORM: Issuer = Issuer {
    sends: &[],
    keys: "",
    who: &[
        "terraform_workspace_id",
        "terraform_project_id",
        "terraform_organization_id",
        "terraform_organization_name",
        "terraform_full_workspace",
        "terraform_stack_id",
        "organization",
    ],
    looks: &[],
};

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn is_hex(b: u8) -> bool {
    b.is_ascii_digit() || (b'a'..=b'f').contains(&b)
}

fn is_aud_tag(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(is_hex)
}

/// Whether `text` is a UUID in lower case (RFC 9562 §4), as issuers send it.
pub(super) fn is_uuid(text: &str) -> bool {
    let fits = |(at, b)| if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { is_hex(b) };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// Whether `subject` is an identifier that its issuer chose, and no words: a number, or a UUID.
pub(super) fn is_identifier(subject: &str) -> bool {
    is_number(subject) || is_uuid(subject)
}
