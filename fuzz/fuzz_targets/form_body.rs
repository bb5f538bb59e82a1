//! The token endpoint's form: `authorization\ncredential\nbody`, an empty line for none.

#![no_main]

use edge_token_broker::base::limits::REQUEST_BODY_MAX_BYTES;
use edge_token_broker::base::origin::is_path_safe;
use edge_token_broker_fuzz::{Seen, Sent};
use libfuzzer_sys::fuzz_target;

/// The parameters that may not come twice. Only `resource` and `audience` may.
const KNOWN: [&str; 16] = [
    "authorization_details",
    "claims",
    "client-request-id",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "credential",
    "fmi_path",
    "grant_type",
    "min_ttl",
    "organization",
    "req_cnf",
    "scope",
    "token_type",
    "x-client-SKU",
];
const ANOTHER_WRONG_KEY: &str = "another wrong key";

struct Request<'a> {
    authorization: Option<&'a str>,
    credential: Option<&'a str>,
    body: &'a [u8],
}

impl<'a> Request<'a> {
    fn split(bytes: &'a [u8]) -> Option<Self> {
        let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
        let mut line = || std::str::from_utf8(parts.next()?).ok();
        let (authorization, credential) = (line()?, line()?);
        let present = |text: &'a str| (!text.is_empty()).then_some(text);
        // Anything else in its place is another route.
        if !credential.is_empty() && !is_path_safe(credential) {
            return None;
        }
        let body = parts.next()?;
        Some(Self { authorization: present(authorization), credential: present(credential), body })
    }

    fn seen(&self) -> Seen {
        let credential = self.credential.map(|name| format!("/{name}")).unwrap_or_default();
        let target = format!("{credential}/oauth2/v2.0/token");
        let Self { authorization, body, .. } = *self;
        Sent {
            method: "POST",
            target: &target,
            authorization,
            identity_header: None,
            form: Some(body),
        }
        .seen()
    }

    fn values(&self, name: &str) -> usize {
        let pairs = form_urlencoded::parse(self.body);
        pairs.filter(|(known, value)| known == name && !value.is_empty()).count()
    }

    /// The same body with another secret in it.
    fn with_another_secret(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(self.body) {
            let secret = name == "client_secret" && !value.is_empty();
            form.append_pair(&name, if secret { ANOTHER_WRONG_KEY } else { &value });
        }
        form.finish()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some(request) = Request::split(bytes) else { return };
    let twice = KNOWN.iter().any(|name| request.values(name) > 1);
    let seen = request.seen();
    if seen.status == 200 {
        assert!(!twice, "a parameter that comes twice is refused");
        assert_eq!(request.values("grant_type"), 1);
        return;
    }
    assert_eq!(seen.is_duplicate(), twice && request.body.len() <= REQUEST_BODY_MAX_BYTES);
    // Whatever is told about a wrong secret, it is told about any wrong secret.
    let body = request.with_another_secret();
    if seen.is_wrong_client() && body.len() <= REQUEST_BODY_MAX_BYTES {
        assert_eq!(Request { body: body.as_bytes(), ..request }.seen(), seen);
    }
});
