//! The Worker's bindings, and what only they say.

use std::collections::BTreeMap;

use edge_token_broker::base::json::Json;
use edge_token_broker::config::{Binding, Bindings};
use secrecy::ExposeSecret;

use crate::answer::ProofView;

/// The proofs that each client lists, by client id.
pub(crate) type Proofs = BTreeMap<String, Vec<ProofView>>;

/// The Worker's bindings, as its JavaScript hands them out.
pub(crate) struct Vars(BTreeMap<String, Binding>);

impl Vars {
    pub(crate) fn parse(bindings: Json) -> Option<Self> {
        let Json::Object(entries) = bindings else { return None };
        let mut vars = BTreeMap::new();
        for (name, value) in entries {
            let [text, json, unseen] = value.into_members(["text", "json", "unseen"])?;
            let binding = match (text.and_then(Json::into_text), json.and_then(Json::into_text)) {
                (None, None) if unseen.is_some() => Binding::Unseen,
                // An empty text is no text, here and for the Worker.
                (None, None) => Binding::Absent,
                (Some(text), None) => Binding::Text(text.into()),
                (None, Some(json)) => Binding::Json(json),
                _ => return None,
            };
            vars.insert(name, binding);
        }
        Some(Self(vars))
    }

    /// Read from the table itself, which `Config::parse` has accepted. An entry has `allow`, and
    /// otherwise only proofs and their fields.
    pub(crate) fn proofs(&self) -> Proofs {
        let text = match self.binding("CLIENTS") {
            Binding::Text(text) => text.expose_secret().to_owned(),
            Binding::Json(text) => text,
            _ => return Proofs::new(),
        };
        let Ok(Json::Object(clients)) = Json::parse(text.as_bytes()) else {
            return Proofs::new();
        };
        clients.into_iter().map(|(id, entry)| (id, ways(entry))).collect()
    }
}

impl Bindings for Vars {
    fn binding(&self, name: &str) -> Binding {
        self.0.get(name).cloned().unwrap_or(Binding::Absent)
    }
}

fn ways(entry: Json) -> Vec<ProofView> {
    let Json::Object(fields) = entry else { return Vec::new() };
    fields
        .into_iter()
        .filter(|(name, _)| !matches!(name.as_str(), "allow" | "origins"))
        .filter(|(_, value)| !matches!(value, Json::Bool(false)))
        .map(|(field, value)| {
            let listed = if let Json::List(items) = value { Some(items.len()) } else { None };
            ProofView { field, listed }
        })
        .collect()
}
