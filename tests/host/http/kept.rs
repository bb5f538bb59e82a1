//! Callers that keep a token until five minutes before its end get one that has more left.

use std::rc::Rc;

use edge_token_broker::base::time::Millis;

use crate::support::config::DIGEST;
use crate::support::sent::Sent;
use crate::support::world::{World, isolate, vars};

const RESOURCE_GRANT: &str = r#"{"credential":"default","scope":"r/.default"}"#;

/// The same caller in each of the ways to say that it is an MSAL, and as an Azure SDK.
fn keepers() -> Vec<(&'static str, Sent)> {
    let form = "grant_type=client_credentials&scope=r/.default";
    let post = |more: &str| {
        Sent::post("/oauth2/v2.0/token", &format!("{form}{more}")).by("Basic YzprZXk=")
    };
    let msal = |mut sent: Sent| {
        sent.platform.is_msal = true;
        sent
    };
    let azure_sdk = |mut sent: Sent| {
        sent.platform.is_azure_sdk = true;
        sent
    };
    vec![
        ("form field", post("&x-client-SKU=msal.js.node")),
        ("header at the token endpoint", msal(post(""))),
        ("an Azure SDK without MSAL", azure_sdk(post(""))),
        ("header on GET /token", msal(Sent::get("/token?scope=r/.default"))),
        ("managed identity", Sent::managed_identity("resource=r")),
    ]
}

fn world() -> World {
    let clients = format!(r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{RESOURCE_GRANT}]}}}}"#);
    World::of(isolate(&vars().with("CLIENTS", &clients)))
}

fn pass(world: &World, secs: u64) {
    world.broker.clock.advance(Millis::from_secs(secs));
}

/// The token after `secs` of one that lives for `lifetime`, and the next one.
#[track_caller]
fn after(sent: &Sent, lifetime: u64, secs: u64) -> String {
    let world = world();
    world.issue("old", lifetime);
    world.issue("new", lifetime);
    assert_eq!(sent.to(&world.isolate).token(), "old");
    pass(&world, secs);
    // What is behind the response would fetch the new one for the next caller.
    sent.answer_of(&world.isolate).token().to_owned()
}

#[test]
fn six_minutes_before_its_end_a_token_is_replaced_first() {
    for (way, sent) in keepers() {
        assert_eq!(after(&sent, 3600, 3600 - 361), "old", "{way}");
        assert_eq!(after(&sent, 3600, 3600 - 359), "new", "{way}");
    }
}

#[test]
fn of_a_short_lived_token_half_the_lifetime_is_enough() {
    for (way, sent) in keepers() {
        for (lifetime, half) in [(600, 300), (60, 30)] {
            assert_eq!(after(&sent, lifetime, lifetime - half - 1), "old", "{way}: {lifetime}");
            assert_eq!(after(&sent, lifetime, lifetime - half + 1), "new", "{way}: {lifetime}");
        }
    }
}

#[test]
fn other_callers_get_the_token_in_hand() {
    let sent = Sent::get("/token?scope=r/.default");
    assert_eq!(after(&sent, 3600, 3600 - 100), "old");
    let empty = "grant_type=client_credentials&scope=r/.default&x-client-SKU=";
    let sent = Sent::post("/oauth2/v2.0/token", empty).by("Basic YzprZXk=");
    assert_eq!(after(&sent, 3600, 3600 - 100), "old");
}

#[test]
fn a_longer_min_ttl_counts() {
    let mut sent = Sent::get("/token?scope=r/.default&min_ttl=1000");
    sent.platform.is_msal = true;
    assert_eq!(after(&sent, 3600, 3600 - 1001), "old");
    assert_eq!(after(&sent, 3600, 3600 - 999), "new");
}

#[test]
fn in_an_outage_the_token_in_hand_is_better_than_none() {
    for (way, sent) in keepers() {
        let world = world();
        world.issue("old", 3600);
        assert_eq!(sent.to(&world.isolate).token(), "old");
        pass(&world, 3600 - 100);
        world.broker.servers.endpoint.answer(503, "");
        world.broker.servers.endpoint.answer(503, "");
        let response = sent.answer_of(&world.isolate);
        assert_eq!((response.status, response.token()), (200, "old"), "{way}");
        assert!(response.cache_status().starts_with("hit"), "{way}: {}", response.cache_status());
    }
}

#[test]
fn their_libraries_sleep_for_retry_after_so_it_is_short() {
    let faulty = Rc::new(isolate(&vars().with("CLIENTS", "{")));
    let waits = |sent: &Sent| {
        let world = world();
        world.broker.servers.endpoint.answer_with(429, Some("600"), "");
        [&world.isolate, &faulty]
            .map(|isolate| sent.answer_of(isolate).header("Retry-After").map(str::to_owned))
    };
    let told = |[throttled, misconfigured]: [&str; 2]| {
        [Some(throttled.to_owned()), Some(misconfigured.to_owned())]
    };
    // No library calls GET /token.
    for (way, sent) in keepers().into_iter().filter(|(_, sent)| !sent.target.starts_with("/token"))
    {
        assert_eq!(waits(&sent), told(["2", "2"]), "{way}");
    }
    assert_eq!(waits(&Sent::get("/token?scope=r/.default")), told(["600", "60"]));
    // They read the metadata first.
    let metadata = Sent::get("/t/v2.0/.well-known/openid-configuration").by_nobody();
    assert_eq!(metadata.to(&faulty).header("Retry-After"), Some("2"));
}
