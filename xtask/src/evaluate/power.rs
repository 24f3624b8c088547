//! How often the paired judgement is wrong, and what it finds: runs put together from recorded rounds and driven through the very
//! code that judges real ones, with its looks and its confirmation.

use std::collections::BTreeMap;

use loadgate_report::judge::Policy;
use loadgate_report::judge::paired::{Rounds, Sequence, compare_paired};
use loadgate_report::model::{ChangeOutcome, ComparedFigure, Comparison};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::condition::Condition;
use super::once::{Joint, is_speed, name};
use super::plan::{self, Change};
use super::pool::{Pool, Pools, by_scenario};
use super::record::Resampled;

/// Runs for each cell without a change, and for each with one.
const SAME: usize = 1000;
const CHANGED: usize = 200;

/// Rounds of either stage: 180 s of load for each scenario in all, at 4 s a round.
const MOST: u32 = 22;

/// Pools of fewer rounds say nothing.
const LEAST: usize = 12;

/// The cells without a change.
pub(crate) fn same(pools: &Pools) -> Vec<Resampled> {
    cells(pools, SAME, |change| change == "same")
}

/// The cells with one.
pub(crate) fn changed(pools: &Pools) -> Vec<Resampled> {
    cells(pools, CHANGED, |change| change != "same")
}

fn cells(pools: &Pools, trials: usize, wanted: impl Fn(&str) -> bool) -> Vec<Resampled> {
    let cells: Vec<(Condition, &str, &Pool)> =
        pools.all().filter(|(_, change, pool)| wanted(change) && pool.rounds() >= LEAST).collect();
    // One thread for each is too many for a small machine, and one for all too slow.
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut done: Vec<Resampled> = Vec::new();
    for some in cells.chunks(threads) {
        done.extend(std::thread::scope(|scope| {
            let work: Vec<_> = some
                .iter()
                .filter_map(|(condition, change, pool)| {
                    let change = plan::change(change)?;
                    Some(scope.spawn(move || cell(*condition, change, pool, trials)))
                })
                .collect();
            work.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<_>>()
        }));
    }
    done
}

fn cell(condition: Condition, change: &Change, pool: &Pool, trials: usize) -> Resampled {
    let truth = truth(pool);
    let mut random = ChaCha8Rng::seed_from_u64(trials as u64);
    let mut sum = Resampled {
        condition,
        change: change.name.to_owned(),
        runs: pool.runs.len(),
        rounds: pool.rounds(),
        trials,
        true_change: truth.get(change.target).copied(),
        ..Resampled::default()
    };
    let mut taken = 0;
    for _ in 0..trials {
        let (comparison, rounds) = once(pool, &mut random);
        taken += rounds;
        count(&mut sum, &comparison, change, &truth);
    }
    sum.rounds_taken = taken as f64 / trials as f64;
    if !change.target.is_empty() {
        // A run ends with what it finds first, and that need not be the figure that was aimed at.
        let alone = pool.only(scenario_of(change));
        for _ in 0..trials {
            let (comparison, _) = once(&alone, &mut random);
            sum.alone += usize::from(red(&comparison).any(|figure| is_aimed(change, figure)));
        }
    }
    sum
}

/// The scenario that a change is aimed at.
fn scenario_of(change: &Change) -> &str {
    change.target.split(' ').next().unwrap_or_default()
}

fn red(comparison: &Comparison) -> impl Iterator<Item = &ComparedFigure> {
    comparison.figures.iter().filter(|f| f.gated && f.outcome == ChangeOutcome::Regression)
}

/// Whether a figure is the one that a change is aimed at, or one that shows the same.
fn is_aimed(change: &Change, figure: &ComparedFigure) -> bool {
    let mirror =
        change.target.contains("p50") && name(figure) == format!("{} throughput", scenario_of(change));
    // Requests of both scenarios fail alike, and the one with more of them shows it first.
    let errors = change.target.ends_with("error_rate") && figure.figure == "error_rate";
    name(figure) == change.target || mirror || errors
}

/// One run; gives what it came to and the rounds that it took.
fn once(pool: &Pool, random: &mut impl Rng) -> (Comparison, usize) {
    let policy = Policy::default();
    let stages = [pool.draw(MOST as usize, random), pool.draw(MOST as usize, random)];
    let part = |stage: usize, n: u32| -> Rounds {
        let joints: &[&Joint] = &stages[stage];
        by_scenario(&joints[..n as usize])
    };
    let sequence = Sequence::new("base", &policy, MOST);
    let (comparison, taken) = sequence.replay(|first, fresh| [part(0, first), part(1, fresh)]);
    (comparison.unwrap_or_else(|| unreachable!("it has looked at least once")), taken as usize)
}

/// The relative change of each figure over all rounds of a pool.
fn truth(pool: &Pool) -> BTreeMap<String, f64> {
    let all: Vec<&Joint> = pool.runs.iter().flat_map(|run| &run.rounds).collect();
    let comparison = compare_paired("base", &by_scenario(&all), &Policy::default(), 0.05);
    let of = |figure: &ComparedFigure| {
        // A share of 0 has no relative change; its step in points serves as well.
        let points = figure.now.zip(figure.before).map(|(now, before)| now - before);
        Some((name(figure), if is_speed(figure) { figure.change? } else { points? }))
    };
    comparison.figures.iter().filter(|figure| figure.gated).filter_map(of).collect()
}

fn count(sum: &mut Resampled, comparison: &Comparison, change: &Change, truth: &BTreeMap<String, f64>) {
    let gated: Vec<&ComparedFigure> = comparison.figures.iter().filter(|figure| figure.gated).collect();
    let is_red = red(comparison).next().is_some();
    sum.red += usize::from(is_red);
    sum.aimed += usize::from(red(comparison).any(|figure| is_aimed(change, figure)));
    let open = gated.iter().any(|f| matches!(f.outcome, ChangeOutcome::Undecided | ChangeOutcome::Suspected));
    sum.open += usize::from(!is_red && open);
    sum.wrong += usize::from(gated.iter().any(|figure| {
        let worse = truth.get(&name(figure)).map(|change| {
            let higher_is_better = figure.figure == "throughput" || figure.figure.ends_with(".rate");
            if higher_is_better { -change } else { *change }
        });
        match figure.outcome {
            ChangeOutcome::Improved => worse.is_some_and(|w| w > 0.0),
            ChangeOutcome::Regression => worse.is_some_and(|w| w < 0.0),
            _ => false,
        }
    }));
    for figure in gated.iter().filter(|figure| is_speed(figure)) {
        if let (Some([low, high]), Some(change)) = (figure.interval, truth.get(&name(figure))) {
            sum.intervals += 1;
            sum.covered += usize::from((low..=high).contains(change));
        }
    }
}

#[cfg(test)]
mod tests {
    use loadgate_report::Histogram;
    use loadgate_report::judge::paired::{PairedRound, Slot};
    use loadgate_report::model::Scenario;

    use super::super::pool::Recorded;
    use super::*;

    /// Rounds whose head is slower by `change`, give or take 2 %.
    fn pool(change: f64) -> Pool {
        let slot = |ms: f64| {
            let mut latency = Histogram::default();
            (0..100).for_each(|i| latency.record_us((ms * (900.0 + 2.0 * f64::from(i))) as u64));
            let scenario = Scenario {
                name: "ask".into(),
                users_peak: 4,
                requests: 100,
                ok: 100,
                throughput: Some(4000.0 / ms),
                latency_ms: latency.into(),
                ..Scenario::default()
            };
            Slot { scenario, steal: None, pressure: None }
        };
        let joint = |i: usize| {
            let noise = [0.0, 0.02, -0.02, 0.01, -0.01][i * 7 % 5];
            let (base, head) = (slot(100.0), slot(100.0 * (1.0 + change + noise)));
            vec![("ask".to_owned(), PairedRound { block: i as u32, base, head, control_ms: None })]
        };
        Pool { runs: vec![Recorded { rounds: (0..20).map(joint).collect(), pass: Vec::new() }] }
    }

    #[test]
    fn unchanged_is_green_and_changed_is_red_in_the_figure_it_is_aimed_at() {
        let change = |name| plan::change(name).expect("it is in the plan");
        let same = cell(Condition::Quiet, change("same"), &pool(0.0), 20);
        assert_eq!((same.red, same.open, same.wrong), (0, 0, 0), "{same:?}");
        assert!(
            (6.0..8.0).contains(&same.rounds_taken) && same.covered > same.intervals * 8 / 10,
            "{same:?}"
        );
        let slower = cell(Condition::Quiet, change("p50+10"), &pool(0.12), 20);
        assert_eq!((slower.red, slower.aimed, slower.alone, slower.wrong), (20, 20, 20, 0), "{slower:?}");
        assert!(slower.true_change.is_some_and(|c| (0.1..0.14).contains(&c)), "{slower:?}");
        // What is red in another scenario is not found in the one that was aimed at.
        let mut elsewhere = pool(0.12);
        elsewhere.runs[0].rounds.iter_mut().flatten().for_each(|(name, _)| *name = "cached".into());
        let elsewhere = cell(Condition::Quiet, change("p50+10"), &elsewhere, 20);
        assert_eq!((elsewhere.red, elsewhere.aimed, elsewhere.alone), (20, 0, 0), "{elsewhere:?}");
        let faster = cell(Condition::Quiet, change("p50+10"), &pool(-0.12), 20);
        assert_eq!((faster.red, faster.wrong), (0, 0), "{faster:?}");
    }
}
