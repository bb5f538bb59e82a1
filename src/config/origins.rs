//! `origins`: the pages that may read the broker's replies in a browser (Fetch standard, CORS).

use super::fault::{Faults, Reason};
use super::json::Field;
use crate::base::origin::Origin;

pub(super) fn parse(field: Field, faults: &mut Faults) -> Vec<String> {
    let mut origins = Vec::new();
    for field in field.into_list(faults).unwrap_or_default() {
        let path = field.path.clone();
        let Some(text) = field.into_text(faults) else { continue };
        // Browsers send an origin in lower case, with nothing after host and port.
        let is_origin = Origin::parse(&text).is_ok_and(|origin| origin.as_str() == text);
        origins.extend(faults.ok(path, is_origin.then_some(text).ok_or(Reason::NotAnOrigin)));
    }
    origins
}
