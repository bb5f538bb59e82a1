//! Issuers that many organizations share: a pin must say whose token it is.

use super::clients::proving;
use crate::support::config::faults;

pub(super) const GITHUB: &str = "https://token.actions.githubusercontent.com";
pub(super) const KEYS: &str = r#","jwks_uri":"https://keys.example/jwks""#;
pub(super) const UUID: &str = "0b5b7a4e-6a3c-4a53-8a8c-5f9a2c8f5f11";

/// The faults of one entry of `jwt`, without the path of the entry.
pub(super) fn faults_of(issuer: &str, more: &str) -> Vec<String> {
    let audience = if more.contains("audience") { "" } else { r#","audience":"a""# };
    let vars = proving(&format!(r#""jwt":[{{"issuer":"{issuer}"{audience}{more}}}]"#));
    let short = |fault: String| fault.replace("CLIENTS.reports.jwt[0].", "");
    faults(&vars).into_iter().map(short).collect()
}

#[track_caller]
fn assert_guarded(issuer: &str, more: &str) {
    let found = faults_of(issuer, more);
    let guarded = |fault: &String| {
        let rest = fault.strip_prefix("issuer: serves every");
        rest.is_some_and(|rest| rest.contains("also say who") || rest.contains("also say which"))
    };
    assert!(found.len() == 1 && found.iter().all(guarded), "{issuer} {more}: {found:?}");
}

#[track_caller]
pub(super) fn assert_good(issuer: &str, more: &str) {
    assert_eq!(faults_of(issuer, more), [""; 0], "{issuer} {more}");
}

/// Issuers as they send themselves, and pins that say who, each enough alone.
const SHARED: [(&str, &[&str]); 31] = [
    (GITHUB, &[r#""claims":{"repository_owner":"octo"}"#, r#""subject":"repo:o/r:pull_request""#]),
    ("https://token.actions.githubusercontent.com/octo-inc", &[r#""claims":{"enterprise":"o"}"#]),
    ("https://accounts.google.com", &[r#""subject":"110248495921238986420""#]),
    ("accounts.google.com", &[r#""claims":{"email":"ada@example.com"}"#]),
    (
        "https://gitlab.com",
        &[
            r#""claims":{"project_id":74}"#,
            r#""subject":"project_path:g/p:ref_type:branch:ref:main""#,
            r#""subject":"project_id:74:ref:main""#,
        ],
    ),
    (
        "https://agent.buildkite.com",
        &[
            r#""subject":"organization:acme:pipeline:p:ref:refs/heads/main:commit:c:step:s""#,
            r#""subject":"018bb6a2-8e0f-4a3c-9e65-6b2c5d0d8a11""#,
            r#""claims":{"organization_slug":"acme"}"#,
        ],
    ),
    (
        "https://app.terraform.io",
        &[
            r#""claims":{"terraform_workspace_id":"ws-1"}"#,
            r#""subject":"organization:o:project:p:workspace:w:run_phase:apply""#,
        ],
    ),
    ("https://app.eu.terraform.io", &[r#""claims":{"terraform_organization_id":"org-1"}"#]),
    (
        "https://oidc.vercel.com",
        &[
            r#""subject":"owner:acme:project:web:environment:production""#,
            r#""claims":{"project_id":"prj_1"}"#,
        ],
    ),
    ("https://oidc.vercel.com/acme", &[r#""claims":{"owner_id":"team_1"}"#]),
    (
        "https://oidc.circleci.com/org/0b5b7a4e-6a3c-4a53-8a8c-5f9a2c8f5f11",
        &[
            r#""claims":{"oidc.circleci.com/project-id":"p"}"#,
            r#""subject":"org/o/project/p/user/u""#,
        ],
    ),
    (
        "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
        &[r#""claims":{"repositoryUuid":"{9a8b}"}"#],
    ),
    (
        "https://vstoken.dev.azure.com/0b5b7a4e-6a3c-4a53-8a8c-5f9a2c8f5f11",
        &[r#""subject":"sc://acme/web/connection""#, r#""subject":"p://acme/web/pipeline""#],
    ),
    (
        "https://api.pulumi.com/oidc",
        &[
            r#""subject":"pulumi:deploy:org:acme:project:p:stack:s:operation:update:scope:write""#,
            r#""claims":{"org":"acme"}"#,
        ],
    ),
    ("https://api.pulumi.com/oidc/v2", &[r#""subject":"pulumi:org:1:env:2""#]),
    ("https://oidc.codefresh.io", &[r#""subject":"account:1:pipeline:2:initiator:3""#]),
    ("https://scalr.io", &[r#""claims":{"scalr_account_id":"acc-1"}"#]),
    ("https://oidc.modal.com", &[r#""subject":"modal:workspace_id:ac-1:environment_name:main""#]),
    (
        "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        &[r#""subject":"AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ""#],
    ),
    ("https://proidc.upbound.io", &[r#""subject":"mcp:acme/ctp:provider:provider-aws""#]),
    ("https://studio.datachain.ai/api", &[r#""subject":"credentials:acme/production""#]),
    ("https://tokens.cloud.shisho.dev", &[r#""subject":"job:1""#, r#""claims":{"sub":"job:1"}"#]),
    (
        "https://oidc-configuration.audit-log.githubusercontent.com",
        &[r#""subject":"https://github.com/octo-inc""#],
    ),
    ("https://appleid.apple.com", &[r#""subject":"001234.0123456789abcdef.1234""#]),
    ("https://www.facebook.com", &[r#""claims":{"email":"ada@example.com"}"#]),
    ("https://oauth2.sigstore.dev/auth", &[r#""claims":{"email":"ada@example.com"}"#]),
    ("https://gitlab.com", &[r#""claims":{"sub":"project_path:g/p:ref_type:branch:ref:main"}"#]),
    (GITHUB, &[r#""subject":"repo:octo@1/app@2:environment:production""#]),
    (GITHUB, &[r#""subject":"environment:production:repository_id:74""#]),
    (GITHUB, &[r#""subject":["repo:o/r:pull_request","repo:o/s:pull_request"]"#]),
    (GITHUB, &[r#""claims":{"repository_id":["74","75"]}"#]),
];

#[test]
fn an_issuer_that_many_share_needs_a_pin_that_says_who() {
    for (issuer, pins) in SHARED {
        let audience = if issuer.contains("microsoft") {
            format!(r#","audience":"{UUID}""#)
        } else {
            String::new()
        };
        assert_guarded(issuer, &format!("{KEYS}{audience}"));
        for pin in pins {
            assert_good(issuer, &format!("{KEYS}{audience},{pin}"));
        }
    }
}

#[test]
fn a_subject_that_says_what_but_not_who_is_no_pin() {
    for (issuer, subject) in [
        (GITHUB, r#""environment:production""#),
        (GITHUB, r#""ref:refs/heads/main""#),
        (GITHUB, r#""pull_request""#),
        (GITHUB, r#""repo:""#),
        (GITHUB, r#""workflow:deploy:ref:refs/heads/repo:""#),
        (GITHUB, r#""job_workflow_ref:octo/app/.github/workflows/x.yml@refs/heads/main""#),
        (GITHUB, r#"["repo:o/r:environment:production","environment:production"]"#),
        ("https://token.actions.githubusercontent.com/octo-inc", r#""environment:production""#),
        ("https://gitlab.com", r#""ref_type:branch:ref:main""#),
        ("https://agent.buildkite.com", r#""main""#),
        ("https://app.terraform.io", r#""run_phase:apply""#),
        ("https://oidc.vercel.com", r#""project:web:environment:production""#),
        ("https://api.pulumi.com/oidc", r#""pulumi:deploy:project:p:stack:s""#),
        ("https://proidc.upbound.io", r#""provider:provider-aws""#),
        ("https://studio.datachain.ai/api", r#""acme""#),
        (GITHUB, r#""environment::production""#),
        (GITHUB, r#""repo""#),
    ] {
        assert_guarded(issuer, &format!(r#","subject":{subject}"#));
        assert_guarded(issuer, &format!(r#","claims":{{"sub":{subject}}}"#));
    }
    for claim in [r#""environment":"production""#, r#""actor":"octocat""#, r#""workflow":"deploy""#]
    {
        assert_guarded(GITHUB, &format!(r#","claims":{{{claim}}}"#));
    }
}

#[test]
fn an_issuer_of_one_organization_needs_no_pin() {
    for issuer in [
        "https://id.example",
        "https://gitlab.example.com",
        "https://token.actions.octocorp.ghe.com",
        "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
        "https://acme.app.spacelift.io",
        "https://token.actions.githubusercontent.com.example",
    ] {
        assert_good(issuer, "");
    }
    let tenant = format!("https://login.microsoftonline.com/{UUID}/v2.0");
    assert_good(&tenant, &format!(r#","audience":"{UUID}""#));
    // A client with a key of its own may publish it where its code is.
    assert_good("reports", r#","jwks_uri":"https://gitlab.com/acme/web/-/raw/main/jwks.json""#);
    assert_good(
        "robot@acme.iam.gserviceaccount.com",
        r#","jwks_uri":"https://www.googleapis.com/service_accounts/v1/jwk/robot@acme""#,
    );
}
