//! The exchange of a method that the route does not have: a CORS preflight, or a 405.

use super::{Answered, Exchange, Progress};
use crate::http::ports::{HttpPorts, PlatformRequest};
use crate::http::reply::Reply;

const REQUESTED_METHOD: &str = "access-control-request-method";
const REQUESTED_HEADERS: &str = "access-control-request-headers";

impl<P: HttpPorts> Exchange<P> {
    fn requested_headers(&self) -> Option<String> {
        self.request.header(REQUESTED_HEADERS)
    }

    /// Answers a preflight of a browser, which has `Origin`. For any other caller the method does not
    /// exist.
    pub(super) fn preflight_or_refusal(self, allow: &'static str) -> Progress<P> {
        if self.line.method == "OPTIONS" && self.request.origin().is_some() {
            return Progress::Later(Box::pin(self.preflight(allow)));
        }
        self.plain("method_not_allowed", Reply::method_not_allowed(allow))
    }

    /// The method that a preflight for an API asks for. Without it, `OPTIONS` is a method of the API.
    pub(super) fn requested_method(&self) -> Option<String> {
        let is_options = self.line.method == "OPTIONS" && self.request.origin().is_some();
        is_options.then(|| self.request.header(REQUESTED_METHOD)).flatten()
    }

    /// Answers a preflight for an API.
    pub(super) fn preflight_to_api(self, method: String) -> Progress<P> {
        let reply = Reply::preflight_to_api(method, self.requested_headers());
        self.plain("preflight", reply)
    }

    /// It permits what the page could then read.
    async fn preflight(mut self, allow: &'static str) -> Answered {
        let reader = self.reader().await;
        let (outcome, reply) = match reader {
            Some(_) => ("preflight", Reply::preflight(self.requested_headers())),
            None => ("method_not_allowed", Reply::method_not_allowed(allow)),
        };
        self.line.outcome = outcome;
        self.read_by(reader, reply)
    }
}
