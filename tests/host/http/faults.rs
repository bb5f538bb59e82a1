//! A faulty configuration in the log: anybody can make requests, and none of them chooses how much
//! the log takes.

use std::fmt::Write as _;
use std::rc::Rc;

use serde_json::Value;

use crate::support::sent::Sent;
use crate::support::world::{SimulatedIsolate, isolate, vars};

const FAULTS: usize = 300;

/// An isolate whose configuration has [`FAULTS`] faults: as many clients without a proof.
fn faulty() -> Rc<SimulatedIsolate> {
    let clients = (0..FAULTS).fold(String::new(), |mut clients, n| {
        let grant = r#"[{"credential":"default","scope":"s"}]"#;
        let _ = write!(clients, r#","c{n}":{{"allow":{grant}}}"#);
        clients
    });
    Rc::new(isolate(&vars().with("CLIENTS", &format!("{{{}}}", &clients[1..]))))
}

/// The lines of requests of somebody without a proof, one of each kind.
fn lines(isolate: &Rc<SimulatedIsolate>) -> Vec<Value> {
    for sent in [
        Sent { authorization: None, ..Sent::default() },
        Sent::get("/readyz"),
        Sent::post("/oauth2/v2.0/token", "grant_type=client_credentials"),
        Sent::post("/revoke", "token=t"),
    ] {
        assert_eq!(sent.to(isolate).status, 503);
    }
    isolate.log.sink.lines.borrow_mut().drain(..).collect()
}

fn listed(line: &Value) -> usize {
    line["faults"].as_array().unwrap().len()
}

#[test]
fn an_isolate_lists_all_faults_once_and_then_the_first_and_their_number() {
    let isolate = faulty();
    let told = lines(&isolate);
    assert_eq!(listed(&told[0]), FAULTS);
    for line in told.iter().skip(1).chain(&lines(&isolate)) {
        assert_eq!((listed(line), &line["faults"][0]), (1, &told[0]["faults"][0]));
        assert!(line.to_string().len() < 500, "{line}");
    }
    for line in &told {
        assert_eq!(line["faults_count"], FAULTS);
        assert_eq!((&line["outcome"], &line["level"]), (&"misconfigured".into(), &"error".into()));
    }
}

#[test]
fn another_isolate_lists_them_again() {
    for _ in 0..2 {
        assert_eq!(listed(&lines(&faulty())[0]), FAULTS);
    }
}

#[test]
fn without_faults_no_line_counts_them() {
    let isolate = Rc::new(isolate(&vars()));
    Sent::default().by("Bearer wrong").to(&isolate);
    let line = isolate.log.sink.lines.borrow()[0].clone();
    assert_eq!((line.get("faults"), line.get("faults_count")), (None, None));
}
