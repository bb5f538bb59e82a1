//! The token endpoint's form: `authorization\ncredential\nbody`, an empty line for none.

#![no_main]

use std::rc::Rc;

use edge_token_broker::base::limits::{REQUEST_BODY_MAX_BYTES, SCOPE_MAX_BYTES};
use edge_token_broker::callers::presented::PlatformIdentity;
use edge_token_broker::config::Config;
use edge_token_broker::error::{BrokerError, RequestFault};
use edge_token_broker::http::form::Form;
use edge_token_broker::http::token::{Granted, parse_form};
use edge_token_broker_fuzz::{asked, config, line, refusal};
use libfuzzer_sys::fuzz_target;

const TYPE: Option<&str> = Some("application/x-www-form-urlencoded");
const KNOWN: [&str; 7] = [
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion_type",
    "client_assertion",
    "scope",
    "min_ttl",
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
        let body = parts.next()?;
        Some(Self { authorization: present(authorization), credential: present(credential), body })
    }

    /// What comes of it: a grant, or the error and all that anybody sees of it.
    fn outcome(&self, config: &Config) -> Result<Granted, (BrokerError, String)> {
        let mut line = line();
        let form = match Form::new(TYPE, Some(self.body)) {
            Ok(form) => form,
            Err(fault) => return Err((fault.into(), String::new())),
        };
        let request =
            parse_form(self.credential, &form, self.authorization, PlatformIdentity::default);
        let asked = asked(config, request, &mut line);
        assert!(line.scope.as_ref().is_none_or(|scope| scope.len() <= SCOPE_MAX_BYTES));
        assert!(line.client_id.as_ref().is_none_or(|id| config.client(id).is_some()));
        asked.map_err(|error| {
            let seen = refusal(&error, &line);
            (error, seen)
        })
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
    thread_local!(static CONFIG: Config = config());
    let Some(request) = Request::split(bytes) else { return };
    CONFIG.with(|config| {
        let twice = KNOWN.iter().any(|name| request.values(name) > 1);
        match request.outcome(config) {
            Ok(asked) => {
                assert!(!twice, "a parameter that comes twice is refused");
                assert_eq!(request.values("grant_type"), 1);
                assert!(config.grants().any(|grant| Rc::ptr_eq(grant, &asked.grant)));
            }
            Err((error, seen)) => {
                let duplicate = matches!(
                    error,
                    BrokerError::InvalidRequest(RequestFault::DuplicateParameter(_))
                );
                assert_eq!(duplicate, twice && request.body.len() <= REQUEST_BODY_MAX_BYTES);
                // Whatever is told about a wrong secret, it is told about any wrong secret.
                let body = request.with_another_secret();
                let wrong = matches!(error, BrokerError::InvalidClient(_));
                if wrong && body.len() <= REQUEST_BODY_MAX_BYTES {
                    let other = Request { body: body.as_bytes(), ..request }.outcome(config);
                    assert_eq!(other.expect_err("wrong as well").1, seen);
                }
            }
        }
    });
});
