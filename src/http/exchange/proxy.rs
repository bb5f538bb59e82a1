//! The exchange of a request for an API, until it is sent on: steps 3 to 8. Without a token it is not, and
//! its body is not read.

use std::rc::Rc;

use super::{Answered, Exchange, Onward, Progress};
use crate::callers::Recognition;
use crate::callers::proofs::Caller;
use crate::config::Config;
use crate::error::{BrokerError, Limit};
use crate::http::ports::{HttpPorts, PlatformRequest, RateLimiter};
use crate::http::proxy::{ApiRequest, Permitted};
use crate::tokens::broker::Served;
use crate::tokens::min_ttl::MinTtl;

impl<P: HttpPorts> Exchange<P> {
    /// A request that `parse` makes of the configuration. A refusal and a hit take no future.
    pub(super) fn proxy(
        mut self,
        parse: impl FnOnce(&Config) -> Result<ApiRequest, BrokerError>,
    ) -> Progress<P> {
        let isolate = Rc::clone(&self.isolate);
        let (config, request) =
            match isolate.config().and_then(|config| Ok((config, parse(config)?))) {
                Ok(both) => both,
                Err(error) => return self.refused(error),
            };
        let recognition = if isolate.client_limit.is_bound() || isolate.api_limit.is_bound() {
            Recognition::NeedsIo
        } else {
            self.recognize(config, &request.presented)
        };
        let permitted = match recognition {
            Recognition::Known(caller) => self.permit(request, &caller),
            Recognition::Refused(error) => Err(error),
            Recognition::NeedsIo => {
                return Progress::OnwardLater(Box::pin(self.proxy_later(request)));
            }
        };
        match permitted {
            Ok(permitted) => self.recall_onward(permitted),
            Err(error) => self.refused(error),
        }
    }

    /// 5
    fn permit(&mut self, request: ApiRequest, caller: &Caller) -> Result<Permitted, BrokerError> {
        self.client = Some(Rc::clone(&caller.client));
        let method = self.line.method.clone();
        let names = self.request.header_names();
        request.permitted(caller, &method, names, &mut self.line)
    }

    /// 6
    fn recall_onward(self, permitted: Permitted) -> Progress<P> {
        match self.isolate.broker.recall(&permitted.api.grant, MinTtl::default()) {
            Some(served) => Progress::Onward(Onward::new(self, permitted, served)),
            None => Progress::OnwardLater(Box::pin(self.find_onward(permitted))),
        }
    }

    async fn find_onward(mut self, permitted: Permitted) -> Result<Box<Onward<P>>, Answered> {
        match self.obtain_for(&permitted).await {
            Ok(served) => Ok(Onward::new(self, permitted, served)),
            Err(error) => Err(self.failed_later(&error).await),
        }
    }

    /// A request of a caller that has a rate limit, or that only I/O can recognize.
    async fn proxy_later(mut self, request: ApiRequest) -> Result<Box<Onward<P>>, Answered> {
        match self.admit(request).await {
            Ok((permitted, served)) => Ok(Onward::new(self, permitted, served)),
            Err(error) => Err(self.refused_later(error).await),
        }
    }

    /// 3 to 8 in a future.
    async fn admit(&mut self, request: ApiRequest) -> Result<(Permitted, Served), BrokerError> {
        let isolate = Rc::clone(&self.isolate);
        let caller = self.authenticate(&request.presented).await?;
        let permitted = self.permit(request, &caller)?;
        let counted = [&permitted.api.name, " ", &caller.client.id].concat();
        if !isolate.api_limit.admits(&counted).await {
            return Err(BrokerError::SlowDown(Limit::Api));
        }
        let served = self.obtain_for(&permitted).await?;
        Ok((permitted, served))
    }

    /// 6, 7 and 8 in a future.
    async fn obtain_for(&mut self, permitted: &Permitted) -> Result<Served, BrokerError> {
        let broker = Rc::clone(&self.isolate.broker);
        broker.recall_or_obtain(&permitted.api.grant, MinTtl::default(), &mut self.line).await
    }
}
