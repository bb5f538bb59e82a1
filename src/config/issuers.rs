//! Issuers that are known from their documents, above all those that many organizations share: what they
//! send, and which claims say whose token it is. `pins.rs` holds a client's pins against it.
//!
//! Each list is one text with spaces: it takes less of the wasm than a table of texts.

/// An issuer that the broker knows.
pub(super) struct Issuer {
    /// What it sends as `iss`. A word in `<>` stands for a text of this [form](has_form).
    pub(super) sends: &'static str,
    /// The claims that say whose token it is. Some issuers write `NAME:VALUE` into `sub`: there, these
    /// names say whose token it is, too. Empty if `iss` says it.
    pub(super) who: &'static str,
    /// Names that say whose token it is in `sub` and are no claims, each with `=` and the claim that
    /// says the same.
    pub(super) in_sub: &'static str,
    /// How a `sub` without such a name begins that says whose token it is. `*` is any `sub`.
    pub(super) subjects: &'static str,
    /// Claims, some with `=` and the [form](has_form) of their values.
    pub(super) forms: &'static str,
}

/// An issuer whose `iss` says whose token it is.
const NAMED: Issuer = Issuer { sends: "", who: "", in_sub: "", subjects: "", forms: "" };

const TERRAFORM: Issuer = Issuer {
    who: "terraform_workspace_id terraform_project_id terraform_organization_id \
         terraform_organization_name terraform_full_workspace terraform_stack_id",
    in_sub: "organization=terraform_organization_name",
    ..NAMED
};

/// The keys of two issuers are not below `iss`, and other keys are at the same host.
pub(super) const KEYS: [(&str, &str); 2] = [
    ("https://accounts.google.com", "https://www.googleapis.com/oauth2"),
    ("https://gitlab.com", "https://gitlab.com/oauth"),
];

/// AWS has such a list, too: aws-samples/data-perimeter-policy-examples, "Specific example controls for
/// tenancy within multi-tenant OIDC providers with a shared issuer URL".
pub(super) static ISSUERS: [Issuer; 21] = [
    // docs.github.com: "OpenID Connect reference"; the second form is an enterprise's.
    Issuer {
        sends: "https://token.actions.githubusercontent.com \
             https://token.actions.githubusercontent.com/<enterprise>",
        who: "repository_id repository repository_owner_id repository_owner enterprise_id enterprise",
        in_sub: "repo=repository",
        forms: "repository=path repository_id=number repository_owner_id=number ref=ref \
             environment",
        ..NAMED
    },
    // docs.gitlab.com: "OpenID Connect (OIDC) Authentication Using ID Tokens"
    Issuer {
        sends: "https://gitlab.com",
        who: "project_id project_path namespace_id namespace_path user_id",
        forms: "project_id=number project_path=path namespace_id=number ref_path=ref environment",
        ..NAMED
    },
    // developers.google.com: "OpenID Connect"; iss is "always https://accounts.google.com or
    // accounts.google.com". Any service account gets tokens for any audience.
    Issuer {
        sends: "https://accounts.google.com accounts.google.com",
        who: "email hd",
        subjects: "*",
        ..NAMED
    },
    // buildkite.com/docs: "buildkite-agent oidc"; with --subject-claim, sub is a UUID.
    Issuer {
        sends: "https://agent.buildkite.com",
        who: "organization_id organization_slug pipeline_id cluster_id",
        in_sub: "organization=organization_slug",
        forms: "organization_id=UUID pipeline_id=UUID",
        ..NAMED
    },
    // developer.hashicorp.com: "Workload identity tokens"
    Issuer { sends: "https://app.terraform.io", ..TERRAFORM },
    Issuer { sends: "https://app.eu.terraform.io", ..TERRAFORM },
    // vercel.com/docs: "OIDC Federation Reference"; the second form is a team's.
    Issuer {
        sends: "https://oidc.vercel.com https://oidc.vercel.com/<team>",
        who: "project_id owner_id owner",
        ..NAMED
    },
    // circleci.com/docs: "Using OpenID Connect tokens in jobs"
    Issuer {
        sends: "https://oidc.circleci.com/org/<organization_id>",
        who: "oidc.circleci.com/project-id oidc.circleci.com/org-id oidc.circleci.com/context-ids \
             oidc.circleci.com/vcs-origin",
        subjects: "org/",
        ..NAMED
    },
    // support.atlassian.com: "Integrate Pipelines with resource servers using OIDC"
    Issuer {
        sends: "https://api.bitbucket.org/2.0/workspaces/<workspace>/pipelines-config/identity/oidc",
        who: "repositoryUuid workspaceUuid deploymentEnvironmentUuid",
        subjects: "{",
        ..NAMED
    },
    // learn.microsoft.com: "Connect to Azure with an Azure Resource Manager service connection"; the
    // claims: github.com/gravitational/teleport, RFD "Azure DevOps joining"
    Issuer {
        sends: "https://vstoken.dev.azure.com/<organization_id>",
        who: "prj_id org_id def_id",
        subjects: "sc:// p://",
        ..NAMED
    },
    // pulumi.com/docs: "Configuring OpenID Connect", "Custom audiences"
    Issuer {
        sends: "https://api.pulumi.com/oidc https://api.pulumi.com/oidc/v2",
        who: "org https://pulumi.com/org_id https://pulumi.com/org https://pulumi.com/current_env_id \
             https://pulumi.com/root_env_id",
        in_sub: "pulumi.organization.login=org pulumi.user.login=org",
        ..NAMED
    },
    // codefresh.io/docs: "OpenID Connect for pipelines"
    Issuer {
        sends: "https://oidc.codefresh.io",
        who: "account_id account_name pipeline_id",
        in_sub: "account=account_id",
        ..NAMED
    },
    // docs.scalr.io: "AWS", "Google Cloud"
    Issuer {
        sends: "https://scalr.io",
        who: "scalr_account_id scalr_environment_id scalr_workspace_id",
        in_sub: "account=scalr_account_id",
        ..NAMED
    },
    // modal.com/docs: "OIDC integration"
    Issuer {
        sends: "https://oidc.modal.com",
        who: "workspace_id environment_id app_id function_id",
        ..NAMED
    },
    // docs.upbound.io: "Authentication"; docs.datachain.ai: "OpenID Connect (OIDC)"; docs.github.com:
    // "Streaming the audit log for your enterprise"
    Issuer {
        sends: "https://proidc.upbound.io https://studio.datachain.ai/api \
             https://oidc-configuration.audit-log.githubusercontent.com",
        who: "sub",
        subjects: "mcp: credentials: https://github.com/",
        ..NAMED
    },
    // The list of AWS has it, with sub as what says whose token it is.
    Issuer { sends: "https://tokens.cloud.shisho.dev", who: "sub", subjects: "*", ..NAMED },
    // Logins for everybody. developer.apple.com: "Authenticating users with Sign in with Apple";
    // developers.facebook.com: "OIDC Token for Limited Login"; docs.sigstore.dev: "OIDC in Fulcio"
    Issuer {
        sends: "https://appleid.apple.com https://www.facebook.com https://oauth2.sigstore.dev/auth",
        who: "email",
        subjects: "*",
        ..NAMED
    },
    // learn.microsoft.com: "Access token claims reference". First the tenant of all personal accounts.
    Issuer {
        sends: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        who: "oid",
        subjects: "*",
        forms: "aud=application_UUID",
        ..NAMED
    },
    Issuer {
        sends: "https://login.microsoftonline.com/<UUID>/v2.0",
        forms: "aud=application_UUID",
        ..NAMED
    },
    Issuer { sends: "https://sts.windows.net/<UUID>/", ..NAMED },
    // developers.cloudflare.com: "Validate JWTs"
    Issuer { sends: "https://<team>.cloudflareaccess.com", forms: "aud=AUD_tag", ..NAMED },
];

/// Whether `value` has the form called `name`.
pub(super) fn has_form(name: &str, value: &str) -> bool {
    match name {
        "path" => value.bytes().any(|b| b == b'/'),
        "number" => is_number(value),
        "ref" => value.starts_with("refs/"),
        "UUID" | "application_UUID" => is_uuid(value),
        "AUD_tag" => value.len() == 64 && value.bytes().all(is_hex),
        "" => true,
        // A name in the path or the host of `iss`.
        _ => !value.is_empty() && !value.bytes().any(|b| matches!(b, b'/' | b'.')),
    }
}

/// What stands in a fault for the form called `name`.
pub(super) fn form(name: &str) -> &'static str {
    match name {
        "path" => "OWNER/NAME",
        "number" => "a number",
        "ref" => "the whole ref, such as refs/heads/main",
        "application_UUID" => "the UUID of the application that the token is for",
        "AUD_tag" => "the AUD tag of the application, 64 hexadecimal digits",
        _ => "a UUID",
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn is_hex(b: u8) -> bool {
    b.is_ascii_digit() || (b'a'..=b'f').contains(&b)
}

/// Whether `text` is a UUID in lower case (RFC 9562 §4), as issuers send it.
fn is_uuid(text: &str) -> bool {
    let fits = |(at, b)| if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { is_hex(b) };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// Whether `subject` is an identifier that its issuer chose, and no words: a number, or a UUID.
pub(super) fn is_identifier(subject: &str) -> bool {
    is_number(subject) || is_uuid(subject)
}
