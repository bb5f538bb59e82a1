//! The exchange of `POST /revoke`.

use std::rc::Rc;

use super::{Answered, Exchange, Progress};
use crate::error::BrokerError;
use crate::http::ports::HttpPorts;
use crate::http::reply::Reply;
use crate::http::revoke::RevocationRequest;
use crate::tokens::revocation::Revocation;

impl<P: HttpPorts> Exchange<P> {
    pub(super) fn revoke(self, request: Result<RevocationRequest, BrokerError>) -> Progress<P> {
        match self.isolate.config().and(request) {
            Ok(request) => Progress::Later(Box::pin(self.revoke_later(request))),
            Err(error) => self.refused(error),
        }
    }

    async fn revoke_later(mut self, request: RevocationRequest) -> Answered {
        let revoked = self.revoked(request).await;
        let settled = self.settle(revoked.is_ok()).await;
        match settled.and(revoked) {
            Ok(revocation) => self.plain_later(revocation.name(), Reply::revoked()).await,
            Err(error) => self.refused_later(error).await,
        }
    }

    async fn revoked(&mut self, request: RevocationRequest) -> Result<Revocation, BrokerError> {
        let caller = self.authenticate(&request.presented).await?;
        self.client = Some(Rc::clone(&caller.client));
        let isolate = Rc::clone(&self.isolate);
        let rejected = request.rejected(isolate.config()?, &caller, &mut self.line)?;
        isolate.broker.revoke(&rejected, &mut self.line).await
    }
}
