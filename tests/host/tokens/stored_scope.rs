//! What came to the stored formats later: the record of a token with another scope than its grant's,
//! and the token key of a token with the client capability. Pinned byte for byte, as in
//! `stored_format.rs`.

use std::rc::Rc;

use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::{Config, Grant};
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::tokens::coordinator::message::TokenId;
use edge_token_broker::tokens::record::{OpenError, open_for, seal_for};
use edge_token_broker::tokens::token::CachedToken;

use crate::support::config::{GRAPH, clients, valid};
use crate::support::tokens::token;

/// Computed once by another implementation (Python: `hmac`, `hashlib`, and RFC 8439 by hand).
const PINNED_RECORD: &str = "03242424242424242424242424242424242424242424242424d3b440c11403308387c7fbcb228f98b59cb5f236a2f92cfc2d6408e0e4783da94f630aaac5879b41ffa7042c6753ed0d24c1bf0c5c3e692f7a7778ce497f941fb1e8dd789c1a37c4a02843ae7286";

/// The configuration of a grant for [`GRAPH`], without `cae` or with it.
fn config(cae: bool) -> Config {
    let clients = clients().replace(r#""scope""#, &format!(r#""cae":{cae},"scope""#));
    let vars = valid().with("AZ_TENANT", "contoso.com").with("CLIENTS", &clients);
    Config::parse(&vars).unwrap()
}

fn grants(config: &Config) -> Vec<Rc<Grant>> {
    config.grants().map(Rc::clone).collect()
}

fn sample(scope: Option<&str>) -> CachedToken {
    let mut token = token("eyJ0", UnixMillis(1_700_000_000_000), Millis::from_secs(3599));
    token.ext_expires_at = Some(UnixMillis(1_700_000_003_599_000));
    token.scope = scope.map(|scope| Rc::new(ScopeSet::parse(scope).unwrap()));
    token.with_generation(3)
}

#[test]
fn the_record_of_a_token_with_another_scope_is_pinned() {
    let grant = &grants(&config(false))[0];
    let token = sample(Some("read write"));
    let sealed = seal_for(grant, &token, [0x24; 24]);
    assert_eq!(base16ct::lower::encode_string(&sealed), PINNED_RECORD);
    assert_eq!(open_for(grant, &sealed), Ok(token));
}

#[test]
fn a_token_with_the_scope_of_its_grant_is_stored_as_ever() {
    let grant = &grants(&config(false))[0];
    let as_granted = sample(Some(GRAPH)).requested_for(&grant.scope);
    assert_eq!(as_granted, sample(None));
    assert_eq!(seal_for(grant, &as_granted, [0x24; 24])[0], 2);
}

#[test]
fn a_record_with_a_scope_opens_whole_or_not_at_all() {
    let grant = &grants(&config(false))[0];
    let sealed = seal_for(grant, &sample(Some("a")), [0x24; 24]);
    for length in 1..sealed.len() {
        assert_eq!(open_for(grant, &sealed[..length]), Err(OpenError::NotAuthentic));
    }
    let mut as_version_2 = sealed;
    as_version_2[0] = 2;
    assert_eq!(open_for(grant, &as_version_2), Err(OpenError::NotAuthentic));
}

#[test]
fn the_capability_is_in_the_token_key_and_changes_no_other_key() {
    let plain = grants(&config(false));
    let both = grants(&config(true));
    let names: Vec<_> = both.iter().map(|grant| grant.token_key.kv_name()).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], plain[0].token_key.kv_name());
    assert_eq!(
        names,
        [
            "token:c9ed125ad451d7c8a84a2c91b3f016d0a04fef977e09010ab48793078f0ee08f",
            "token:996ea2f11649c40d6aa63d78df70a75f002d5e6089516d103326b1354fd4aaf3",
        ]
    );
    assert_eq!([both[0].capability, both[1].capability], [false, true]);
}

#[test]
fn a_coordinator_finds_the_grant_with_the_capability_by_its_token_key() {
    // Also where no client of its own configuration has it: those of the registry may.
    for cae in [false, true] {
        let config = config(cae);
        for grant in grants(&self::config(true)) {
            let found = TokenId::of(&grant).grant(&config).unwrap();
            assert_eq!(found.token_key, grant.token_key);
            assert_eq!(found.capability, grant.capability);
        }
    }
}
