//! What the judgement promises for any numbers. What must come out of some of them is in `tests`.

use proptest::prelude::*;

use super::tests::{baseline, report, scenario};
use super::*;
use crate::model::{ChangeOutcome, ComparedFigure, Comparison, FailureKind};

/// Latencies of any size: a few tens of samples between 20 ms and a minute.
fn latencies() -> impl Strategy<Value = Vec<f64>> {
    (20.0..30_000.0f64, proptest::collection::vec(0.5..2.0f64, 20..80))
        .prop_map(|(center, factors)| factors.into_iter().map(|f| center * f).collect())
}

fn no_floors() -> Policy {
    let zero = ["latency.p50", "latency.p95", "ttft.p50", "ttft.p95"].map(|f| (f.to_owned(), 0.0));
    Policy { floors: zero.into(), ..Policy::default() }
}

fn outcomes(comparison: &Comparison) -> Vec<(String, ChangeOutcome)> {
    comparison.figures.iter().filter(|f| f.gated).map(|f| (f.figure.clone(), f.outcome)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A run compared with itself, or with any number of copies of itself, is unchanged.
    #[test]
    fn equal_is_never_worse(ms in latencies(), copies in 1usize..15, failed in 0u64..30) {
        let mut s = scenario(&ms);
        s.failed = [(FailureKind::Timeout, failed)].into();
        s.requests += failed;
        let head = report(99, vec![s.clone()]);
        let history = baseline((0..copies).map(|_| vec![s.clone()]));
        for comparison in [compare(&head, &history, &Policy::default()), compare_reports(&head, &head, &Policy::default())] {
            for (figure, outcome) in outcomes(&comparison) {
                prop_assert!(matches!(outcome, ChangeOutcome::Unchanged | ChangeOutcome::NotJudged), "{} {:?}", figure, outcome);
            }
        }
    }

    /// Swapping base and head turns worse into better.
    #[test]
    fn swapping_the_sides_mirrors_the_outcome(a in latencies(), b in latencies()) {
        let (a, b) = (report(1, vec![scenario(&a)]), report(2, vec![scenario(&b)]));
        let forth = outcomes(&compare_reports(&a, &b, &Policy::default()));
        let back = outcomes(&compare_reports(&b, &a, &Policy::default()));
        for ((figure, forth), (_, back)) in forth.into_iter().zip(back) {
            let mirrored = match forth {
                ChangeOutcome::Regression => ChangeOutcome::Improved,
                ChangeOutcome::Improved => ChangeOutcome::Regression,
                other => other,
            };
            prop_assert_eq!(back, mirrored, "{}", figure);
        }
    }

    /// Without absolute floors only ratios count.
    #[test]
    fn the_unit_of_time_does_not_matter(ms in latencies(), runs in 1usize..12, factor in 0.5..3.0f64, effect in 0.3..3.0f64) {
        let outcomes_at = |scale: f64| {
            let shifted = |by: f64| scenario(&ms.iter().map(|v| v * by * scale).collect::<Vec<_>>());
            // Runs 3 % apart, as real ones are.
            let history = baseline((0..runs).map(|i| vec![shifted(1.0 + 0.03 * (i % 3) as f64)]));
            let comparison = compare(&report(99, vec![shifted(effect)]), &history, &no_floors());
            comparison.figures.into_iter().filter(|f| f.gated).collect::<Vec<_>>()
        };
        for (one, other) in outcomes_at(1.0).into_iter().zip(outcomes_at(factor)) {
            // The histogram's three digits round differently at another scale, so right at a limit either may come out.
            let at_limit = |f: &ComparedFigure| {
                let (low, high) = (f.before.unwrap_or(0.0).powi(2) / f.limit.unwrap_or(1.0), f.limit.unwrap_or(1.0));
                [low, high].iter().any(|l| (f.now.unwrap_or(0.0) / l).ln().abs() < 0.01)
            };
            prop_assert!(one.outcome == other.outcome || at_limit(&one) || at_limit(&other), "{one:?} {other:?}");
        }
    }

    /// What is suspected stays suspected when it gets worse, and what is unchanged never improves by that.
    #[test]
    fn worse_is_never_judged_better(ms in latencies(), runs in 1usize..15, effect in 0.3..4.0f64, more in 1.0..3.0f64) {
        let history = baseline((0..runs).map(|i| {
            vec![scenario(&ms.iter().map(|v| v * (1.0 + 0.02 * (i % 4) as f64)).collect::<Vec<_>>())]
        }));
        let at = |by: f64| {
            let head = report(99, vec![scenario(&ms.iter().map(|v| v * by).collect::<Vec<_>>())]);
            outcomes(&compare(&head, &history, &Policy::default()))
        };
        let rank = |outcome| match outcome {
            ChangeOutcome::Improved => 0,
            ChangeOutcome::Unchanged | ChangeOutcome::NotJudged => 1,
            _ => 2,
        };
        for ((figure, less), (_, worse)) in at(effect).into_iter().zip(at(effect * more)) {
            prop_assert!(rank(less) <= rank(worse), "{}: {:?} then {:?}", figure, less, worse);
        }
    }
}
