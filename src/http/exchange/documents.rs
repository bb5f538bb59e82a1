//! The exchange of a public document of the broker's own issuer.

use std::rc::Rc;

use super::{Exchange, Progress};
use crate::http::ports::HttpPorts;
use crate::http::reply::Reply;
use crate::upstream::federation::documents::Documents;

impl<P: HttpPorts> Exchange<P> {
    /// Everybody may read it, and nobody is looked up.
    pub(super) fn document(mut self, choose: fn(&Documents) -> Option<&str>) -> Progress<P> {
        let isolate = Rc::clone(&self.isolate);
        let config = match isolate.config() {
            Ok(config) => config,
            Err(error) => return self.failed(&error),
        };
        let (outcome, reply) = match choose(&config.documents) {
            Some(document) => ("ok", Reply::document(document)),
            None => ("not_found", Reply::no_issuer()),
        };
        self.line.outcome = outcome;
        Progress::Done(self.read_by(None, reply))
    }
}
