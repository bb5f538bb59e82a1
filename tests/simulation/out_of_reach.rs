//! Coordinators that no isolate reaches, for the whole run: how many isolates fetch the same token.

use super::figures::Figures;
use super::trouble::Trouble;
use super::{HOUR, healthy, run, run_all, seeds};

const GRANTS: u64 = 2;
const HOURS: u64 = 4;

/// Three isolates in each location. Half of the calls fail at once, and the others hang.
fn without_objects(seed: u64, locations: usize, requests_per_sec: f64) -> Result<Figures, String> {
    let mut spec = healthy(locations, requests_per_sec);
    spec.grants.truncate(GRANTS as usize);
    spec.nobody_waits = false;
    spec.trouble = Trouble { no_answer: 1.0, ..Trouble::default() };
    let figures = run(seed, &spec, HOURS * HOUR)?;
    if figures.failed > 0 {
        return Err(format!("SEED={seed}: {} failed", figures.failed));
    }
    Ok(figures)
}

/// Upstream requests for each lifetime of a token: all of them, and those behind responses. The
/// others are of isolates with nothing in hand, before KV shows them what another one has fetched.
fn per_lifetime(figures: &Figures, runs: usize) -> [f64; 2] {
    let each = |count: u64| count as f64 / (GRANTS * HOURS) as f64 / runs as f64;
    [each(figures.upstream), each(figures.upstream.saturating_sub(figures.waited))]
}

#[test]
fn objects_out_of_reach_do_not_make_every_isolate_fetch_every_token() {
    let figures = run_all(&seeds(2), |seed| {
        let figures = without_objects(seed, 50, 4.0)?;
        let [all, renewals] = per_lifetime(&figures, 1);
        if all > 20.0 || renewals > 4.0 {
            return Err(format!("SEED={seed}: {all:.1} upstream requests, {renewals:.1} renewals"));
        }
        Ok(figures)
    });
    println!("150 isolates, objects out of reach\n{figures}");
}

#[test]
#[ignore = "the figures of docs/adr/0018: a minute in a release build"]
fn figures_of_objects_out_of_reach() {
    for (locations, requests_per_sec) in
        [(5, 2.0), (50, 4.0), (50, 20.0), (300, 20.0), (300, 120.0)]
    {
        let seeds = seeds(2);
        let figures = run_all(&seeds, |seed| without_objects(seed, locations, requests_per_sec));
        let [all, renewals] = per_lifetime(&figures, seeds.len());
        println!("{} isolates, {requests_per_sec} requests a second", 3 * locations);
        println!("{all:.1} upstream requests for a lifetime, {renewals:.1} of them renewals");
        println!("{figures}\n");
    }
}
