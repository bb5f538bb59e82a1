//! The whole network in simulated time, from a seed: the shipping core over simulated ports. A seed
//! that fails is printed and replays exactly: `SEED=7 cargo test --test simulation faults --
//! --nocapture`.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is its job; figures are for people"
)]

mod configuration;
mod figures;
mod home;
mod isolate;
mod kv;
mod objects;
mod out_of_reach;
mod ports;
mod random;
mod rotation;
mod shared;
mod signing;
mod time;
mod trouble;
mod upstream;
mod watch;
mod world;

use std::thread;

use figures::Figures;
use random::Random;
use rotation::Rotation;
use signing::Signing;
use trouble::Trouble;
use upstream::{FAULTS, Fault};
use world::{Spec, World};

const HOUR: u64 = 3600;

/// Hundreds of locations, without faults.
fn healthy(locations: usize, requests_per_sec: f64) -> Spec {
    let mut grants = vec![(HOUR, None, 0.4), (HOUR, None, 0.4)];
    // The long tail: each is requested half as often as the one before.
    grants.extend((1..=16).map(|nth| (HOUR, None, 0.2 * 0.5_f64.powi(nth))));
    Spec {
        locations,
        isolates: 3,
        grants,
        requests_per_sec,
        min_ttl: 0.0,
        reported: 0.0,
        isolate_secs: 7200.0,
        clocks_off_ms: 3000,
        coordinator: true,
        trouble: Trouble::default(),
        kv_failing: 0.0,
        slow_upstream: 0.0,
        windows: Vec::new(),
        rotation: Rotation::NEVER,
        signing: Signing::default(),
        nobody_waits: true,
    }
}

/// A small world with all kinds of faults.
fn faulty(seed: u64) -> Spec {
    let random = Random::seeded(seed ^ 0x5eed);
    let sometimes = |probability: f64| if random.chance(0.5) { probability } else { 0.0 };
    let grants = (0..4).map(|_| {
        let lifetime = *random.pick(&[60, 300, 900, 3600, 7200]);
        let refresh_in = random.chance(0.2).then_some(lifetime / 2);
        (lifetime, refresh_in, random.unit())
    });
    let mut spec = Spec {
        locations: 1 + random.below(5),
        isolates: 1 + random.below(3),
        grants: grants.collect(),
        requests_per_sec: 0.05 + random.unit() * 0.3,
        min_ttl: sometimes(0.1),
        reported: sometimes(0.03),
        isolate_secs: 1800.0,
        clocks_off_ms: 3000,
        coordinator: random.chance(0.85),
        trouble: Trouble {
            crash: sometimes(0.02),
            lost_write: sometimes(0.05),
            no_answer: sometimes(0.2),
            lost_storage: sometimes(0.2),
        },
        kv_failing: sometimes(0.3),
        slow_upstream: sometimes(0.1),
        windows: Vec::new(),
        rotation: Rotation::NEVER,
        signing: Signing {
            by_certificate: random.chance(0.5),
            slow: sometimes(0.2),
            failing: sometimes(0.1),
        },
        nobody_waits: false,
    };
    for _ in 0..if random.chance(0.7) { random.below(6) } else { 0 } {
        let from = random.range(0, 2 * HOUR * 1000);
        spec.windows.push((from, from + random.range(1000, 900_000), *random.pick(&FAULTS)));
    }
    if random.chance(0.5) {
        spec.rotation = Rotation::random(&random);
    }
    spec
}

/// Runs a world. The message of a violation names the seed.
fn run(seed: u64, spec: &Spec, secs: u64) -> Result<Figures, String> {
    let mut world = World::new(seed, spec);
    world.run(secs);
    match world.violation() {
        Some(violation) => Err(format!("SEED={seed}: {violation}")),
        None => Ok(world.figures()),
    }
}

/// The seed `SEED`, else as many seeds as `SEEDS` says, else `count`.
fn seeds(count: u64) -> Vec<u64> {
    let asked = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let count = asked("SEEDS").unwrap_or(count);
    asked("SEED").map_or_else(|| (0..count).collect(), |seed| vec![seed])
}

/// Runs worlds on all processors, each world on one thread.
fn run_all(seeds: &[u64], one: impl Fn(u64) -> Result<Figures, String> + Sync) -> Figures {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let run_some = |first: usize| -> Vec<_> {
        seeds.iter().skip(first).step_by(threads).map(|seed| one(*seed)).collect()
    };
    let results: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|first| scope.spawn(move || run_some(first))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let mut sum = Figures::default();
    let mut wrong = Vec::new();
    for result in results {
        match result {
            Ok(figures) => sum += figures,
            Err(violation) => wrong.push(violation),
        }
    }
    assert!(wrong.is_empty(), "{} of {} worlds:\n{}", wrong.len(), seeds.len(), wrong.join("\n"));
    sum
}

#[test]
fn small_worlds_full_of_faults() {
    let figures = run_all(&seeds(240), |seed| {
        let spec = faulty(seed);
        let figures = run(seed, &spec, HOUR + HOUR / 2)?;
        // Only the authorization server, or a signature that is not there, may be the reason for having
        // no token.
        let signs = spec.signing.slow == 0.0 && spec.signing.failing == 0.0;
        let upstream_is_well = spec.windows.is_empty() && spec.slow_upstream == 0.0 && signs;
        if figures.failed > 0 && upstream_is_well {
            return Err(format!("SEED={seed}: {} failed, upstream is well", figures.failed));
        }
        Ok(figures)
    });
    println!("small worlds full of faults\n{figures}");
}

#[test]
fn healthy_world_of_300_locations() {
    let figures = run_all(&seeds(2), |seed| {
        let figures = run(seed, &healthy(300, 20.0), 4 * HOUR)?;
        if figures.failed > 0 || figures.upstream_per_period() > 1.02 {
            return Err(format!("SEED={seed}:\n{figures}"));
        }
        Ok(figures)
    });
    println!("300 locations\n{figures}");
}

#[test]
fn outage_of_ten_minutes_with_tokens_in_use() {
    let kinds =
        [Fault::NoConnection, Fault::Hanging, Fault::Failing(None), Fault::Throttling(Some(60))];
    let figures = run_all(&seeds(24), |seed| {
        let mut spec = healthy(5, 2.0);
        spec.grants.truncate(2);
        spec.nobody_waits = false;
        // It starts at any time of a token's life.
        let from = HOUR * 1000 + seed * 150_000;
        spec.windows = vec![(from, from + 600_000, kinds[seed as usize % kinds.len()])];
        let figures = run(seed, &spec, 3 * HOUR)?;
        if figures.failed > 0 {
            return Err(format!("SEED={seed}: {} failed", figures.failed));
        }
        Ok(figures)
    });
    println!("outage of ten minutes\n{figures}");
}

#[test]
fn a_seed_replays_exactly() {
    let once = || format!("{:?}", run(5, &faulty(5), HOUR));
    assert_eq!(once(), once());
}

/// Larger worlds, also with all kinds of faults.
fn busy(seed: u64) -> Spec {
    let mut spec = faulty(seed);
    spec.locations *= 10;
    spec.isolates *= 3;
    spec.requests_per_sec *= 400.0;
    spec
}

#[test]
#[ignore = "as long as it is told: REQUESTS, one million by default"]
#[expect(clippy::disallowed_methods, reason = "measures how long the run takes")]
fn long_run() {
    let requests: u64 = std::env::var("REQUESTS").map_or(1_000_000, |text| text.parse().unwrap());
    let started = std::time::Instant::now();
    let mut figures = Figures::default();
    let mut seed = std::env::var("SEED").map_or(0, |seed| seed.parse().unwrap());
    while figures.requests < requests {
        let worlds: Vec<_> = (seed..seed + 8).collect();
        figures += run_all(&worlds, |seed| run(seed, &busy(seed), HOUR + HOUR / 2));
        seed += 8;
    }
    let secs = started.elapsed().as_secs_f64();
    // A violation would have ended the run.
    println!("long run of {seed} worlds, 0 violations\n{figures}");
    println!("{:.0} requests a second, {secs:.0} s", figures.requests as f64 / secs);
}

#[test]
#[ignore = "the figures of docs/operations.md: half an hour in a release build"]
fn figures_at_1_100_and_10000_requests_a_second() {
    for (requests_per_sec, hours) in [(1.0, 48), (100.0, 12), (10_000.0, 2)] {
        let spec = Spec { nobody_waits: false, ..healthy(300, requests_per_sec) };
        let figures = run_all(&[0], |seed| run(seed, &spec, hours * HOUR));
        println!("{requests_per_sec} requests a second for {hours} hours\n{figures}\n");
    }
}
