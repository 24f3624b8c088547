//! One latency or throughput against its history, as a ratio.
//!
//! ```text
//!   better ◄──────────── median of the earlier runs ────────────► worse
//!          … improved … | ◄──────── unchanged ────────► | … suspected …
//!                                                     limit
//! ```
//!
//! The limit is the farthest of: the tolerance; the absolute floor; the noise of the earlier runs (a prediction bound for
//! one more run); the worst of the earlier runs (outliers apart); and the least change that so few runs and samples can show at all
//! ([`least_change`]).

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::policy::{Better, FigureRule};
use crate::model::ChangeOutcome;

/// A figure in one run: its value and the samples behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Measured {
    pub(crate) value: f64,
    pub(crate) samples: u64,
}

/// How a figure compares with its history.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compared {
    pub(crate) outcome: ChangeOutcome,
    pub(crate) before: Option<f64>,
    pub(crate) interval: Option<[f64; 2]>,
    pub(crate) noise: Option<f64>,
    pub(crate) limit: Option<f64>,
    /// Smallest relative change for the worse that is suspected four times out of five.
    pub(crate) detectable: Option<f64>,
    /// One-sided probability of a run as bad as this without any change; `None` where the history is too short for one.
    pub(crate) p: Option<f64>,
    pub(crate) note: Option<String>,
}

impl Compared {
    pub(crate) fn not_judged(before: Option<f64>, note: impl Into<String>) -> Self {
        Self {
            outcome: ChangeOutcome::NotJudged,
            before,
            interval: None,
            noise: None,
            limit: None,
            detectable: None,
            p: None,
            note: Some(note.into()),
        }
    }
}

/// Samples in the tail that a figure needs before it is judged: ten for a median's half would be twenty in all.
const LEAST_TAIL: f64 = 1.0;
/// Samples in all that it needs.
const LEAST_SAMPLES: u64 = 10;
/// Noise that is assumed at least: three runs may agree by chance to the microsecond.
const LEAST_NOISE: f64 = 0.02;
/// One-sided level of the prediction bound that the limit is drawn at.
pub(crate) const LEVEL: f64 = 0.01;
/// From so many runs on their noise is known well enough for p-values.
pub(crate) const MANY_RUNS: usize = 10;
/// One run in so many may have been as bad without widening the range for good: a neighbour on the machine.
pub(crate) const RUNS_PER_OUTLIER: usize = 10;
/// Samples in a second that tell of different moments: a burst that is over in one second meets one mood of the machine, however
/// many requests it has.
const APART: f64 = 4.0;
/// What stands in for Student's t where few runs would make it absurd (6.97 at three): a change beyond what one run alone would
/// show, and beyond so many standard errors, is gross in any case.
pub(crate) const GROSS: f64 = 3.0;

/// The least relative change that is believed with this history: with one or two runs nothing is known of the noise, so only
/// gross changes are; below ten the noise is known badly. `carrying` is the number of samples that carry the figure (those
/// beyond a quantile): its own sampling error falls with their root, so few samples widen it.
fn least_change(runs: usize, carrying: f64) -> f64 {
    let base = match runs {
        0..3 => 0.5,
        3..MANY_RUNS => 0.25,
        _ => 0.1,
    };
    base * (1.0 + 1.0 / carrying.max(1.0).sqrt())
}

/// How much the absolute floor is widened, for the same reason.
pub(crate) fn floor_factor(runs: usize) -> f64 {
    match runs {
        0..3 => 5.0,
        3..10 => 2.0,
        _ => 1.0,
    }
}

pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    match n {
        0 => None,
        _ if n % 2 == 1 => Some(sorted[n / 2]),
        _ => Some((sorted[n / 2 - 1] + sorted[n / 2]) / 2.0),
    }
}

/// Scatter of the logarithms, `None` below three. Below ten runs it is the standard deviation: few values, so the careful
/// estimate. From there it is 1.4826 × MAD, which estimates the same and shrugs off an outlier, but at least 0.7 of the standard
/// deviation, since the MAD of ten values is easily too small.
fn scatter(logs: &[f64], center: f64) -> Option<f64> {
    let deviation = deviation(logs)?;
    if logs.len() < MANY_RUNS {
        return (logs.len() >= 3).then_some(deviation);
    }
    let mad = median(&logs.iter().map(|y| (y - center).abs()).collect::<Vec<_>>())?;
    Some((1.4826 * mad).max(0.7 * deviation))
}

/// Standard deviation, `None` below two values.
pub(crate) fn deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|y| (y - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt())
}

/// Judges one figure. `tail` is the share of the samples that carries it, `seconds` what they were taken in (0: not known).
pub(crate) fn judge(
    now: Measured,
    history: &[Measured],
    rule: &FigureRule,
    tail: f64,
    seconds: f64,
) -> Compared {
    let earlier: Vec<f64> = history.iter().map(|m| m.value).filter(|v| *v > 0.0 && v.is_finite()).collect();
    let runs = earlier.len();
    let Some(before) = median(&earlier) else {
        return Compared::not_judged(None, "the earlier runs have no such figure");
    };
    if !(now.value > 0.0 && now.value.is_finite()) {
        return Compared::not_judged(Some(before), "only positive values can be compared as a ratio");
    }
    let samples = now.samples.min(history.iter().map(|m| m.samples).min().unwrap_or(0));
    let carrying = samples as f64 * tail;
    let apart = if seconds > 0.0 { carrying.min(seconds * APART) } else { carrying };
    if samples < LEAST_SAMPLES || carrying < LEAST_TAIL - 1e-9 {
        let needed = LEAST_SAMPLES.max((LEAST_TAIL / tail - 1e-9).ceil() as u64);
        return Compared::not_judged(Some(before), format!("{samples} samples; judged from {needed} on"));
    }

    // On this scale more is worse. Where neither way is better, the change itself is what is worse.
    let worse_up = match rule.better {
        Better::Lower => true,
        Better::Higher => false,
        Better::Neither => now.value >= before,
    };
    let sign = if worse_up { 1.0 } else { -1.0 };
    let logs: Vec<f64> = earlier.iter().map(|v| v.ln()).collect();
    let center = before.ln();
    let spread = scatter(&logs, center);
    let known = spread.map(|s| (s.max(LEAST_NOISE) * (1.0 + 1.0 / runs as f64).sqrt(), runs as f64 - 1.0));

    let mut band = rule.tolerance.max(least_change(runs, apart)).ln_1p();
    if let Some((scale, freedom)) = known {
        let bound = student(freedom).inverse_cdf(1.0 - LEVEL) * scale;
        let gross = least_change(1, apart).ln_1p().max(GROSS * scale);
        band = band.max(if runs < MANY_RUNS { bound.min(gross) } else { bound });
    }
    let floor = rule.floor * floor_factor(runs);
    let limit_towards = |sign: f64| {
        // With three runs and more none of them may have been as far out, but for those few that may be outliers.
        let mut range: Vec<f64> = earlier.iter().map(|v| sign * v).collect();
        range.sort_by(|a, b| b.total_cmp(a));
        let worst = range.get(runs / RUNS_PER_OUTLIER).copied().filter(|_| runs >= 3);
        let bounds = [sign * (center + sign * band).exp(), sign * before + floor];
        sign * bounds.into_iter().chain(worst).fold(f64::NEG_INFINITY, f64::max)
    };
    let beyond = |sign: f64| (now.value - limit_towards(sign)) * sign > 0.0;
    let outcome = if beyond(sign) {
        ChangeOutcome::Suspected
    } else if rule.better != Better::Neither && beyond(-sign) {
        ChangeOutcome::Improved
    } else {
        ChangeOutcome::Unchanged
    };
    let shift = now.value.ln() - center;
    let p =
        known.filter(|_| runs >= MANY_RUNS).map(|(scale, freedom)| student(freedom).sf(sign * shift / scale));
    let interval = known.map(|(scale, freedom)| {
        let half = student(freedom).inverse_cdf(0.975) * scale;
        [(shift - half).exp_m1(), (shift + half).exp_m1()]
    });
    let limit = limit_towards(sign);
    Compared {
        outcome,
        before: Some(before),
        interval,
        noise: spread.map(f64::exp_m1),
        limit: (limit > 0.0).then_some(limit),
        detectable: (limit > 0.0).then(|| detectable(before, limit, spread)),
        p,
        note: None,
    }
}

/// The change that takes the figure to its limit, and beyond it in spite of its noise four times out of five (0.84 is the normal
/// distribution's 80 % quantile).
fn detectable(before: f64, limit: f64, spread: Option<f64>) -> f64 {
    ((limit / before).ln().abs() + 0.84 * spread.unwrap_or(0.0)).exp_m1()
}

pub(crate) fn student(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom.max(1.0)).expect("scale 1 and at least one degree of freedom")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::policy::Policy;

    fn outcome(figure: &str, now: f64, samples: u64, history: &[f64]) -> ChangeOutcome {
        let rule = Policy::default().rule(figure);
        let crate::judge::policy::Kind::Speed { tail } = rule.kind else { panic!("{figure} is no speed") };
        let history: Vec<_> = history.iter().map(|&value| Measured { value, samples }).collect();
        judge(Measured { value: now, samples }, &history, &rule, tail, 0.0).outcome
    }

    #[test]
    fn how_much_must_change_by_number_of_runs_and_samples() {
        use ChangeOutcome::{Improved, NotJudged, Suspected, Unchanged};
        let ten = [100.0, 101.0, 99.0, 100.5, 98.0, 102.0, 100.0, 99.5, 101.5, 100.2];
        let noisy = [100.0, 140.0, 80.0, 120.0, 95.0, 70.0, 130.0, 105.0, 90.0, 110.0];
        let cases: &[(&str, f64, u64, &[f64], ChangeOutcome)] = &[
            // One run: only gross changes, and the fewer samples the grosser.
            ("latency.p50", 100.0, 100, &[100.0], Unchanged),
            ("latency.p50", 130.0, 100, &[100.0], Unchanged),
            ("latency.p50", 155.0, 100, &[100.0], Unchanged),
            ("latency.p50", 160.0, 100, &[100.0], Suspected),
            ("latency.p50", 200.0, 20, &[100.0], Suspected),
            ("latency.p95", 190.0, 20, &[100.0], Unchanged),
            ("latency.p95", 199.0, 60, &[100.0], Suspected),
            ("latency.p95", 190.0, 100, &[100.0], Suspected),
            ("latency.p50", 50.0, 100, &[100.0], Improved),
            ("throughput", 10.0, 60, &[20.0], Suspected),
            ("throughput", 14.0, 60, &[20.0], Unchanged),
            ("throughput", 40.0, 60, &[20.0], Improved),
            // Three runs: wide.
            ("latency.p50", 120.0, 100, &[100.0, 101.0, 99.0], Unchanged),
            ("latency.p50", 135.0, 100, &[100.0, 101.0, 99.0], Suspected),
            // Ten runs: as fine as their noise.
            ("latency.p50", 110.0, 100, &ten, Unchanged),
            ("latency.p50", 115.0, 100, &ten, Suspected),
            ("latency.p50", 150.0, 100, &noisy, Unchanged),
            ("latency.p50", 300.0, 100, &noisy, Suspected),
            // Not enough samples, or nothing to compare with.
            ("latency.p50", 500.0, 9, &[100.0], NotJudged),
            ("latency.p95", 500.0, 19, &[100.0], NotJudged),
            ("latency.p50", 500.0, 100, &[], NotJudged),
            // Below the floor no ratio matters: 2 ms on a median, five times that with one run.
            ("latency.p50", 9.0, 1000, &[1.0], Unchanged),
            ("latency.p50", 12.0, 1000, &[1.0], Suspected),
        ];
        for &(figure, now, samples, history, expected) in cases {
            assert_eq!(
                outcome(figure, now, samples, history),
                expected,
                "{figure} {now} n={samples} K={}",
                history.len()
            );
        }
    }

    #[test]
    fn the_limit_is_where_the_outcome_turns() {
        let rule = Policy::default().rule("latency.p95");
        let history = [Measured { value: 250.0, samples: 60 }; 4];
        let at = |value| judge(Measured { value, samples: 60 }, &history, &rule, 0.05, 0.0);
        let limit = at(250.0).limit.unwrap();
        assert_eq!(at(limit * 0.999).outcome, ChangeOutcome::Unchanged);
        assert_eq!(at(limit * 1.001).outcome, ChangeOutcome::Suspected);
    }

    #[test]
    fn a_burst_says_less_than_as_many_requests_over_a_while() {
        let rule = Policy::default().rule("latency.p50");
        let at = |value, seconds| {
            let history = [Measured { value: 100.0, samples: 1000 }];
            judge(Measured { value, samples: 1000 }, &history, &rule, 0.5, seconds).outcome
        };
        assert_eq!(at(166.0, 0.0), ChangeOutcome::Suspected);
        assert_eq!(at(166.0, 60.0), ChangeOutcome::Suspected);
        assert_eq!(at(166.0, 0.8), ChangeOutcome::Unchanged);
        assert_eq!(at(201.0, 0.8), ChangeOutcome::Suspected);
    }
}
