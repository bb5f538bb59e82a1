//! Pins that can never match: what the issuer sends instead.

use super::issuers::{GITHUB, KEYS, UUID, assert_good, faults_of};

#[track_caller]
fn assert_never(issuer: &str, more: &str, field: &str, sends: &str) {
    let expected = format!("{field}: can never match: this issuer sends {sends}");
    assert_eq!(faults_of(issuer, more), [expected], "{issuer} {more}");
}

#[test]
fn an_issuer_is_spelled_as_it_spells_itself() {
    let pin = format!(r#"{KEYS},"claims":{{"repository":"o/r"}}"#);
    for issuer in [
        "https://token.actions.githubusercontent.com/",
        "https://Token.Actions.GitHubUserContent.com",
        "HTTPS://token.actions.githubusercontent.com",
        "http://token.actions.githubusercontent.com",
        "https://token.actions.githubusercontent.com:443",
        "https://token.actions.githubusercontent.com:443/",
        "https://token.actions.githubusercontent.com.",
        "https://token.actions.githubusercontent.com//",
        "https://token.actions.githubusercontent.com/.well-known/openid-configuration",
    ] {
        assert_never(issuer, &pin, "issuer", GITHUB);
    }
    let entra = "https://login.microsoftonline.com/<UUID>/v2.0";
    for (issuer, sends) in [
        ("https://accounts.google.com/", "https://accounts.google.com"),
        ("https://gitlab.com/", "https://gitlab.com"),
        ("https://app.terraform.io/", "https://app.terraform.io"),
        ("https://oidc.circleci.com", "https://oidc.circleci.com/org/<organization_id>"),
        ("https://oidc.circleci.com/org/1/", "https://oidc.circleci.com/org/<organization_id>"),
        ("https://login.microsoftonline.com/common/v2.0", entra),
        ("https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0", entra),
        ("https://login.microsoftonline.com/0b5b7a4e-6a3c-4a53-8a8c-5f9a2c8f5f11/v2.0/", entra),
        ("https://login.microsoftonline.com/0B5B7A4E-6A3C-4A53-8A8C-5F9A2C8F5F11/v2.0", entra),
        (
            "https://sts.windows.net/0b5b7a4e-6a3c-4a53-8a8c-5f9a2c8f5f11",
            "https://sts.windows.net/<UUID>/",
        ),
        ("https://acme.cloudflareaccess.com/", "https://<team>.cloudflareaccess.com"),
        ("https://proidc.upbound.io/", "https://proidc.upbound.io"),
        ("https://studio.datachain.ai", "https://studio.datachain.ai/api"),
        ("https://www.facebook.com/", "https://www.facebook.com"),
        ("https://oauth2.sigstore.dev/auth/", "https://oauth2.sigstore.dev/auth"),
    ] {
        assert_never(issuer, KEYS, "issuer", sends);
    }
}

#[test]
fn the_keys_of_a_shared_issuer_are_its_own() {
    for (keys, sends) in [
        ("https://www.googleapis.com/oauth2/v3/certs", "https://accounts.google.com"),
        ("https://token.actions.githubusercontent.com/.well-known/jwks", GITHUB),
        ("https://TOKEN.actions.githubusercontent.com:443/.well-known/jwks", GITHUB),
        ("https://gitlab.com/oauth/discovery/keys", "https://gitlab.com"),
        ("https://app.terraform.io/.well-known/jwks", "https://app.terraform.io"),
        ("https://appleid.apple.com/auth/keys", "https://appleid.apple.com"),
        ("https://oauth2.sigstore.dev/auth/keys", "https://oauth2.sigstore.dev/auth"),
    ] {
        assert_never("reports", &format!(r#","jwks_uri":"{keys}""#), "issuer", sends);
    }
}

#[test]
fn a_pin_that_its_issuer_never_sends_is_a_fault() {
    let tenant = format!("https://login.microsoftonline.com/{UUID}/v2.0");
    let owner = r#""repository_owner_id":"1""#;
    for (issuer, more, field, sends) in [
        (GITHUB, r#""claims":{"repository":"app"}"#, "claims.repository", "OWNER/NAME"),
        (GITHUB, r#""claims":{"repository_id":"octo/app"}"#, "claims.repository_id", "a number"),
        (GITHUB, r#""claims":{"repository_id":true}"#, "claims.repository_id", "a number"),
        (
            GITHUB,
            &format!(r#""claims":{{{owner},"ref":"main"}}"#),
            "claims.ref",
            "the whole ref, such as refs/heads/main",
        ),
        (
            GITHUB,
            &format!(r#""claims":{{{owner},"repositry":"octo/app"}}"#),
            "claims.repositry",
            "repository",
        ),
        (
            GITHUB,
            &format!(r#""claims":{{{owner},"enviroment":"production"}}"#),
            "claims.enviroment",
            "environment",
        ),
        (
            GITHUB,
            &format!(r#""claims":{{{owner},"repositoryId":"74"}}"#),
            "claims.repositoryId",
            "repository_id",
        ),
        (
            "https://gitlab.com",
            r#""claims":{"project_path":"app"}"#,
            "claims.project_path",
            "OWNER/NAME",
        ),
        (
            &tenant,
            r#""audience":"api://broker""#,
            "audience",
            "the UUID of the application that the token is for",
        ),
        (
            "https://acme.cloudflareaccess.com",
            r#""jwks_uri":"https://acme.cloudflareaccess.com/cdn-cgi/access/certs","audience":"broker""#,
            "audience",
            "the AUD tag of the application, 64 hexadecimal digits",
        ),
    ] {
        assert_never(issuer, &format!(",{more}"), field, sends);
    }
    // One value of a list is enough to match, and names that are only similar are left alone.
    assert_good(GITHUB, r#","claims":{"repository":["octo/app","app"]}"#);
    assert_good(GITHUB, &format!(r#","claims":{{{owner},"repo_property_team":"a","sha":"b"}}"#));
}

#[test]
fn a_word_that_stands_in_sub_only_is_no_claim() {
    const TERRAFORM: &str = "https://app.terraform.io";
    for (issuer, claims, name, sends) in [
        (GITHUB, r#""repo":"octo/app""#, "repo", "repository"),
        (GITHUB, r#""repo":"octo/app","repository_id":74"#, "repo", "repository"),
        (TERRAFORM, r#""organization":"acme""#, "organization", "terraform_organization_name"),
        (
            "https://app.eu.terraform.io",
            r#""organization":"acme""#,
            "organization",
            "terraform_organization_name",
        ),
        (
            "https://agent.buildkite.com",
            r#""organization":"acme""#,
            "organization",
            "organization_slug",
        ),
        ("https://oidc.codefresh.io", r#""account":"1""#, "account", "account_id"),
        ("https://scalr.io", r#""account":"acme""#, "account", "scalr_account_id"),
        (
            "https://api.pulumi.com/oidc",
            r#""pulumi.organization.login":"acme""#,
            "pulumi.organization.login",
            "org",
        ),
    ] {
        let found = faults_of(issuer, &format!(r#","claims":{{{claims}}}"#));
        let fault = format!("claims.{name}: can never match: this issuer sends {sends}");
        assert!(found.contains(&fault), "{issuer} {claims}: {found:?}");
        // Alone it does not say whose token it is.
        let is_alone = !claims.contains("repository_id");
        assert_eq!(found.len(), if is_alone { 2 } else { 1 }, "{found:?}");
    }
    // In sub these words say it.
    let subject = "pulumi:environments:pulumi.organization.login:acme";
    assert_good("https://api.pulumi.com/oidc", &format!(r#","subject":"{subject}""#));
}

#[test]
fn a_wildcard_anywhere_is_a_fault_because_the_comparison_is_literal() {
    let owner = r#""repository_owner_id":"1""#;
    for (issuer, more, field) in [
        (GITHUB, r#""subject":"repo:octo/app:*""#, "subject"),
        (GITHUB, r#""claims":{"sub":"repo:octo/*"}"#, "claims.sub"),
        (GITHUB, r#""subject":"repo:octo-*/app:pull_request""#, "subject"),
        (GITHUB, r#""subject":"repo:octo/app:ref:refs/heads/release-*""#, "subject"),
        (GITHUB, r#""subject":["repo:o/r:pull_request","repo:o/r:ref:*"]"#, "subject"),
        (GITHUB, r#""claims":{"repository":["octo/app","octo/*"]}"#, "claims.repository"),
        (GITHUB, r#""claims":{"repository":"octo/*-service"}"#, "claims.repository"),
        (GITHUB, &format!(r#""claims":{{{owner},"ref":"refs/heads/v*.x"}}"#), "claims.ref"),
        (GITHUB, &format!(r#""claims":{{{owner},"workflow":"deploy *"}}"#), "claims.workflow"),
        (
            "https://app.terraform.io",
            r#""subject":"organization:o:project:*:workspace:w:run_phase:apply""#,
            "subject",
        ),
        ("https://gitlab.com", r#""claims":{"project_path":"group/*/app"}"#, "claims.project_path"),
    ] {
        assert_never(issuer, &format!(",{more}"), field, "no wildcard: name each value");
    }
    // Of an issuer that is not known, an asterisk may be a part of what it sends.
    assert_good("https://id.example", r#","claims":{"path":"a/*"}"#);
}

#[test]
fn metadata_is_neither_an_issuer_nor_a_key_set() {
    let metadata = "https://id.example/.well-known/openid-configuration";
    let fault = "names the metadata; an issuer is what stands before /.well-known, and jwks_uri is \
         for keys";
    assert_eq!(faults_of(metadata, ""), [format!("issuer: {fault}")]);
    let keys = format!(r#","jwks_uri":"{metadata}""#);
    assert_eq!(faults_of("https://id.example", &keys), [format!("jwks_uri: {fault}")]);
}

#[test]
fn a_number_that_loses_digits_is_written_as_text() {
    let pinned =
        |value: &str| faults_of("https://id.example", &format!(r#","claims":{{"id":{value}}}"#));
    for value in ["9007199254740991", r#""9007199254740993""#] {
        assert_eq!(pinned(value), [""; 0], "{value}");
    }
    let fault = "claims.id: must be text: a number of this size loses digits before it gets here";
    for value in ["9007199254740992", "[1,9007199254740993]", "18446744073709551615"] {
        assert_eq!(pinned(value), [fault], "{value}");
    }
}
