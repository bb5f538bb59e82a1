//! What the targets share: a valid configuration, the shipping exchange, and what every answer has to keep to.

mod exchange;
#[path = "../../tests/oracles/mod.rs"]
pub mod oracles;
mod platform;

use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::config::{Binding, Bindings, Config, Grant};

pub use exchange::{Seen, Sent, called};

/// The secret of every credential: it must not turn up anywhere.
pub const SECRET: &str = "upstream-s3cret-7f2c9e";

/// `NAME=text` and `NAME:=json`, one a line; `SECRET_A` and `SECRET_B` are always there.
pub struct Vars<'a>(pub &'a str);

impl Bindings for Vars<'_> {
    fn binding(&self, name: &str) -> Binding {
        if ["SECRET_A", "SECRET_B", "AZ_CLIENT_SECRET"].contains(&name) {
            return Binding::Text(format!("{SECRET}{name}").into());
        }
        let value = self.0.lines().find_map(|line| line.strip_prefix(name)?.split_once('='));
        match value {
            None | Some((_, "")) => Binding::Absent,
            Some(("", text)) => Binding::Text(text.to_owned().into()),
            Some((_, json)) => Binding::Json(json.to_owned()),
        }
    }
}

/// Two credentials; client `reports` (key `key`, or a service binding) with a grant of each, `batch` (key `batch`) with one.
const VALID: &str = r#"AZ_TENANT=72f988bf-86f1-41af-91ab-2d7cd011db47
AZ_CLIENT_ID=app
CREDENTIALS={"second":{"tenant":"contoso.com","client_id":"app2","client_secret":["SECRET_A","SECRET_B"]}}
CLIENTS={"reports":{"service_binding":true,"key_sha256":["2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"],"allow":[{"credential":"default","scope":"https://graph.microsoft.com/.default"},{"credential":"second","scope":"b a"}]},"batch":{"key_sha256":["4bb24efc9641afc5ded1ca77eabb6e2fcf062d2112ccd61bd8bd6acd89180bae"],"allow":[{"credential":"default","scope":"https://graph.microsoft.com/.default"}]}}"#;

/// A valid configuration.
///
/// # Panics
/// Where the broker's schema has changed and this text has not.
#[must_use]
pub fn config() -> Config {
    Config::parse(&Vars(VALID)).expect("VALID is a valid configuration")
}

/// The first grant of a configuration.
///
/// # Panics
/// Where there is none.
#[must_use]
pub fn first_grant(config: &Config) -> &Grant {
    config.grants().next().expect("VALID has grants")
}

/// When all of it happens.
pub const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

/// # Panics
/// Where `text` has the upstream secret in it.
pub fn assert_has_no_secret(text: &str) {
    assert!(!text.contains(SECRET), "a secret got out");
}
