//! A world from a seed: locations with their isolates, KV, coordinators, upstream, callers.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::base_path::BasePath;
use edge_token_broker::base::time::Millis;
use edge_token_broker::callers::Callers;
use edge_token_broker::callers::issuer::{JwtVerifier, KeySets};
use edge_token_broker::callers::ledger::UsedAssertions;
use edge_token_broker::callers::registry::Registry;
use edge_token_broker::callers::seen::VerifiedJwts;
use edge_token_broker::config::{Config, Grant};
use edge_token_broker::http::isolate::Isolate as Broker;
use edge_token_broker::log::RequestLog;

use super::configuration::config;
use super::figures::Figures;
use super::isolate::Isolate;
use super::kv::{Kv, LocalKv};
use super::objects::{Place, Platform, SimObjects};
use super::ports::{Nothing, SimLog, SimPorts};
use super::random::{Random, Share};
use super::rotation::Rotation;
use super::shared::Shared;
use super::signing::Signing;
use super::time::{LocalClock, Time};
use super::trouble::{Counts, Trouble};
use super::upstream::{Account, AuthorizationServer, Endpoint, Window};

/// The kind of a world.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) locations: usize,
    pub(crate) isolates: usize,
    /// Lifetime in seconds of each grant's tokens, `refresh_in`, and the share of requests.
    pub(crate) grants: Vec<(u64, Option<u64>, f64)>,
    pub(crate) requests_per_sec: f64,
    /// Share of requests with a `min_ttl`.
    pub(crate) min_ttl: f64,
    /// Share of requests after which the caller reports the token as rejected.
    pub(crate) reported: f64,
    /// Mean life of an isolate.
    pub(crate) isolate_secs: f64,
    pub(crate) clocks_off_ms: u64,
    pub(crate) coordinator: bool,
    pub(crate) trouble: Trouble,
    pub(crate) kv_failing: f64,
    pub(crate) slow_upstream: f64,
    pub(crate) windows: Vec<Window>,
    pub(crate) rotation: Rotation,
    pub(crate) signing: Signing,
    pub(crate) nobody_waits: bool,
}

pub(crate) struct World {
    pub(crate) shared: Rc<Shared>,
    spec: Spec,
    random: Rc<Random>,
    time: Rc<Time>,
    kv: Rc<Kv>,
    platform: Rc<Platform>,
    objects: Vec<SimObjects>,
    isolates: Vec<Vec<Rc<Isolate>>>,
    weights: Vec<f64>,
    next_arrival: Cell<f64>,
    next_recycling: Cell<f64>,
}

/// The callers of an isolate, without JWTs and without a registry.
fn callers(kv: LocalKv, clock: LocalClock, random: &Rc<Random>) -> Callers<SimPorts> {
    Callers {
        registry: Registry::new(LocalKv { bound: false, ..kv.clone() }),
        jwts: JwtVerifier {
            memory: KeySets::default(),
            issuers: Nothing,
            store: kv,
            signatures: Nothing,
            clock,
            entropy: Share(Rc::clone(random)),
        },
        seen: VerifiedJwts::default(),
        used: UsedAssertions::default(),
        ledger: Nothing,
    }
}

impl World {
    pub(crate) fn new(seed: u64, spec: &Spec) -> Self {
        let time = Rc::new(Time::traced(std::env::var_os("SEED").is_some()));
        let random = Rc::new(Random::seeded(seed));
        time.unique(); // 0 is the platform's.
        let kv = Rc::new(Kv::new(&time, &random, spec.kv_failing));
        let accounts = spec.grants.iter().map(|(lifetime, refresh_in, _)| Account {
            lifetime: lifetime * 1000,
            refresh_in: refresh_in.map(|secs| secs * 1000),
            ..Account::default()
        });
        let server = Rc::new(AuthorizationServer {
            time: Rc::clone(&time),
            random: Rc::clone(&random),
            windows: spec.windows.clone(),
            rotation: spec.rotation,
            slow: spec.slow_upstream,
            signing: spec.signing,
            issued: Vec::new().into(),
            accounts: accounts.collect::<Vec<_>>().into(),
            violation: None.into(),
        });
        let off = spec.clocks_off_ms;
        let places: Vec<Place> = (0..spec.locations)
            .map(|location| {
                let offset = random.range(0, 2 * off + 1).cast_signed() - off.cast_signed();
                let clock = LocalClock { time: Rc::clone(&time), offset };
                let kv = LocalKv { kv: Rc::clone(&kv), location, bound: true };
                let server = Rc::clone(&server);
                Place { clock, kv, endpoint: Endpoint { watch: None, server, offset } }
            })
            .collect();
        let rotation = spec.rotation;
        let configs = [0, 1].map(|configuration| {
            Rc::new(Ok(config(spec.grants.len(), rotation.secrets(configuration), spec.signing)))
        });
        let grants = [0, 1].map(|configuration| {
            let config: &Result<Config, _> = &configs[configuration];
            config.as_ref().unwrap().grants().map(Rc::clone).collect::<Vec<Rc<Grant>>>()
        });
        let platform = Rc::new(Platform {
            time: Rc::clone(&time),
            random: Rc::clone(&random),
            places,
            trouble: spec.trouble,
            counts: Counts::default(),
            rotation,
            configs,
            objects: BTreeMap::new().into(),
        });
        let objects = (0..spec.locations).map(|_| SimObjects {
            platform: spec.coordinator.then(|| Rc::clone(&platform)),
            latency: random.range(2, 150),
        });
        let objects = objects.collect();
        let shared = Rc::new(Shared {
            time: Rc::clone(&time),
            server,
            asked_at: vec![None; spec.grants.len()].into(),
            in_hand: vec![false; spec.grants.len()].into(),
            grants,
            requests: Cell::default(),
            failed: Cell::default(),
            waited: Cell::default(),
            waited_in_use: Cell::default(),
            reports: Cell::default(),
            revoked: Cell::default(),
            clocks_differ: Millis(2 * spec.clocks_off_ms),
            nobody_waits: spec.nobody_waits,
            violation: None.into(),
        });
        let weights = spec.grants.iter().scan(0.0, |sum, grant| {
            *sum += grant.2;
            Some(*sum)
        });
        let mut world = Self {
            weights: weights.collect(),
            shared,
            spec: spec.clone(),
            random,
            time,
            kv,
            platform,
            objects,
            isolates: Vec::new(),
            next_arrival: Cell::default(),
            next_recycling: Cell::default(),
        };
        world.isolates = (0..spec.locations)
            .map(|location| (0..spec.isolates).map(|_| world.isolate(location)).collect())
            .collect();
        world
    }

    pub(crate) fn violation(&self) -> Option<String> {
        self.shared.violation.take().or_else(|| self.shared.server.violation.take())
    }

    fn isolate(&self, location: usize) -> Rc<Isolate> {
        let Place { clock, kv, endpoint } = self.platform.places[location].clone();
        let owner = self.time.unique();
        let configuration = self.spec.rotation.configuration(location, self.time.now());
        let objects = self.objects[location].clone();
        let random = &self.random;
        let broker = Broker {
            config: Rc::clone(&self.platform.configs[configuration]),
            callers: callers(kv.clone(), clock.clone(), random),
            broker: Rc::new(SimPorts::broker(kv, Some(objects), endpoint, clock, random)),
            log: Rc::new(RequestLog { sink: SimLog::default(), log_hits: false }),
            client_limit: Nothing,
            api_limit: Nothing,
            failure_limit: Nothing,
            secret_changes: 0,
            base_path: Some(BasePath::default()),
            faults_listed: Cell::default(),
        };
        let name = format!("{location}.{owner}");
        Rc::new(Isolate::new(name, owner, configuration, broker, &self.shared))
    }

    /// Lets callers come for this long, or until the first violation.
    pub(crate) fn run(&mut self, secs: u64) {
        let until = self.time.now() + secs * 1000;
        let isolates = (self.spec.locations * self.spec.isolates) as f64;
        while self.shared.violation.borrow().is_none() {
            let (arrival, recycling) = (self.next_arrival.get(), self.next_recycling.get());
            let next = arrival.min(recycling);
            if next as u64 > until {
                break;
            }
            self.time.run(next as u64);
            if arrival <= recycling {
                self.arrive();
                let pause = self.random.interval(1000.0 / self.spec.requests_per_sec);
                self.next_arrival.set(arrival + pause);
            } else {
                self.recycle();
                let pause = self.random.interval(self.spec.isolate_secs * 1000.0 / isolates);
                self.next_recycling.set(recycling + pause);
            }
        }
        self.time.run(until);
    }

    fn arrive(&mut self) {
        let random = Rc::clone(&self.random);
        let share = random.unit() * self.weights.last().unwrap();
        let grant = self.weights.partition_point(|weight| *weight <= share);
        let location = random.below(self.isolates.len());
        let index = random.below(self.isolates[location].len());
        let (owner, configuration) =
            (self.isolates[location][index].owner, self.isolates[location][index].configuration);
        let now = self.time.now();
        if configuration == 0 && self.spec.rotation.has_ended(location, owner, now) {
            self.isolates[location][index] = self.isolate(location);
        }
        let isolate = &self.isolates[location][index];
        let min_ttl = if random.chance(self.spec.min_ttl) {
            random.range(0, self.spec.grants[grant].0 * 11 / 10)
        } else {
            0
        };
        isolate.request(grant, min_ttl);
        if random.chance(self.spec.reported) {
            isolate.report(grant, random.chance(0.5));
        }
    }

    fn recycle(&mut self) {
        let location = self.random.below(self.isolates.len());
        let index = self.random.below(self.spec.isolates);
        let fresh = self.isolate(location);
        let gone = std::mem::replace(&mut self.isolates[location][index], fresh);
        // Sometimes its requests end with it.
        if self.spec.trouble.crash > 0.0 && self.random.chance(0.5) {
            self.time.end(gone.owner);
        }
    }

    pub(crate) fn figures(&self) -> Figures {
        let accounts = self.shared.server.accounts.borrow();
        let (shared, counts) = (&self.shared, &self.platform.counts);
        Figures {
            requests: shared.requests.get(),
            failed: shared.failed.get(),
            waited: shared.waited.get(),
            waited_in_use: shared.waited_in_use.get(),
            upstream: accounts.iter().map(|account| account.requests).sum(),
            periods: accounts.iter().map(|account| account.periods).sum(),
            kv_reads: self.kv.reads.get(),
            kv_writes: self.kv.writes.get(),
            coordinator_calls: counts.calls.get(),
            alarms: counts.alarms.get(),
            rows_written: counts.rows_written.get(),
            crashes: counts.crashes.get(),
            left: counts.left.get(),
            reports: shared.reports.get(),
            revoked: shared.revoked.get(),
        }
    }
}
