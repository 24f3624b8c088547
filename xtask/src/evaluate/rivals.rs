//! Rules that others use, on the same rounds.
//!
//! A "run" of theirs is six rounds out of one recorded run, one side of it alone; they look at three figures only, median and p95 of
//! `ask` and throughput of `cached`, and alarm where any of them is beyond their limit. Their earlier runs come from other recorded
//! runs without a change, so that what changes on the machine from run to run is in there, as it is in their daily use.

use loadgate_report::Histogram;
use loadgate_report::judge::paired::Slot;
use rand::seq::IteratorRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::once::Joint;
use super::pool::{Pool, Pools};
use super::record::Rival;

/// Trials a cell.
const TRIALS: usize = 1000;
/// Earlier runs that rules over a history look at.
const HISTORY: usize = 10;
/// Rounds of a run of theirs.
const ROUNDS: usize = 6;
/// One-sided 97.5 % quantile of Student's t with nine degrees of freedom, and of the normal distribution.
const T9: f64 = 2.262;
const Z: f64 = 1.645;

/// Median and p95 of `ask` in ms, and ms per request of `cached`: of all three, less is better.
type Figures = [f64; 3];

/// What a rule may look at.
struct Case {
    /// The run before, of the same machine.
    previous: Figures,
    history: Vec<Figures>,
    head: Figures,
    /// The base within the same rounds as the head, request by request.
    base_requests: Histogram,
    head_requests: Histogram,
    /// All of the base first, then all of the head.
    before: Figures,
    after: Figures,
}

/// Its words, whether it needs the whole history, and when it alarms.
type Rule = (&'static str, bool, fn(&Case) -> bool);

/// The rules. An addition is one line.
const RULES: &[Rule] = &[
    ("more than 110 % of the previous run", false, |case| beyond(&case.head, &case.previous, 1.1)),
    ("more than 125 % of the previous run", false, |case| beyond(&case.head, &case.previous, 1.25)),
    ("more than 200 % of the previous run", false, |case| beyond(&case.head, &case.previous, 2.0)),
    ("95 % prediction interval by t of the last 10 runs", true, |case| any(case, prediction)),
    ("above Q3 + 1.5 IQR of the last 10 runs", true, |case| any(case, quartiles)),
    ("Mann–Whitney on requests, p < 5 %, interleaved", false, |case| {
        mann_whitney(&case.base_requests, &case.head_requests) > Z
    }),
    ("base, then head, more than 25 % worse", false, |case| beyond(&case.after, &case.before, 1.25)),
];

/// All rules on all cells for which there are enough runs.
pub(crate) fn all(pools: &Pools) -> Vec<Rival> {
    let mut rivals: Vec<Rival> = RULES
        .iter()
        .map(|(rule, ..)| Rival { rule: (*rule).to_owned(), alarms: Default::default() })
        .collect();
    for (condition, change, pool) in pools.all() {
        let Some(same) = pools.get(condition, "same").filter(|same| same.runs.len() > 2) else { continue };
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let cases: Vec<Case> =
            (0..TRIALS).filter_map(|_| draw(pool, same, change == "same", &mut random)).collect();
        if cases.is_empty() {
            continue;
        }
        for (rival, (_, needs_history, rule)) in rivals.iter_mut().zip(RULES) {
            if *needs_history && cases.iter().any(|case| case.history.len() < HISTORY) {
                continue;
            }
            let alarms = cases.iter().filter(|case| rule(case)).count();
            rival.alarms.insert(format!("{} {change}", condition.name()), (cases.len(), alarms));
        }
    }
    rivals
}

fn draw(pool: &Pool, same: &Pool, is_same: bool, random: &mut impl Rng) -> Option<Case> {
    let enough = |pool: &Pool| -> Vec<usize> {
        (0..pool.runs.len()).filter(|i| pool.runs[*i].rounds.len() >= ROUNDS).collect()
    };
    let run = *enough(pool).iter().choose(random)?;
    // The run under test is none of the earlier ones.
    let others: Vec<usize> = enough(same).into_iter().filter(|i| !is_same || *i != run).collect();
    let rounds = six(&pool.runs[run].rounds, random);
    let side = |rounds: &[&Joint], head: bool| figures(rounds, head);
    let mut history = Vec::new();
    for other in others.iter().copied().sample(random, HISTORY) {
        history.push(side(&six(&same.runs[other].rounds, random), false)?);
    }
    let previous = others.iter().copied().rfind(|i| !is_same || *i < run).or(others.first().copied())?;
    Some(Case {
        previous: side(&six(&same.runs[previous].rounds, random), false)?,
        history,
        head: side(&rounds, true)?,
        base_requests: requests(&rounds, false),
        head_requests: requests(&rounds, true),
        before: side(&rounds[..ROUNDS / 2], false)?,
        after: side(&rounds[ROUNDS / 2..], true)?,
    })
}

/// Six neighbouring rounds of a run.
fn six<'a>(rounds: &'a [Joint], random: &mut impl Rng) -> Vec<&'a Joint> {
    let from = random.random_range(0..=rounds.len() - ROUNDS);
    rounds[from..from + ROUNDS].iter().collect()
}

fn slots<'a>(rounds: &'a [&Joint], scenario: &'a str, head: bool) -> impl Iterator<Item = &'a Slot> {
    let own = rounds.iter().flat_map(|joint| joint.iter()).filter(move |(name, _)| name == scenario);
    own.map(move |(_, round)| if head { &round.head } else { &round.base })
}

fn requests(rounds: &[&Joint], head: bool) -> Histogram {
    let mut all = Histogram::default();
    slots(rounds, "ask", head).for_each(|slot| all.merge(&slot.scenario.latency_ms.histogram));
    all
}

fn figures(rounds: &[&Joint], head: bool) -> Option<Figures> {
    let ask = requests(rounds, head);
    let (n, seconds) = slots(rounds, "cached", head)
        .fold((0, 0.0), |(n, s), slot| (n + slot.scenario.ok, s + slot.scenario.duration_s));
    (n > 0).then_some(())?;
    Some([ask.quantile_ms(0.5)?, ask.quantile_ms(0.95)?, seconds * 1000.0 / n as f64])
}

fn beyond(now: &Figures, before: &Figures, factor: f64) -> bool {
    now.iter().zip(before).any(|(now, before)| *now > before * factor)
}

/// Whether any figure is beyond the limit that its own history gives.
fn any(case: &Case, limit: fn(&[f64]) -> f64) -> bool {
    (0..3).any(|i| {
        let history: Vec<f64> = case.history.iter().map(|figures| figures[i]).collect();
        case.head[i] > limit(&history)
    })
}

fn prediction(history: &[f64]) -> f64 {
    let n = history.len() as f64;
    let mean = history.iter().sum::<f64>() / n;
    let variance = history.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    mean + T9 * (variance * (1.0 + 1.0 / n)).sqrt()
}

fn quartiles(history: &[f64]) -> f64 {
    let mut sorted = history.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Linear interpolation, as R's default (type 7).
    let at = |q: f64| {
        let place = q * (sorted.len() - 1) as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(sorted.len() - 1);
        sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
    };
    at(0.75) + 1.5 * (at(0.75) - at(0.25))
}

/// Standard deviations by which requests of the head are slower than those of the base (H. B. Mann & D. R. Whitney, 1947; normal
/// approximation, ties within a bucket of the histogram counted half, without correction of the variance for them).
fn mann_whitney(base: &Histogram, head: &Histogram) -> f64 {
    let (n, m) = (base.count() as f64, head.count() as f64);
    let base: Vec<(u64, u64)> = base.buckets().collect();
    let (mut below, mut at, mut u) = (0, 0, 0.0);
    for (us, count) in head.buckets() {
        while at < base.len() && base[at].0 < us {
            below += base[at].1;
            at += 1;
        }
        let equal = base.get(at).filter(|(b, _)| *b == us).map_or(0, |(_, n)| *n);
        u += count as f64 * (below as f64 + equal as f64 / 2.0);
    }
    (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(us: &[u64]) -> Histogram {
        let mut all = Histogram::default();
        us.iter().for_each(|us| all.record_us(*us));
        all
    }

    #[test]
    fn textbook_values() {
        // R: wilcox.test(c(4,5,6,7), c(1,2,3,5)) has W = 14.5; (14.5 − 8) / sqrt(4 · 4 · 9 / 12) = 1.876.
        let z = mann_whitney(&histogram(&[1, 2, 3, 5]), &histogram(&[4, 5, 6, 7]));
        assert!((z - 6.5 / 12f64.sqrt()).abs() < 1e-9, "{z}");
        assert!((mann_whitney(&histogram(&[4, 5]), &histogram(&[4, 5]))).abs() < 1e-9);
        let ten = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
        // R: quantile(1:10, c(.25, .75)) is 3.25, 7.75; mean 5.5, sd 3.02765.
        assert!((quartiles(&ten) - (7.75 + 1.5 * 4.5)).abs() < 1e-9);
        assert!((prediction(&ten) - (5.5 + 2.262 * 3.02765 * 1.1f64.sqrt())).abs() < 1e-3);
        assert!(beyond(&[1.0, 1.0, 1.3], &[1.0; 3], 1.25) && !beyond(&[1.2; 3], &[1.0; 3], 1.25));
    }
}
