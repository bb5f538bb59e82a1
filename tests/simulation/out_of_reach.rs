//! Coordinators that no isolate reaches, for the whole run: how many isolates fetch the same token.

use super::figures::Figures;
use super::trouble::Trouble;
use super::{HOUR, healthy, run, run_all, seeds};

/// Upstream requests for each renewal period of a token, with three isolates in each location.
fn without_objects(seed: u64, locations: usize, requests_per_sec: f64) -> Result<Figures, String> {
    let mut spec = healthy(locations, requests_per_sec);
    spec.grants.truncate(2);
    spec.nobody_waits = false;
    spec.trouble = Trouble { no_answer: 1.0, ..Trouble::default() };
    let figures = run(seed, &spec, 4 * HOUR)?;
    if figures.failed > 0 {
        return Err(format!("SEED={seed}: {} failed", figures.failed));
    }
    Ok(figures)
}

#[test]
fn objects_out_of_reach_do_not_make_every_isolate_fetch_every_token() {
    let figures = run_all(&seeds(4), |seed| {
        let figures = without_objects(seed, 50, 4.0)?;
        if figures.upstream_per_period() > 12.0 {
            return Err(format!("SEED={seed}:\n{figures}"));
        }
        Ok(figures)
    });
    println!("150 isolates, objects out of reach\n{figures}");
}

#[test]
#[ignore = "the figures of docs/adr/0018: minutes in a release build"]
fn figures_of_objects_out_of_reach() {
    for (locations, requests_per_sec) in
        [(5, 2.0), (50, 20.0), (50, 4.0), (300, 20.0), (300, 120.0)]
    {
        let figures = run_all(&seeds(2), |seed| without_objects(seed, locations, requests_per_sec));
        let (isolates, each) = (3 * locations, figures.upstream_per_period());
        println!("{isolates} isolates, {requests_per_sec} requests a second: {each:.2} upstream");
        println!("{figures}\n");
    }
}
