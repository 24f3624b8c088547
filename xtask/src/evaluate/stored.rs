//! Stored mode, put together from the first passes of recorded runs: a history of unchanged ones, one under test, and two more of its
//! kind as the fresh rounds that confirm.

use loadgate_report::baseline::Baseline;
use loadgate_report::judge::{Policy, compare, confirm};
use loadgate_report::model::{ChangeOutcome, Report, SCHEMA, Scenario};
use rand::seq::IteratorRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::condition::Condition;
use super::pool::{Pool, Pools};
use super::record::Stored;

/// Trials a cell.
const TRIALS: usize = 1000;
/// Earlier runs in the baseline.
const EARLIER: [usize; 3] = [3, 10, 30];

/// Unchanged and slower runs against histories of all lengths.
pub(crate) fn all(pools: &Pools) -> Vec<Stored> {
    let mut done = Vec::new();
    for condition in Condition::ALL {
        let Some(same) = pools.get(condition, "same").filter(|pool| pool.runs.len() >= 4) else { continue };
        for change in ["same", "p50+10", "p50+25"] {
            let Some(pool) = pools.get(condition, change).filter(|pool| pool.runs.len() >= 3) else {
                continue;
            };
            for earlier in EARLIER {
                let mut random = ChaCha8Rng::seed_from_u64(earlier as u64);
                let mut sum = Stored {
                    condition,
                    change: change.to_owned(),
                    earlier,
                    runs: pool.runs.len(),
                    trials: TRIALS,
                    red: 0,
                    open: 0,
                };
                for _ in 0..TRIALS {
                    let (red, open) = once(same, pool, change == "same", earlier, &mut random);
                    sum.red += usize::from(red);
                    sum.open += usize::from(open && !red);
                }
                done.push(sum);
            }
        }
    }
    done
}

/// One run; whether it is red, and whether something is undecided.
fn once(same: &Pool, pool: &Pool, is_same: bool, earlier: usize, random: &mut impl Rng) -> (bool, bool) {
    let under_test = (0..pool.runs.len()).sample(random, 3);
    // No run is in its own history. The history is drawn with replacement: there are hardly ever thirty runs to choose from.
    let others: Vec<usize> = (0..same.runs.len()).filter(|i| !is_same || !under_test.contains(i)).collect();
    let mut baseline = Baseline::new("evaluation");
    for number in 0..earlier {
        let Some(at) = others.get(random.random_range(0..others.len().max(1))) else { return (false, true) };
        let run = report(number, same.runs[*at].pass.clone());
        if baseline.append(&run, earlier, true).is_err() {
            return (false, true);
        }
    }
    let pass = |i: usize| pool.runs[under_test[i]].pass.clone();
    let mut comparison = compare(&report(earlier, pass(0)), &baseline, &Policy::default());
    confirm(&mut comparison, &[pass(1), pass(2)]);
    let has =
        |wanted: &[ChangeOutcome]| comparison.figures.iter().any(|f| f.gated && wanted.contains(&f.outcome));
    (has(&[ChangeOutcome::Regression]), has(&[ChangeOutcome::Suspected, ChangeOutcome::Undecided]))
}

fn report(number: usize, scenarios: Vec<Scenario>) -> Report {
    let mut report = Report { schema: SCHEMA.to_owned(), scenarios, ..Report::default() };
    report.suite.name = "evaluation".to_owned();
    report.run.id = format!("run-{number}");
    report.run.started_at = format!("2025-01-01T00:{:02}:{:02}Z", number / 60, number % 60);
    report
}

#[cfg(test)]
mod tests {
    use loadgate_report::Histogram;

    use super::super::pool::Recorded;
    use super::*;

    #[test]
    fn unchanged_runs_are_green_and_slower_ones_red() {
        let run = |ms: f64| {
            let mut latency = Histogram::default();
            (0..200).for_each(|i| latency.record_us((ms * (900.0 + f64::from(i))) as u64));
            let scenario = Scenario {
                name: "ask".into(),
                requests: 200,
                ok: 200,
                throughput: Some(4000.0 / ms),
                latency_ms: latency.into(),
                ..Scenario::default()
            };
            Recorded { rounds: Vec::new(), pass: vec![scenario] }
        };
        let pool =
            |ms: f64| Pool { runs: (0..8).map(|i| run(ms * (1.0 + 0.005 * f64::from(i % 3)))).collect() };
        let (same, slow) = (pool(100.0), pool(130.0));
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for earlier in [10, 30] {
            for _ in 0..20 {
                assert_eq!(once(&same, &same, true, earlier, &mut random), (false, false));
                assert!(once(&same, &slow, false, earlier, &mut random).0);
            }
        }
    }
}
