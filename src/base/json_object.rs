//! Writes JSON objects, member by member.
//!
//! `Serialize` of serde would be more code in the wasm, for each type that is written.

/// The JSON text `text`, in quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    // Text is always JSON.
    serde_json::to_string(text).unwrap_or_default()
}

/// An object that is being written. Its names need no escape.
#[derive(Debug, Default)]
pub struct JsonObject(String);

impl JsonObject {
    /// Adds a text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.member(name, &quoted(text));
    }

    /// Adds those of `members` that have a text.
    pub fn texts(&mut self, members: &[(&str, Option<&str>)]) {
        for (name, text) in members {
            if let Some(text) = text {
                self.text(name, text);
            }
        }
    }

    /// Adds a number, if there is one.
    pub fn number(&mut self, name: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.member(name, &number.to_string());
        }
    }

    /// Adds a list of JSON texts, if it has any.
    pub fn list(&mut self, name: &str, items: &[String]) {
        if !items.is_empty() {
            self.member(name, &["[", &items.join(","), "]"].concat());
        }
    }

    /// Adds a JSON text.
    pub fn member(&mut self, name: &str, json: &str) {
        let begin = if self.0.is_empty() { "{\"" } else { ",\"" };
        for part in [begin, name, "\":", json] {
            self.0.push_str(part);
        }
    }

    /// The text of the object. It has at least one member.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
