//! The request id of a token request: that of a header, else the one in the form, as MSAL Node sends it.

use crate::support::clock::run;
use crate::support::sent::{Sent, settled};
use crate::support::world::World;

const GOOD: &str = "grant_type=client_credentials&client_id=c&client_secret=key";

/// Status, and the id in the answer, which is that of the log.
fn sent(header: Option<&'static str>, form: &str) -> (u16, String) {
    let world = World::new();
    world.issue("one", 3600);
    let sent = Sent { request_id: header, ..Sent::post("/oauth2/v2.0/token", form).by_nobody() };
    let answered = run(settled(sent.begin(&world.isolate)));
    if let Some(work) = answered.follow_up {
        run(work);
    }
    let id = answered.request_id.as_str().to_owned();
    assert_eq!(world.logged().get("request_id").unwrap(), id.as_str());
    (answered.reply.status, id)
}

fn is_fresh(id: &str) -> bool {
    id.len() == 36 && id.contains("-4")
}

#[test]
fn the_one_in_the_form_counts_where_no_header_has_a_valid_one() {
    let form = &format!("client-request-id=form&{GOOD}");
    assert_eq!(sent(None, form), (200, "form".into()));
    assert_eq!(sent(Some("two words"), form), (200, "form".into()));
    assert_eq!(sent(Some("header"), form), (200, "header".into()));
    assert_eq!(sent(None, &format!("{GOOD}&client-request-id=%66orm")), (200, "form".into()));
}

#[test]
fn an_invalid_one_in_the_form_is_none() {
    for id in ["", "two+words", "caf%C3%A9", "a%0Ab", &"x".repeat(65)] {
        let (status, id) = sent(None, &format!("{GOOD}&client-request-id={id}"));
        assert!(status == 200 && is_fresh(&id), "{id}");
    }
}

#[test]
fn a_refused_request_has_it_as_well() {
    for (status, form) in [
        (401, "grant_type=client_credentials&client_id=c&client_secret=wrong"),
        (401, "grant_type=client_credentials"),
        (400, "client_id=c&client_secret=key"),
        (400, "grant_type=password&client_id=c&client_secret=key"),
        (400, "grant_type=client_credentials&client_secret=key"),
        (400, &format!("{GOOD}&client_assertion=x")),
        (400, &format!("{GOOD}&scope=other")),
    ] {
        assert_eq!(sent(None, &format!("{form}&client-request-id=form")), (status, "form".into()));
    }
}

#[test]
fn a_form_that_is_not_understood_has_none() {
    let twice = "client-request-id=a&client-request-id=b";
    for form in [twice, "client-request-id=a&scope=s&scope=s"] {
        let (status, id) = sent(None, form);
        assert!(status == 400 && is_fresh(&id), "{id}");
    }
}

#[test]
fn a_query_and_the_form_of_another_route_have_none() {
    let world = World::new();
    world.issue("one", 3600);
    let get = Sent::get("/token?client-request-id=query");
    let report = Sent::post("/revoke", "token=t&client-request-id=form");
    for sent in [get, report] {
        let sent = Sent { request_id: None, ..sent };
        assert!(is_fresh(run(settled(sent.begin(&world.isolate))).request_id.as_str()));
    }
}
