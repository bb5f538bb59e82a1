//! `origins`: the pages that may read the broker's replies in a browser (Fetch standard, CORS).

use crate::base::origin::Origin;
use crate::settings::Field;
use crate::settings::{Faults, Reason};

/// The origins of a list, each as browsers send it.
pub(super) fn parse(field: Field, faults: &mut Faults) -> Vec<Origin> {
    let mut origins = Vec::new();
    for (path, text) in field.into_texts(faults) {
        origins.extend(faults.ok(path, Origin::parse(&text).map_err(|_| Reason::NotAnOrigin)));
    }
    origins
}
