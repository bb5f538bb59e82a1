//! The exchange of a method that the route does not have: a CORS preflight, or a 405.

use super::{Answered, Exchange, Progress};
use crate::http::ports::{HttpPorts, PlatformRequest};
use crate::http::reply::Reply;

impl<P: HttpPorts> Exchange<P> {
    /// Answers a preflight of a browser, which has `Origin`. For any other caller the method does not
    /// exist.
    pub(super) fn preflight_or_refusal(self, allow: &'static str) -> Progress<P> {
        if self.line.method == "OPTIONS" && self.request.origin().is_some() {
            return Progress::Later(Box::pin(self.preflight(allow)));
        }
        self.plain("method_not_allowed", Reply::method_not_allowed(allow))
    }

    /// It permits what the page could then read.
    async fn preflight(mut self, allow: &'static str) -> Answered {
        let reader = self.reader().await;
        let (outcome, reply) = match reader {
            Some(_) => ("preflight", Reply::preflight(self.request.requested_headers())),
            None => ("method_not_allowed", Reply::method_not_allowed(allow)),
        };
        self.line.outcome = outcome;
        self.read_by(reader, reply)
    }
}
