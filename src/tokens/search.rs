//! Finds the grant of a rejected token, in isolate memory, else in KV.

use std::cell::RefCell;
use std::rc::Rc;

use super::broker::Broker;
use super::ports::TokenPorts;
use super::revocation::Rejected;
use super::shared_tier;
use super::token::CachedToken;
use crate::base::digest;
use crate::base::limits::{
    NO_TOKEN_MEMORY, NO_TOKENS_MAX, REVOCATION_KV_READS_AT_ONCE, REVOCATION_KV_READS_MAX,
    REVOCATION_SEARCH_MAX,
};
use crate::base::lru::LruMap;
use crate::base::ports::{Clock, Store, StoreError};
use crate::base::secret::AccessToken;
use crate::base::time::UnixMillis;
use crate::base::together::together;
use crate::config::Grant;
use crate::error::{BrokerError, RequestFault};
use crate::log::Line;

/// Texts that were no token of the grants where this isolate looked, with the time. Otherwise each
/// report of a made-up token would read KV for each grant, every time.
#[derive(Debug)]
pub struct NoTokens(RefCell<LruMap<UnixMillis>>);

impl Default for NoTokens {
    fn default() -> Self {
        Self(RefCell::new(LruMap::new(NO_TOKENS_MAX)))
    }
}

impl NoTokens {
    fn has(&self, search: &[u8; 32], now: UnixMillis) -> bool {
        let mut searches = self.0.borrow_mut();
        searches.get(search).is_some_and(|at| now < at.plus(NO_TOKEN_MEMORY))
    }

    fn note(&self, search: [u8; 32], now: UnixMillis) {
        self.0.borrow_mut().put(search, now);
    }
}

/// Names a search: the token, and the grants where it is looked for.
fn name_of(presented: &AccessToken, grants: &[Rc<Grant>]) -> [u8; 32] {
    let keys = grants.iter().map(|grant| grant.token_key.as_bytes().as_slice());
    let fields: Vec<_> = std::iter::once(presented.expose().as_bytes()).chain(keys).collect();
    digest::of_fields(&fields)
}

impl<P: TokenPorts> Broker<P> {
    /// The grant of the rejected token, if it is the current token there. A token that has expired
    /// is no current one.
    ///
    /// # Errors
    /// [`RequestFault::TooManyGrants`]; [`BrokerError::SearchFailed`].
    pub(super) async fn find(
        &self,
        rejected: &Rejected,
        line: &mut Line,
    ) -> Result<Option<(Rc<Grant>, CachedToken)>, BrokerError> {
        let Some(presented) = &rejected.token else { return Ok(None) };
        for grant in &rejected.grants {
            let held = self.memory.recall(&grant.token_key);
            if let Some(token) = held.filter(|token| self.is_current(token, presented)) {
                return Ok(Some((Rc::clone(grant), token)));
            }
        }
        let search = name_of(presented, &rejected.grants);
        if self.memory.no_tokens.has(&search, self.clock.now()) {
            return Ok(None);
        }
        if !self.kv.is_bound() {
            line.kv_read_failed(StoreError::Unbound.name());
            return Ok(None);
        }
        if rejected.grants.len() > REVOCATION_KV_READS_MAX {
            return Err(RequestFault::TooManyGrants.into());
        }
        self.find_in_kv(presented, &rejected.grants, search, line).await
    }

    /// Looks at a few grants at a time, until it is found.
    async fn find_in_kv(
        &self,
        presented: &AccessToken,
        grants: &[Rc<Grant>],
        search: [u8; 32],
        line: &mut Line,
    ) -> Result<Option<(Rc<Grant>, CachedToken)>, BrokerError> {
        let started = self.clock.now();
        for few in grants.chunks(REVOCATION_KV_READS_AT_ONCE) {
            if started.until(self.clock.now()) > REVOCATION_SEARCH_MAX {
                return Err(RequestFault::TooManyGrants.into());
            }
            let reads = few.iter().map(|grant| async move {
                (grant, self.kv.load(&grant.token_key.kv_name()).await)
            });
            let mut failed = false;
            for (grant, loaded) in together(reads).await {
                // The broker writes no value of that length, so it is not a token of the broker.
                failed |= loaded.as_ref().is_err_and(|error| *error != StoreError::TooLarge);
                let token = shared_tier::open(grant, loaded, line);
                if let Some(token) = token.filter(|token| self.is_current(token, presented)) {
                    // This isolate may have a newer one.
                    let newest = self.keep(grant, token);
                    let found = self.is_current(&newest, presented);
                    return Ok(found.then(|| (Rc::clone(grant), newest)));
                }
            }
            // Further reads would cost time for nothing. The log line has the reason.
            if failed {
                return Err(BrokerError::SearchFailed);
            }
        }
        self.memory.no_tokens.note(search, self.clock.now());
        Ok(None)
    }

    fn is_current(&self, token: &CachedToken, presented: &AccessToken) -> bool {
        token.access_token.matches(presented) && self.is_servable(token)
    }
}
