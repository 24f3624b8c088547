//! The trend of the memory over a run against that of the earlier ones, as a difference.
//!
//! A healthy trend is about zero, on either side of it, so a ratio says nothing: from 100 B/s to 2 kB/s is twentyfold, and nothing. The
//! limit is the farthest of: the allowed change; the noise of the earlier runs (a prediction bound for one more run); the worst of the
//! earlier runs.

use statrs::distribution::ContinuousCDF as _;

use super::policy::{Better, FigureRule};
use super::speed::{self, Compared, deviation, floor_factor, median, student};
use crate::model::ChangeOutcome;

/// Seconds of measurement below which there is no trend: what a service takes once, to warm up, would be one.
pub(crate) const LEAST_SECONDS: f64 = 60.0;
/// Noise that is assumed at least, as a share of the allowed change: three runs may agree by chance.
const LEAST_NOISE: f64 = 0.2;

/// Judges one trend, in bytes per second, by those of the earlier runs.
pub(crate) fn judge(now: f64, history: &[f64], rule: &FigureRule) -> Compared {
    let earlier: Vec<f64> = history.iter().copied().filter(|v| v.is_finite()).collect();
    let runs = earlier.len();
    let Some(before) = median(&earlier) else {
        return Compared::not_judged(None, "the earlier runs have no such figure");
    };
    if !now.is_finite() {
        return Compared::not_judged(Some(before), "it is no number");
    }
    let allowed = rule.floor.max(rule.tolerance * before.abs());
    let mut band = allowed * floor_factor(runs);
    let known = deviation(&earlier)
        .filter(|_| runs >= 3)
        .map(|s| (s.max(allowed * LEAST_NOISE) * (1.0 + 1.0 / runs as f64).sqrt(), runs as f64 - 1.0));
    if let Some((scale, freedom)) = known {
        let bound = student(freedom).inverse_cdf(1.0 - speed::LEVEL) * scale;
        // Student's t would be absurd below ten runs, as for latencies.
        let gross = (allowed * floor_factor(1)).max(speed::GROSS * scale);
        band = band.max(if runs < speed::MANY_RUNS { bound.min(gross) } else { bound });
    }
    let sign = match rule.better {
        Better::Lower => 1.0,
        Better::Higher => -1.0,
        Better::Neither => (now - before).signum(),
    };
    let limit_towards = |sign: f64| {
        let mut range: Vec<f64> = earlier.iter().map(|v| sign * v).collect();
        range.sort_by(|a, b| b.total_cmp(a));
        let worst = range.get(runs / speed::RUNS_PER_OUTLIER).copied().filter(|_| runs >= 3);
        sign * (sign * before + band).max(worst.unwrap_or(f64::NEG_INFINITY))
    };
    let beyond = |sign: f64| (now - limit_towards(sign)) * sign > 0.0;
    let outcome = if beyond(sign) {
        ChangeOutcome::Suspected
    } else if rule.better != Better::Neither && beyond(-sign) {
        ChangeOutcome::Improved
    } else {
        ChangeOutcome::Unchanged
    };
    let p = known
        .filter(|_| runs >= speed::MANY_RUNS)
        .map(|(scale, freedom)| student(freedom).sf(sign * (now - before) / scale));
    Compared {
        outcome,
        before: Some(before),
        interval: None,
        noise: None,
        limit: Some(limit_towards(sign)),
        detectable: None,
        p,
        note: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::policy::{Kind, Policy};

    const KIB: f64 = 1024.0;

    #[test]
    fn a_leak_is_suspected_and_the_breathing_of_a_service_is_not() {
        use ChangeOutcome::{Improved, NotJudged, Suspected, Unchanged};
        let still = [0.0, 300.0, -200.0, 100.0, -400.0, 0.0, 250.0, -100.0, 50.0, 20.0];
        let breathing: Vec<f64> =
            [90.0, -120.0, 60.0, -30.0, 110.0, -80.0, 20.0, -60.0, 70.0, -50.0].map(|v| v * KIB).into();
        let leaking = [500.0 * KIB; 10];
        let cases: &[(&str, f64, &[f64], ChangeOutcome)] = &[
            // One run: five times what is allowed.
            ("one run", 300.0 * KIB, &still[..1], Unchanged),
            ("one run, a leak", 330.0 * KIB, &still[..1], Suspected),
            ("three runs", 120.0 * KIB, &still[..3], Unchanged),
            ("three runs, a leak", 140.0 * KIB, &still[..3], Suspected),
            ("ten runs", 60.0 * KIB, &still, Unchanged),
            ("ten runs, a leak", 70.0 * KIB, &still, Suspected),
            ("from 20 B/s to 2 kB/s is nothing", 2.0 * KIB, &still, Unchanged),
            ("as noisy as ever", 150.0 * KIB, &breathing, Unchanged),
            ("beyond its noise", 400.0 * KIB, &breathing, Suspected),
            ("an old leak", 500.0 * KIB, &leaking, Unchanged),
            ("an old leak that has been closed", 0.0, &leaking, Improved),
            ("no earlier run", 1e9, &[], NotJudged),
            ("no number", f64::NAN, &still, NotJudged),
        ];
        let rule = Policy::default().rule("memory.slope");
        assert_eq!(rule.kind, Kind::Slope);
        for (name, now, history, outcome) in cases {
            let judged = judge(*now, history, &rule);
            assert_eq!(judged.outcome, *outcome, "{name}: {judged:?}");
            assert_eq!(judged.p.is_some(), history.len() >= 10 && now.is_finite(), "{name}");
        }
    }

    #[test]
    fn long_runs_are_judged_and_fresh_rounds_decide() {
        use crate::baseline::Baseline;
        use crate::judge::tests::{around, report, scenario};
        use crate::judge::{compare, confirm};
        use crate::model::{ComparedFigure, Resources, Scenario};

        let soak = |slope: f64, seconds: f64| -> Vec<Scenario> {
            let resources = Resources { memory_slope: Some(slope * KIB), ..Resources::default() };
            let scenario = scenario(&around(100.0, 600, 0));
            vec![Scenario { resources: Some(resources), duration_s: seconds, ..scenario }]
        };
        let judged = |slope: f64, seconds: f64, rounds: &[f64]| -> ComparedFigure {
            let baseline = Baseline::from_report(&report(1, soak(-3.0, seconds)));
            let mut comparison = compare(&report(2, soak(slope, seconds)), &baseline, &Policy::default());
            let rounds: Vec<_> = rounds.iter().map(|slope| soak(*slope, seconds)).collect();
            confirm(&mut comparison, &rounds);
            comparison.figures.into_iter().find(|f| f.figure == "memory.slope").expect("it is compared")
        };
        let cases: &[(f64, f64, &[f64], ChangeOutcome)] = &[
            (900.0, 59.0, &[], ChangeOutcome::NotJudged),
            (900.0, 60.0, &[], ChangeOutcome::Suspected),
            (900.0, 60.0, &[950.0, 880.0], ChangeOutcome::Regression),
            (900.0, 60.0, &[20.0, -40.0], ChangeOutcome::Unchanged),
            (900.0, 60.0, &[900.0, 20.0], ChangeOutcome::Undecided),
            (200.0, 60.0, &[], ChangeOutcome::Unchanged),
        ];
        for (slope, seconds, rounds, outcome) in cases {
            let figure = judged(*slope, *seconds, rounds);
            assert_eq!(figure.outcome, *outcome, "{slope} in {seconds} s: {figure:?}");
            assert_eq!(figure.change, None);
        }
    }
}
