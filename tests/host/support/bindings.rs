//! Bindings in memory.

use std::collections::BTreeMap;

use edge_token_broker::config::{Binding, Bindings};

/// Text vars and secrets; a value that begins with `json:` is a table, and `stored:` is in Secrets Store.
#[derive(Clone, Default)]
pub(crate) struct Vars(BTreeMap<String, String>);

impl Vars {
    pub(crate) fn of(vars: &[(&str, &str)]) -> Self {
        Self(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl Bindings for Vars {
    fn binding(&self, name: &str) -> Binding {
        match self.0.get(name) {
            None => Binding::Absent,
            Some(text) if text.is_empty() => Binding::Absent,
            Some(text) if text == "stored:" => Binding::Stored,
            Some(text) => match text.strip_prefix("json:") {
                Some(json) => Binding::Json(json.to_owned()),
                None => Binding::Text(text.clone().into()),
            },
        }
    }
}
