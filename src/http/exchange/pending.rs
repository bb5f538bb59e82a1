//! An exchange while the platform reads KV (7), and what follows (8).

use std::rc::Rc;

use super::{Answered, Exchange, Progress};
use crate::base::ports::StoreError;
use crate::http::ports::HttpPorts;
use crate::http::token::Granted;
use crate::upstream::token_key::TokenKey;

/// A half-done exchange: its grant is found, and isolate memory has no token.
pub struct Pending<P: HttpPorts> {
    pub(super) exchange: Exchange<P>,
    pub(super) granted: Granted,
}

impl<P: HttpPorts> Pending<P> {
    /// The tier that may have the record.
    #[must_use]
    pub fn store(&self) -> &P::Store {
        &self.exchange.isolate.broker.kv
    }

    /// The name of the record in that tier.
    #[must_use]
    pub fn token_key(&self) -> &TokenKey {
        &self.granted.grant.token_key
    }

    /// 7: goes on with what KV returned.
    #[must_use]
    pub fn resume(self, loaded: Result<Option<Vec<u8>>, StoreError>) -> Progress<P> {
        let Self { mut exchange, granted } = self;
        let broker = Rc::clone(&exchange.isolate.broker);
        match broker.unseal(&granted.grant, granted.min_ttl, loaded, &mut exchange.line) {
            Some(served) => Progress::Done(exchange.served(&granted, served)),
            None => Progress::Later(Box::pin(Self { exchange, granted }.fetch())),
        }
    }

    /// 8
    async fn fetch(self) -> Answered {
        let Self { mut exchange, granted } = self;
        let broker = Rc::clone(&exchange.isolate.broker);
        let served = broker.fetch_token(&granted.grant, granted.min_ttl, &mut exchange.line).await;
        exchange.obtained(&granted, served).await
    }
}
