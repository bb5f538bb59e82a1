//! `GET /token`: the first line is the key, the rest the query.

#![no_main]

use std::rc::Rc;

use edge_token_broker::base::limits::QUERY_MAX_BYTES;
use edge_token_broker::callers::presented::PlatformIdentity;
use edge_token_broker::config::Config;
use edge_token_broker::error::{BrokerError, RequestFault};
use edge_token_broker::http::token::parse_query;
use edge_token_broker_fuzz::{asked, config, line, refusal};
use libfuzzer_sys::fuzz_target;

const KNOWN: [&str; 4] = ["scope", "credential", "min_ttl", "client_id"];

fuzz_target!(|text: &str| {
    thread_local!(static CONFIG: Config = config());
    let Some((key, query)) = text.split_once('\n') else { return };
    let values = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .filter(|(known, value)| known == name && !value.is_empty())
            .count()
    };
    let twice = KNOWN.iter().any(|name| values(name) > 1);
    let header = format!("Bearer {key}");
    let parse_query = |config: &Config, query: &str, header: &str, log: &mut _| {
        asked(config, parse_query(query, Some(header), PlatformIdentity::default), log)
    };
    CONFIG.with(|config| {
        let mut log = line();
        match parse_query(config, query, &header, &mut log) {
            Ok(asked) => {
                assert!(!twice, "a parameter that comes twice is refused");
                assert!(config.grants().any(|grant| Rc::ptr_eq(grant, &asked.grant)));
                // Another key in its place gets nothing.
                assert!(parse_query(config, query, "Bearer wrong", &mut line()).is_err());
            }
            Err(error @ BrokerError::InvalidClient(_)) => {
                // Nobody unknown learns anything: not about the key, and not about the query.
                let mut other = line();
                let any =
                    parse_query(config, "", "Bearer wrong", &mut other).expect_err("a wrong key");
                if matches!(any, BrokerError::InvalidClient(presented)
                    if error == BrokerError::InvalidClient(presented))
                {
                    assert_eq!(refusal(&error, &log), refusal(&any, &other));
                }
            }
            Err(error) => {
                let _ = refusal(&error, &log);
                let duplicate = matches!(
                    error,
                    BrokerError::InvalidRequest(RequestFault::DuplicateParameter(_))
                );
                let refused_before = matches!(error, BrokerError::JwtRefused(..));
                assert_eq!(duplicate, twice && query.len() <= QUERY_MAX_BYTES && !refused_before);
            }
        }
    });
});
