//! Request parameters (RFC 6749 §3.2), form-urlencoded in a body or a query.

use std::borrow::Cow;

use crate::error::RequestFault;

/// The known parameters of a request; those that it does not know are ignored (RFC 6749 §3.2).
///
/// `N` names in a fixed order; [`Parameters::take`] hands each value out once.
pub struct Parameters<'a, const N: usize> {
    values: [(&'static str, Option<Cow<'a, str>>); N],
}

impl<'a, const N: usize> Parameters<'a, N> {
    /// Parses `encoded`, keeping the parameters in `names`.
    ///
    /// A parameter without a value counts as omitted (RFC 6749 §3.2).
    ///
    /// # Errors
    /// [`RequestFault::DuplicateParameter`] where one of `names` comes twice (RFC 6749 §3.2).
    pub fn parse(encoded: &'a [u8], names: [&'static str; N]) -> Result<Self, RequestFault> {
        let mut values = names.map(|name| (name, None));
        for (name, value) in form_urlencoded::parse(encoded) {
            let Some((name, slot)) = values.iter_mut().find(|(known, _)| *known == name) else {
                continue;
            };
            if value.is_empty() {
                continue;
            }
            if slot.replace(value).is_some() {
                return Err(RequestFault::DuplicateParameter(name));
            }
        }
        Ok(Self { values })
    }

    /// Takes the value of `name` out.
    pub fn take(&mut self, name: &'static str) -> Option<Cow<'a, str>> {
        self.values.iter_mut().find(|(known, _)| *known == name).and_then(|(_, value)| value.take())
    }
}
