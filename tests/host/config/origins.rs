//! `origins`: normalized as browsers do it, and what no browser sends.

use super::clients::proving;
use crate::support::bindings::Vars;
use crate::support::config::assert_faults;
use edge_token_broker::callers::registry::OwnerKey;
use edge_token_broker::config::Config;

/// What is listed, and what a browser sends.
const SPELLINGS: [(&str, &str); 11] = [
    ("https://app.example", "https://app.example"),
    ("https://app.example:443", "https://app.example"),
    ("https://app.example:0443", "https://app.example"),
    ("https://app.example/", "https://app.example"),
    ("HTTPS://App.Example", "https://app.example"),
    ("https://app.example:8443", "https://app.example:8443"),
    ("https://app.example:80", "https://app.example:80"),
    ("http://localhost:80", "http://localhost"),
    ("http://localhost:443", "http://localhost:443"),
    ("http://[::1]:80", "http://[::1]"),
    ("https://[2001:DB8::1:0:0:1]:8443", "https://[2001:db8::1:0:0:1]:8443"),
];

fn listing(origin: &str) -> Vars {
    proving(&format!(r#""service_binding":true,"origins":["{origin}"]"#))
}

#[test]
fn an_origin_is_what_a_browser_makes_of_it() {
    for (listed, sent) in SPELLINGS {
        let config = Config::parse(&listing(listed)).unwrap();
        assert!(config.lists_origin(sent), "{listed}");
        assert!(listed == sent || !config.lists_origin(listed), "{listed}");
    }
}

#[test]
fn an_entry_of_the_registry_is_found_by_what_a_browser_sends() {
    for (listed, sent) in SPELLINGS {
        let json = format!(r#"{{"origins":["{listed}"]}}"#);
        let names: Vec<_> = OwnerKey::all_of(json.as_bytes()).iter().map(OwnerKey::name).collect();
        assert_eq!(names, [format!("origin:{sent}")]);
    }
    assert_eq!(OwnerKey::all_of(br#"{"origins":["*","null",7,"https://a.example/x"]}"#), []);
}

#[test]
fn what_no_browser_sends_is_a_fault() {
    let fault = "CLIENTS.reports.origins[0]: must be an origin such as https://app.example: no path, \
         no *, other letters than a to z as punycode (xn--)";
    for origin in [
        "*",
        "null",
        "app.example",
        "https://app.example/x",
        "https://app.example//",
        "https://app.example:",
        "https://app.example:+443",
        "https://app.example:65536",
        "https://user@app.example",
        "https://app.example?",
        "http://app.example",
        "https://*.example",
        "https://büro.example",
        "https://app%2eexample",
        // A browser makes 127.0.0.1 of each.
        "https://127.1",
        "https://192.0.2.1.",
        "https://0x7f.0.0.1",
        "https://127.0.0.01",
        "https://2130706433",
        // A browser makes these addresses shorter.
        "http://[0:0:0:0:0:0:0:1]:3000",
        "https://[2001:db8::0:1]",
        "https://[2001:db8:0::1]",
        "https://[2001:0db8::1]",
        "https://[0db8::1]",
        "https://[0::1]",
        "https://[1:2:3:4:5:6::0]",
        "https://[1:2:3:4:5:6:7::]",
        "https://[::2:3:4:5:6:7:8]",
        "https://[1:0:0:2::3:4]",
        "https://[::ffff:192.0.2.1]",
    ] {
        assert_faults(&listing(origin), &[fault]);
    }
}
