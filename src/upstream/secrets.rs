//! Secrets in Secrets Store: when they are read, and whether one has changed.
//!
//! A configuration without such secrets has no names here, and then nothing happens.

use std::cell::{Cell, RefCell};
use std::pin::Pin;

use secrecy::{ExposeSecret, SecretString};

use super::trail::UpstreamTrail;
use crate::base::deadline::within;
use crate::base::digest;
use crate::base::limits::{
    SECRETS_READ_AFTER_REFUSAL, SECRETS_READ_EVERY, SECRETS_RETRY, SECRETS_TIMEOUT, SECRETS_WAIT,
    SECRETS_WAITS_MAX,
};
use crate::base::ports::Clock;
use crate::base::time::UnixMillis;
use crate::base::together::together;
use crate::settings::stored::Values;

/// The bindings to Secrets Store.
pub trait SecretStore {
    /// The text of the secret behind the binding `name`. `None` if the store does not give it.
    fn get(&self, name: &str) -> Pin<Box<dyn Future<Output = Option<SecretString>>>>;
}

/// Why secrets are read again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// A token has to be fetched.
    Routine,
    /// A secret was refused, or another isolate seems to have another one.
    Refusal,
}

/// What an isolate knows of its secrets in the store: their names, and whether they have changed. Their
/// values are in the configuration.
#[derive(Default)]
pub struct Secrets {
    store: Option<Box<dyn SecretStore>>,
    names: RefCell<Vec<String>>,
    /// Of the values that were read last.
    digest: Cell<Option<[u8; 32]>>,
    /// They were read, and the configuration does not have them yet.
    values: RefCell<Values>,
    /// How many times the values were other ones.
    changes: Cell<u32>,
    /// When a reading began. The clock does not begin at zero: zero is never.
    began: Cell<UnixMillis>,
    /// When a reading after a refusal began.
    refused: Cell<UnixMillis>,
    /// When the last reading without success ended.
    failed: Cell<UnixMillis>,
    /// What could not be read then.
    unread: RefCell<String>,
}

impl Secrets {
    /// Secrets in `store`.
    #[must_use]
    pub fn of(store: Box<dyn SecretStore>) -> Self {
        Self { store: Some(store), ..Self::default() }
    }

    /// How many times the values were other ones. A configuration that was made before the last time is out
    /// of date.
    #[must_use]
    pub const fn changes(&self) -> u32 {
        self.changes.get()
    }

    /// The values that were read last, for a new configuration. They do not stay here.
    #[must_use]
    pub fn take(&self) -> Values {
        self.values.take()
    }

    /// Takes over the names of the secrets in the store.
    pub fn are_called(&self, names: Vec<String>) {
        self.names.replace(names);
    }

    /// The bindings that could not be read.
    #[must_use]
    pub fn unread(&self) -> String {
        self.unread.borrow().clone()
    }

    /// Whether a configuration with faults may have none after another reading.
    #[must_use]
    pub fn may_help(&self, now: UnixMillis) -> bool {
        let (last, pause) = match self.digest.get() {
            Some(_) => (self.began.get(), SECRETS_READ_EVERY),
            None => (self.failed.get(), SECRETS_RETRY),
        };
        !self.names.borrow().is_empty() && now >= last.plus(pause)
    }

    /// Reads the secrets for an isolate that cannot go on without. A request cannot wait for the I/O of
    /// another one: it looks now and then whether that one has read them.
    pub async fn read_first(&self, clock: &impl Clock) {
        let changes = self.changes();
        for _ in 0..SECRETS_WAITS_MAX {
            let now = clock.now();
            if self.changes() != changes || !self.may_help(now) {
                return;
            }
            if now >= self.began.get().plus(SECRETS_TIMEOUT) {
                self.read(clock).await;
                return;
            }
            clock.sleep(SECRETS_WAIT).await;
        }
    }

    /// Reads the secrets again if it is time for it. Whether one has changed. If the store does not answer,
    /// the values in use stay, and `trail` has the bindings.
    pub async fn have_changed(
        &self,
        clock: &impl Clock,
        why: Why,
        trail: &mut UpstreamTrail,
    ) -> bool {
        let now = clock.now();
        let (last, pause) = match why {
            Why::Routine => (&self.began, SECRETS_READ_EVERY),
            Why::Refusal => (&self.refused, SECRETS_READ_AFTER_REFUSAL),
        };
        if now < last.get().plus(pause) || self.names.borrow().is_empty() {
            return false;
        }
        last.set(now);
        let changes = self.changes();
        if !self.read(clock).await {
            trail.secrets_unread = Some(self.unread());
        }
        self.changes() != changes
    }

    /// Reads all secrets. A part of them is of no use: with another first secret, for instance, all token
    /// keys are other ones. Boxed, so that the wasm has this code once.
    fn read<'a>(&'a self, clock: &'a impl Clock) -> Pin<Box<dyn Future<Output = bool> + 'a>> {
        Box::pin(self.read_all(clock))
    }

    async fn read_all(&self, clock: &impl Clock) -> bool {
        self.began.set(clock.now());
        let names = self.names.borrow().clone();
        let reads = names.iter().map(|name| async move {
            let text = within(clock, SECRETS_TIMEOUT, self.store.as_ref()?.get(name)).await;
            text.flatten()
        });
        let texts = together(reads).await;
        let unread: Vec<_> = names.iter().zip(&texts).filter(|(_, text)| text.is_none()).collect();
        let unread: Vec<_> = unread.into_iter().map(|(name, _)| name.as_str()).collect();
        if !unread.is_empty() {
            self.failed.set(clock.now());
            self.unread.replace(unread.join(","));
            return false;
        }
        let texts: Vec<_> = texts.into_iter().flatten().collect();
        let bytes: Vec<_> = texts.iter().map(|text| text.expose_secret().as_bytes()).collect();
        let digest = Some(digest::of_fields(&bytes));
        if self.digest.replace(digest) != digest {
            self.values.replace(names.into_iter().zip(texts).collect());
            self.changes.set(self.changes().wrapping_add(1));
        }
        true
    }
}
