//! The exchange of a public document.

use std::rc::Rc;

use super::{Exchange, Progress};
use crate::base::origin::public_origin;
use crate::config::Config;
use crate::http::metadata;
use crate::http::ports::HttpPorts;
use crate::http::reply::Reply;

impl<P: HttpPorts> Exchange<P> {
    /// The metadata, for a caller that has reached the broker at `url`.
    pub(super) fn metadata(self, url: &str, tenant: &str, version: &str) -> Progress<P> {
        self.document(&|config| {
            let own = [&public_origin(url), config.base_path.as_str()].concat();
            metadata::document(&own, tenant, version, config.published.issuer.as_deref())
        })
    }

    /// The public keys of the broker's own issuer.
    pub(super) fn public_keys(self) -> Progress<P> {
        self.document(&|config| config.published.keys.clone())
    }

    /// Everybody may read it, and nobody is looked up. While the configuration has a fault there is no
    /// document: others would keep it for an hour, and its issuer may be what has the fault.
    fn document(mut self, make: &dyn Fn(&Config) -> String) -> Progress<P> {
        let isolate = Rc::clone(&self.isolate);
        let document = match isolate.config() {
            Ok(config) => make(config),
            Err(error) => return self.failed(&error),
        };
        self.line.outcome = "ok";
        Progress::Done(self.read_by(None, Reply::document(document)))
    }
}
