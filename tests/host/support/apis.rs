//! An isolate whose client `c` may use an API.

use edge_token_broker::http::exchange::{Ended, Onward};

use super::bindings::Vars;
use super::config::DIGEST;
use super::ports::SimulatedPorts;
use super::sent::Sent;
use super::world::{World, isolate, vars};

pub(crate) const PAGE: &str = "https://board.example";
/// The fingerprint of a certificate of `c`.
pub(crate) const FINGERPRINT: &str =
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

/// A configuration with the API `graph`, which has these more fields, and with these grants of `c`.
pub(crate) fn api_vars(fields: &str, grants: &str) -> Vars {
    let clients = format!(
        r#"{{"c":{{"key_sha256":["{DIGEST}"],"mtls_sha256":["{FINGERPRINT}"],"service_binding":true,
            "origins":["{PAGE}"],"allow":[{grants}]}}}}"#
    );
    let apis = format!(
        r#"{{"graph":{{"base":"https://api.example/v1","credential":"default","scope":"s"{fields}}},
            "other":{{"base":"https://other.example","credential":"default","scope":"t"}}}}"#
    );
    vars().with("CLIENTS", &clients).with("APIS", &apis)
}

/// A world with that configuration, and a token in memory.
pub(crate) fn api_world(fields: &str, grants: &str) -> World {
    let world = World::of_api(isolate(&api_vars(fields, grants)));
    world.issue("one", 3600);
    world.obtain().0.unwrap();
    world
}

/// The world of most tests: users may be read, and one may be made.
pub(crate) fn usual() -> World {
    api_world(
        "",
        r#"{"api":"graph","paths":["users/**"]},{"api":"graph","methods":["POST"],"paths":["users"]}"#,
    )
}

/// A request for the API `graph` with this path and query.
pub(crate) fn call(target: &str) -> Sent {
    Sent::get(&format!("/api/graph{target}"))
}

/// The answer of the API ends.
pub(crate) fn end(onward: Box<Onward<SimulatedPorts>>) {
    onward.ended(Ended { request_bytes: Some(1), response_bytes: Some(2), is_cut_off: false });
}
