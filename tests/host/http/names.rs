//! How a request names a credential: by its name or its tenant, in any case.

use crate::support::config::DIGEST;
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate, vars};

const FORM: &str = "grant_type=client_credentials&client_id=c&client_secret=key";

/// The client `c` has one grant of each of the credentials `Billing`, at `Contoso.example`, and `default`.
fn world() -> World {
    let entry = |tenant: &str| {
        format!(r#"{{"tenant":"{tenant}","client_id":"b","client_secret":"AZ_CLIENT_SECRET"}}"#)
    };
    let credentials = format!(r#"{{"Billing":{}}}"#, entry("Contoso.example"));
    let clients = format!(
        r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[
            {{"credential":"default","scope":"s"}},{{"credential":"Billing","scope":"b"}}]}}}}"#
    );
    World::of(isolate(&vars().with("CREDENTIALS", &credentials).with("CLIENTS", &clients)))
}

fn posted(world: &World, path: &str, more: &str) -> Response {
    let form = format!("{FORM}{more}");
    Sent::post(&format!("{path}/oauth2/v2.0/token"), &form).by_nobody().to(&world.isolate)
}

const SPELLINGS: [&str; 6] =
    ["Billing", "billing", "BILLING", "Contoso.example", "contoso.example", "CONTOSO.EXAMPLE"];

#[test]
fn a_name_and_a_tenant_are_the_same_in_any_case_on_both_routes() {
    let world = world();
    world.issue("one", 3600);
    for spelling in SPELLINGS {
        let got = Sent::get(&format!("/token?credential={spelling}")).to(&world.isolate);
        assert_eq!(got.token(), "one", "{spelling}");
        assert_eq!(world.logged()["credential"], "Billing", "as the configuration has it");
        assert_eq!(posted(&world, &format!("/{spelling}"), "").token(), "one", "{spelling}");
        assert_eq!(posted(&world, "", &format!("&credential={spelling}")).token(), "one");
    }
    assert_eq!(world.upstream_requests(), 1);
    for other in ["Billin", "Billing.", "contoso", "contoso.example.", "\u{212a}"] {
        let got = Sent::get(&format!("/token?credential={other}")).to(&world.isolate);
        assert_eq!((got.status, got.error()), (403, "insufficient_scope"), "{other}");
    }
}

#[test]
fn path_and_parameter_may_differ_in_case_only() {
    let world = world();
    world.issue("one", 3600);
    assert_eq!(posted(&world, "/Billing", "&credential=bILLING").token(), "one");
    for (path, named) in [("/Billing", "default"), ("/Billing", "contoso.example")] {
        let refused = posted(&world, path, &format!("&credential={named}"));
        assert_eq!((refused.status, refused.error()), (400, "invalid_target"), "{named}");
    }
}

#[test]
fn the_default_credential_is_called_so_in_any_case() {
    let world = world();
    world.issue("one", 3600);
    for path in ["", "/default", "/DEFAULT", "/t", "/T"] {
        assert_eq!(posted(&world, path, "").token(), "one", "{path}");
    }
    assert_eq!(world.upstream_requests(), 1);
}

#[test]
fn a_report_of_a_rejected_token_names_the_credential_in_any_case() {
    let world = world();
    for (named, status) in [("billing", 200), ("CONTOSO.example", 200), ("nothing", 403)] {
        let form = format!("token=unknown&credential={named}");
        let response = Sent::post("/revoke", &form).to(&world.isolate);
        assert_eq!(response.status, status, "{named}");
    }
}
