//! The form body of a token request (RFC 6749 §4.4.2, RFC 7521 §4.2).

use zeroize::Zeroizing;

use super::server::{Order, Presented};

/// What says that a client assertion is a JWT (RFC 7523 §2.2).
pub const JWT_BEARER_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A form that holds a secret. It has its full capacity from the start: a growing string would leave
/// copies of the secret behind.
pub struct SecretForm(form_urlencoded::Serializer<'static, String>);

impl SecretForm {
    /// An empty form with room for `texts`, each of which may be percent-encoded, and for the names.
    #[must_use]
    pub fn with_room_for(texts: &[&str]) -> Self {
        let room = texts.iter().fold(512_usize, |sum, text| {
            sum.saturating_add(text.len().saturating_mul(3)).saturating_add(32)
        });
        Self(form_urlencoded::Serializer::new(String::with_capacity(room)))
    }

    /// Adds a parameter. An empty one counts as omitted (RFC 6749 §3.2), so it is left out.
    pub fn add(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.0.append_pair(name, value);
        }
    }

    /// Adds what proves the client's identity in a body (RFC 6749 §2.3.1, RFC 7523 §2.2).
    pub fn add_proof(&mut self, presented: &Presented<'_>) {
        match presented {
            Presented::Secret(secret) => self.add("client_secret", secret),
            Presented::Assertion(assertion) => {
                self.add("client_assertion_type", JWT_BEARER_ASSERTION);
                self.add("client_assertion", assertion);
            }
        }
    }

    /// Adds the scope, the claims, and the fixed parameters.
    pub fn add_order(&mut self, order: &Order<'_>) {
        self.add("scope", order.scope.as_str());
        self.add("claims", order.claims.unwrap_or_default());
        for (name, value) in order.parameters {
            self.add(name, value);
        }
    }

    /// The body.
    #[must_use]
    pub fn finish(mut self) -> Zeroizing<String> {
        Zeroizing::new(self.0.finish())
    }
}

impl Presented<'_> {
    /// The text that is sent.
    #[must_use]
    pub const fn text(&self) -> &str {
        match self {
            Self::Secret(text) | Self::Assertion(text) => text,
        }
    }
}

impl Order<'_> {
    /// An empty form with room for this order and `presented`.
    #[must_use]
    pub fn form(&self, presented: &Presented<'_>) -> SecretForm {
        let mut texts = vec![
            self.client_id,
            presented.text(),
            self.scope.as_str(),
            self.claims.unwrap_or_default(),
        ];
        for (name, value) in self.parameters {
            texts.extend([name.as_str(), value.as_str()]);
        }
        SecretForm::with_room_for(&texts)
    }
}
