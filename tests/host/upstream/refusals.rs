//! What an error response of Entra is about: its number decides, then its word. And what is told of
//! it.

use crate::support::sent::{Response, Sent};
use crate::support::world::World;
use edge_token_broker::upstream::answer::Meaning;
use edge_token_broker::upstream::entra::aadsts::NUMBERS;
use serde_json::Value;

const TOKEN_REQUEST: &str = "grant_type=client_credentials&client_id=c&client_secret=key&scope=s";

/// An error response in Entra's form, with its number in both places.
fn entra(error: &str, number: u32) -> String {
    format!(
        r#"{{"error":"{error}","error_description":"AADSTS{number}: Words of Entra.","error_codes":[{number}],"trace_id":"tr"}}"#
    )
}

/// What a caller of the token endpoint gets, and how many upstream requests that took. Upstream
/// gives `answer`, and a token for another secret.
fn told(status: u16, answer: &str) -> (Response, usize) {
    let world = World::with_secrets("first", "second");
    world.broker.servers.endpoint.answer(status, answer);
    world.issue("by the other secret", 3600);
    let sent = Sent { authorization: None, ..Sent::post("/oauth2/v2.0/token", TOKEN_REQUEST) };
    (sent.to(&world.isolate), world.upstream_requests())
}

fn description(response: &Response) -> &str {
    response.body.get("error_description").and_then(Value::as_str).unwrap()
}

/// Numbers that say that another secret, certificate or assertion may be good.
const ABOUT_THE_SECRET: [u32; 16] = [
    50012, 70002, 70021, 700_021, 700_024, 700_027, 700_030, 700_211, 700_212, 700_213, 1_000_502,
    7_000_214, 7_000_215, 7_000_222, 7_000_274, 7_000_277,
];

const ABOUT_THE_SCOPE: [u32; 15] = [
    28002, 28003, 50001, 65005, 70011, 90009, 500_011, 500_014, 650_052, 650_054, 650_056, 650_057,
    700_022, 700_023, 1_002_012,
];

#[test]
fn another_secret_is_tried_where_another_secret_can_help() {
    for number in ABOUT_THE_SECRET {
        for (status, error) in [(401, "invalid_client"), (400, "invalid_grant"), (200, "x")] {
            let (response, requests) = told(status, &entra(error, number));
            assert_eq!((response.status, requests), (200, 2), "{number} {error}");
        }
    }
}

#[test]
fn a_fault_of_the_scope_is_invalid_scope_whatever_the_word() {
    for number in ABOUT_THE_SCOPE {
        for (status, error) in
            [(401, "invalid_client"), (400, "invalid_request"), (400, "unauthorized_client")]
        {
            let (response, requests) = told(status, &entra(error, number));
            assert_eq!((response.status, requests), (400, 1), "{number} {error}");
            assert_eq!(response.error(), "invalid_scope", "{number} {error}");
            assert!(description(&response).starts_with(&format!("AADSTS{number}: ")));
        }
    }
}

#[test]
fn the_number_decides_before_the_word_invalid_client() {
    for number in [
        50105, 501_051, 53003, 65001, 70001, 90002, 90094, 530_032, 650_059, 700_011, 700_016,
        700_025, 900_023, 1_000_031, 7_000_112, 7_000_218, 7_000_229,
    ] {
        let (response, requests) = told(401, &entra("invalid_client", number));
        assert_eq!((response.status, requests), (502, 1), "{number}");
        assert!(!description(&response).contains("check the tenant, client id and client secret"));
    }
    for number in [90033, 50196] {
        let (response, _) = told(401, &entra("invalid_client", number));
        assert!(matches!(response.status, 200 | 503), "{number}: {}", response.status);
    }
}

#[test]
fn without_a_number_or_with_an_unknown_one_the_word_decides() {
    for (error, status, requests) in [
        ("invalid_client", 200, 2),
        ("invalid_scope", 400, 1),
        ("invalid_resource", 400, 1),
        ("invalid_target", 400, 1),
        ("unauthorized_client", 502, 1),
        ("invalid_request", 502, 1),
        ("something_new", 502, 1),
        // A server that throttles, such as another broker.
        ("slow_down", 503, 1),
    ] {
        for number in ["", r#","error_codes":[4711]"#, r#","error_codes":[4711,0]"#] {
            let body = format!(r#"{{"error":"{error}"{number}}}"#);
            let (response, asked) = told(400, &body);
            assert_eq!((response.status, asked), (status, requests), "{body}");
        }
    }
}

#[test]
fn the_first_number_that_is_known_decides() {
    let body = r#"{"error":"invalid_grant","error_codes":[4711,7000222]}"#;
    assert_eq!(told(400, body).1, 2);
    let body = r#"{"error":"invalid_client","error_codes":[4711,700016,7000222]}"#;
    assert_eq!(told(400, body).1, 1);
}

#[test]
fn the_number_in_the_description_decides_where_error_codes_has_none() {
    for codes in ["", r#","error_codes":[]"#, r#","error_codes":null"#, r#","error_codes":"none""#]
    {
        for description in
            ["AADSTS650057: Invalid resource.", "ERROR: AADSTS650057: no AADSTS7000215"]
        {
            let body = format!(
                r#"{{"error":"invalid_client","error_description":"{description}"{codes}}}"#
            );
            let (response, requests) = told(401, &body);
            assert_eq!((response.error(), requests), ("invalid_scope", 1), "{body}");
            assert_eq!(response.body["error_codes"][0], 650_057, "{body}");
        }
        let body = format!(
            r#"{{"error":"invalid_request","error_description":"AADSTS7000222: expired."{codes}}}"#
        );
        assert_eq!(told(400, &body).1, 2, "{body}");
    }
}

#[test]
fn error_codes_decide_before_the_description() {
    let body = r#"{"error":"invalid_client","error_codes":[700016],
                   "error_description":"AADSTS7000215: of something else"}"#;
    assert_eq!(told(401, body).1, 1);
}

#[test]
fn an_error_body_is_an_error_whatever_the_status() {
    for status in [200, 201, 203, 400, 401, 403, 404, 408, 500, 502, 503] {
        let (response, requests) = told(status, &entra("invalid_client", 7_000_222));
        assert_eq!((response.status, requests), (200, 2), "{status}");
        let (response, requests) = told(status, &entra("invalid_request", 90002));
        assert_eq!((response.status, requests), (502, 1), "{status}");
        assert_eq!(response.body["error_codes"][0], 90002, "{status}");
        assert_eq!(response.body["trace_id"], "tr", "{status}");
        assert!(description(&response).contains("AADSTS90002, trace id tr"), "{status}");
        let (response, requests) = told(status, &entra("invalid_client", 650_057));
        assert_eq!((response.error(), requests), ("invalid_scope", 1), "{status}");
    }
    for error in ["invalid_client", "invalid_scope"] {
        let (response, _) = told(200, &format!(r#"{{"error":"{error}"}}"#));
        assert!(matches!(response.status, 200 | 400), "{error}: {}", response.status);
        assert!(!response.body.to_string().contains("access_token missing"), "{error}");
    }
}

#[test]
fn an_error_beside_a_token_is_an_error() {
    let body =
        r#"{"error":"invalid_scope","access_token":"t","token_type":"Bearer","expires_in":9000}"#;
    assert_eq!(told(200, body).0.error(), "invalid_scope");
    let body = r#"{"error":"","access_token":"t","token_type":"Bearer","expires_in":9000}"#;
    assert_eq!(told(200, body).0.token(), "t");
}

#[test]
fn what_an_answer_without_an_oauth_error_says_is_relayed() {
    for (body, number) in [
        (r#"{"error_codes":[90002],"trace_id":"tr"}"#, 90002),
        (r#"{"error":{"code":"invalid_client","message":"AADSTS90002: Tenant not found"}}"#, 90002),
        (r#"{"error_description":"AADSTS90002: Tenant not found","trace_id":"tr"}"#, 90002),
        ("<p>AADSTS900561: The endpoint only accepts POST</p>", 900_561),
        ("AADSTS90002", 90002),
    ] {
        for status in [200, 400, 404] {
            let (response, requests) = told(status, body);
            assert_eq!((response.status, requests), (502, 1), "{status} {body}");
            assert_eq!(response.body["error_codes"][0], number, "{status} {body}");
            let told = description(&response);
            assert!(told.contains(&format!("AADSTS{number}")) && !told.contains("<p>"), "{told}");
        }
    }
    // Without an error and without a number, its ids.
    let world = World::new();
    for _ in 0..2 {
        world.broker.servers.endpoint.answer(403, r#"{"trace_id":"tr","correlation_id":"co"}"#);
    }
    let response = world.request();
    assert_eq!((response.status, response.error()), (502, "server_error"));
    assert_eq!(
        (&response.body["trace_id"], &response.body["correlation_id"]),
        (&"tr".into(), &"co".into())
    );
    assert_eq!(world.logged()["trace_id"], "tr");
}

#[test]
fn the_advice_is_the_cause() {
    for (number, words) in [
        (501_051, "role"),
        (50105, "role"),
        (530_032, "policy"),
        (53003, "Conditional Access"),
        (530_035, "security defaults"),
        (700_016, "does not know the application"),
        (700_011, "does not know the application"),
        (7_000_112, "disabled"),
        (7_000_215, "the client secret is wrong"),
        (7_000_222, "has expired"),
        (7_000_229, "service principal"),
        (90002, "tenant does not exist"),
        (900_023, "tenant"),
        (50059, "tenant"),
        (50128, "tenant"),
        (5_000_224, "support"),
        (500_021, "tenant"),
        (500_212, "cross-tenant"),
        (65001, "consent"),
        (90094, "consent"),
        (90038, "cloud"),
        (700_025, "public client"),
        (650_059, "only"),
        (100_007, "region"),
        (700_027, "certificate"),
        (700_024, "assertion"),
        (700_213, "federated"),
        (90112, "client id"),
        (65002, "of your own"),
        (900_144, "request"),
        (901_002, "request"),
    ] {
        let world = World::new();
        // Some refusals have a retry.
        for _ in 0..2 {
            world.broker.servers.endpoint.answer(401, &entra("invalid_client", number));
        }
        let response = world.request();
        let told = description(&response);
        assert!(told.contains(words), "{number}: {told}");
        assert!(told.contains(&format!("(AADSTS{number}, trace id tr)")), "{told}");
        assert!(!told.contains("Words of Entra"), "{told}");
    }
}

#[test]
fn each_number_has_one_meaning_and_each_refusal_an_advice() {
    let mut numbers: Vec<_> = NUMBERS.iter().flat_map(|(_, _, numbers)| *numbers).collect();
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]));
    for (meaning, advice, _) in NUMBERS {
        let refused = matches!(meaning, Meaning::Refused | Meaning::ProofRefused | Meaning::NotYet);
        assert_eq!(!advice.is_empty(), refused, "{meaning:?} {advice}");
        assert!(advice.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
    }
}

#[test]
fn of_an_unknown_number_the_caller_gets_entras_words_and_where_to_look_it_up() {
    for number in [4711, 7_000_279, 999_999_999] {
        let (response, _) = told(400, &entra("unauthorized_client", number));
        let told = description(&response);
        assert!(told.contains(&format!("AADSTS{number}: Words of Entra.")), "{told}");
        let url = format!("https://login.microsoftonline.com/error?code={number}");
        assert!(told.contains(&url), "{told}");
        assert!(!told.contains("client secret"), "{told}");
    }
    let (response, _) = told(400, r#"{"error":"odd","error_description":"Odd \"words\"\r\nhere"}"#);
    let told = description(&response);
    assert!(told.contains("odd") && told.contains("Odd 'words' here"), "{told}");
    assert!(!told.contains("client secret") && !told.contains("error?code="), "{told}");
}

#[test]
fn a_refused_scope_without_words_has_its_number_and_where_to_look_it_up() {
    let (response, _) = told(400, r#"{"error":"invalid_scope","error_codes":[70011]}"#);
    let told = description(&response);
    assert!(told.contains("AADSTS70011"), "{told}");
    assert!(told.contains("https://login.microsoftonline.com/error?code=70011"), "{told}");
}
