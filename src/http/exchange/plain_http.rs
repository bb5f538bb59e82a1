//! A proof that came over plain http: others could read it on its way.

use super::{Exchange, Progress};
use crate::base::origin::is_private;
use crate::error::RequestFault;
use crate::http::cors;
use crate::http::ports::{HttpPorts, PlatformRequest};

impl<P: HttpPorts> Exchange<P> {
    /// Whether a proof of this request, or of the one that a preflight asks for, could be read on its
    /// way. It `has_proof` if it may have one, also where no proof is taken. `X-IDENTITY-HEADER` may come by
    /// any path: its caller writes the URL.
    pub(super) fn is_in_the_clear(&self, has_proof: bool, url: &str) -> bool {
        let is_allowed = || self.isolate.config().is_ok_and(|config| config.allow_http);
        !is_private(url)
            && (has_proof
                || self.line.method == "OPTIONS"
                || self.request.identity_header().is_some())
            && !is_allowed()
            // A service binding has no network, and its caller writes any URL. Only the `props` say
            // that it is one.
            && self.request.identity().service_binding.is_none()
    }

    /// Refuses the request, and looks nothing up for it. The same for a preflight, so that the
    /// browser does not send the proof.
    pub(super) fn refused_in_the_clear(mut self) -> Progress<P> {
        let reply = self.failure(&RequestFault::PlainHttp.into());
        let reader = cors::reader(&self.isolate, &self.request).unwrap_or_default();
        Progress::Done(self.read_by(reader, reply))
    }
}
