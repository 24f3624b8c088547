//! What paired mode promises, over simulated rounds.

use proptest::prelude::*;

use super::*;
use crate::Verdict;
use crate::judge::policy::Policy;
use crate::judge::tests::scenario;
use crate::model::{ChangeOutcome, Comparison, FailureKind, Report, Resources, Search, SearchOutcome};
use crate::random::Random;

/// A slot of 60 requests around `ms`, `noise` off as a whole, `failed` of them failed.
fn slot(random: &mut Random, ms: f64, noise: f64, failed: u64) -> Slot {
    let center = ms * (random.normal() * noise).exp();
    let latencies: Vec<f64> = (0..60).map(|_| center * (random.normal() * 0.15).exp()).collect();
    let mut scenario = scenario(&latencies);
    scenario.users_peak = 10;
    scenario.requests += failed;
    scenario.failed = [(FailureKind::Timeout, failed)].into();
    Slot { scenario, steal: Some(0.0), pressure: Some(0.1) }
}

/// Rounds in which the machine itself wanders by a third from round to round and each side by `noise`; head is `change` slower.
pub(super) fn rounds(seed: u64, n: usize, noise: f64, change: f64) -> Vec<PairedRound> {
    let mut random = Random(seed);
    (0..n)
        .map(|i| {
            let weather = 500.0 * (random.normal() * 0.3).exp();
            PairedRound {
                block: i as u32 / 4,
                base: slot(&mut random, weather, noise, 0),
                head: slot(&mut random, weather * (1.0 + change), noise, 0),
                control_ms: Some(1.0),
            }
        })
        .collect()
}

pub(super) fn compare(rounds: &[PairedRound]) -> Comparison {
    compare_paired("main", &[("light".to_owned(), rounds.to_vec())], &Policy::default(), looks::LEVEL)
}

fn outcome(comparison: &Comparison, figure: &str) -> ChangeOutcome {
    comparison.figures.iter().find(|f| f.figure == figure).unwrap().outcome
}

#[test]
fn a_wandering_machine_hides_no_change_and_makes_none() {
    use ChangeOutcome::{Improved, Suspected, Unchanged};
    for (change, expected) in [(0.0, Unchanged), (0.15, Suspected), (-0.15, Improved)] {
        let comparison = compare(&rounds(7, 20, 0.03, change));
        assert_eq!(outcome(&comparison, "latency.p50"), expected, "{change}");
        let p50 = comparison.figures.iter().find(|f| f.figure == "latency.p50").unwrap();
        let [low, high] = p50.interval.unwrap();
        assert!(low < change && change < high, "{low} {high} around {change}");
        assert_eq!(p50.rounds, 20);
        let seen: Vec<f64> = p50.round_changes.iter().map(|round| round.change).collect();
        assert_eq!(seen.len(), 20);
        assert!(seen.iter().all(|by| (by - change).abs() < 0.25), "{seen:?} around {change}");
        assert!(p50.round_changes.iter().all(|round| !round.confirms));
    }
}

#[test]
fn fresh_rounds_decide_a_suspicion() {
    let fresh = |change| [("light".to_owned(), rounds(99, 12, 0.03, change))];
    for (then, expected) in [(0.15, ChangeOutcome::Regression), (0.0, ChangeOutcome::Unchanged)] {
        let mut comparison = compare(&rounds(7, 20, 0.03, 0.15));
        confirm_paired(&mut comparison, &fresh(then), &Policy::default(), looks::LEVEL);
        assert_eq!(outcome(&comparison, "latency.p50"), expected);
        let p50 = comparison.figures.iter().find(|f| f.figure == "latency.p50").unwrap();
        assert_eq!(p50.rounds, 32);
        let alone = compare(&fresh(then)[0].1);
        let alone = alone.figures.iter().find(|f| f.figure == "latency.p50").unwrap();
        assert!(p50.fresh.is_some() && p50.fresh == alone.now, "{then}: {p50:?}");
        assert_eq!(p50.round_changes.iter().filter(|round| round.confirms).count(), 12);
        assert_eq!(p50.round_changes.len(), 32);
    }
}

/// Drives a sequence as the runner does; gives what was asked for, and what it came to.
fn driven(most: u32, noise: f64, change: f64, then: f64) -> (Vec<Next>, Comparison) {
    let policy = Policy::default();
    let light = |seed, n: u32, change| vec![("light".to_owned(), rounds(seed, n as usize, noise, change))];
    let (mut first, mut fresh) = (light(7, LEAST_ROUNDS as u32, change), light(8, 0, then));
    let (mut sequence, mut asked) = (Sequence::new("main", &policy, most), Vec::new());
    loop {
        let next = sequence.look(&first, &fresh);
        asked.push(next);
        match next {
            Next::Rounds(n) => first = light(7, n, change),
            Next::Fresh(n) => fresh = light(99, n, then),
            Next::Done => return (asked, sequence.comparison().unwrap()),
        }
    }
}

#[test]
fn a_sequence_asks_for_what_decides() {
    use Next::{Done, Fresh, Rounds};
    let (asked, comparison) = driven(60, 0.02, 0.0, 0.0);
    assert_eq!((asked, outcome(&comparison, "latency.p50")), (vec![Done], ChangeOutcome::Unchanged));
    let (asked, comparison) = driven(60, 0.01, 0.4, 0.4);
    assert_eq!(
        (asked, outcome(&comparison, "latency.p50")),
        (vec![Fresh(6), Done], ChangeOutcome::Regression)
    );
    let (asked, comparison) = driven(60, 0.01, 0.4, 0.0);
    assert_eq!(
        (asked, outcome(&comparison, "latency.p50")),
        (vec![Fresh(6), Done], ChangeOutcome::Unchanged)
    );
    // Just what is allowed, in much noise: all looks are taken, and no more.
    let (asked, comparison) = driven(60, 0.3, 0.05, 0.05);
    assert_eq!(asked, [Rounds(11), Rounds(19), Rounds(34), Rounds(60), Done]);
    assert_eq!(outcome(&comparison, "latency.p50"), ChangeOutcome::Undecided);
    // There was time for no more than the first rounds.
    assert_eq!(driven(6, 0.3, 0.05, 0.05).0, [Done]);
}

#[test]
fn rounds_that_the_machine_spoiled_are_run_again() {
    let policy = Policy::default();
    let with = |seed, n: usize, spoiled: &[usize]| {
        let mut all = rounds(seed, n, 0.01, 0.4);
        spoiled.iter().for_each(|i| all[*i].base.steal = Some(0.5));
        vec![("light".to_owned(), all)]
    };
    let none = with(0, 0, &[]);
    let mut sequence = Sequence::new("main", &policy, 6);
    // No look is spent on it, although there is only one.
    assert_eq!(sequence.look(&with(7, 6, &[2]), &none), Next::Rounds(7));
    let first = with(7, 7, &[2]);
    assert_eq!(sequence.look(&first, &none), Next::Fresh(6));
    assert_eq!(sequence.look(&first, &with(9, 6, &[0])), Next::Fresh(7));
    assert_eq!(sequence.look(&first, &with(9, 7, &[0])), Next::Done);
    assert_eq!(outcome(&sequence.comparison().unwrap(), "latency.p50"), ChangeOutcome::Regression);
    // Where the time is over before, nothing is decided: which is told.
    let mut sequence = Sequence::new("main", &policy, 6);
    sequence.look(&with(7, 6, &[2]), &none);
    never_green(sequence.comparison().unwrap(), Verdict::Inconclusive);
}

#[test]
fn what_was_undecided_may_turn_out_unchanged_by_the_fresh_rounds_too() {
    // Errors beyond doubt, and latency in doubt with so few rounds of so much noise.
    let policy = Policy::default();
    let with = |seed, n: usize| {
        let mut all = rounds(seed, n, 0.06, 0.0);
        all.iter_mut().for_each(|r| {
            r.head.scenario.requests += 20;
            r.head.scenario.failed = [(FailureKind::Timeout, 20)].into();
        });
        vec![("light".to_owned(), all)]
    };
    let seed = (0..200).find(|seed| {
        let first = compare(&with(*seed, 6)[0].1);
        outcome(&first, "error_rate") == ChangeOutcome::Suspected
            && outcome(&first, "latency.p50") == ChangeOutcome::Undecided
    });
    let mut sequence = Sequence::new("main", &policy, 6);
    let first = with(seed.unwrap(), 6);
    assert_eq!(sequence.look(&first, &with(0, 0)), Next::Fresh(6));
    assert_eq!(sequence.look(&first, &with(500, 40)), Next::Done);
    let comparison = sequence.comparison().unwrap();
    assert_eq!(outcome(&comparison, "error_rate"), ChangeOutcome::Regression);
    assert_eq!(outcome(&comparison, "latency.p50"), ChangeOutcome::Unchanged);
}

#[test]
fn errors_are_judged_by_points() {
    let with = |head: u64| {
        let mut random = Random(3);
        let round = |i| PairedRound {
            block: i,
            base: slot(&mut random, 500.0, 0.02, 0),
            head: slot(&mut random, 500.0, 0.02, if i % 3 == 0 { head } else { 0 }),
            control_ms: None,
        };
        compare(&(0..24).map(round).collect::<Vec<_>>())
    };
    assert_eq!(outcome(&with(0), "error_rate"), ChangeOutcome::Unchanged);
    // Six failures in every third round of 60: 3 %.
    let comparison = with(6);
    assert_eq!(outcome(&comparison, "error_rate"), ChangeOutcome::Suspected);
    let errors = comparison.figures.iter().find(|f| f.figure == "error_rate").unwrap();
    assert!(errors.now.is_some_and(|now| (0.02..0.04).contains(&now)));
}

#[test]
fn spoiled_rounds_are_dropped_without_knowing_the_side() {
    let mut all = rounds(1, 20, 0.02, 0.0);
    all[3].head.steal = Some(0.4);
    all[5].base.pressure = Some(0.9);
    all[8].control_ms = Some(5.0);
    all[9].base.scenario.generator.problem = Some("stalled".into());
    let quality = look_at(&all);
    assert_eq!(quality.dropped.iter().map(|d| d.round).collect::<Vec<_>>(), [3, 5, 8, 9]);
    assert_eq!((quality.good.len(), &quality.invalid, &quality.restless), (16, &None, &None));
    // Some microseconds of the control are no restless machine, however much they are among so few.
    let control = [0.0062, 0.0063, 0.006, 0.0061];
    all.iter_mut().zip(control.iter().cycle()).for_each(|(round, ms)| round.control_ms = Some(*ms));
    all[8].control_ms = Some(0.107);
    all[10].control_ms = Some(0.02);
    assert_eq!(look_at(&all).dropped.iter().map(|d| d.round).collect::<Vec<_>>(), [3, 5, 8, 9]);
    all[8].control_ms = Some(0.1);
    assert_eq!(look_at(&all).dropped.iter().map(|d| d.round).collect::<Vec<_>>(), [3, 5, 9]);
    all[8].control_ms = Some(5.0);
    let quality = look_at(&all);
    // The same with the sides swapped.
    let swapped: Vec<_> = all.iter().cloned().map(swap).collect();
    assert_eq!(look_at(&swapped).good, quality.good);
    // Too many, and nothing is decided.
    all.iter_mut().take(8).for_each(|r| r.base.steal = Some(0.3));
    let comparison = compare(&all);
    assert!(comparison.message.contains("spoiled by the machine"), "{}", comparison.message);
    assert!(comparison.figures.iter().filter(|f| f.gated).all(|f| f.outcome == ChangeOutcome::Undecided));
}

#[test]
fn a_hypervisor_that_always_takes_its_share_spoils_no_round() {
    let mut all = rounds(8, 12, 0.02, 0.3);
    for (i, round) in all.iter_mut().enumerate() {
        let share = [0.05, 0.11, 0.14, 0.08, 0.17, 0.12][i % 6];
        (round.base.steal, round.head.steal) = (Some(share), Some(share + 0.03));
    }
    assert_eq!(look_at(&all).dropped, []);
    assert_eq!(outcome(&compare(&all), "latency.p50"), ChangeOutcome::Suspected);
    // Far more than it always takes, and from one side only.
    (all[2].base.steal, all[2].head.steal) = (Some(0.6), Some(0.6));
    (all[7].base.steal, all[7].head.steal) = (Some(0.04), Some(0.16));
    let dropped = look_at(&all).dropped;
    let told: Vec<(usize, &str)> = dropped.iter().map(|d| (d.round, d.reason.as_str())).collect();
    assert_eq!(
        told,
        [
            (2, "the hypervisor took 60 % of the processor time"),
            (7, "the hypervisor took 16 % of the processor time from one side and 4 % from the other")
        ]
    );
}

#[test]
fn unequal_load_is_not_compared() {
    let mut all = rounds(1, 10, 0.02, 0.5);
    all.iter_mut().for_each(|r| r.head.scenario.users_peak = 12);
    let comparison = compare(&all);
    assert!(comparison.message.contains("unequal load"), "{}", comparison.message);
    assert!(comparison.figures.iter().all(|f| f.outcome == ChangeOutcome::NotJudged));
    let mut open = rounds(1, 10, 0.02, 0.5);
    for round in &mut open {
        round.head.scenario.generator.lateness_p99_ms = Some(1.0);
        round.base.scenario.generator.lateness_p99_ms = Some(1.0);
        round.base.scenario.requests -= 10;
    }
    let comparison = compare(&open);
    assert!(comparison.message.contains("unequal load: base was sent 500 requests, head 600"));
    let reason = never_green(comparison, Verdict::Invalid);
    assert!(reason.contains("unequal load"), "{reason}");
}

/// What a run comes to whose only flaw is this comparison.
fn never_green(comparison: Comparison, verdict: Verdict) -> String {
    let report = concluded(comparison);
    assert_eq!(report.verdict, verdict, "{}", report.reason);
    report.reason
}

#[test]
fn rounds_that_say_nothing_are_no_pass() {
    for (name, all, verdict) in [
        ("none", vec![], Verdict::Invalid),
        ("few", rounds(1, LEAST_ROUNDS - 1, 0.02, 0.0), Verdict::Inconclusive),
        (
            "restless",
            {
                let mut all = rounds(1, 20, 0.02, 0.0);
                all.iter_mut().take(8).for_each(|r| r.base.steal = Some(0.3));
                all
            },
            Verdict::Inconclusive,
        ),
        (
            "restless throughout",
            {
                let mut all = rounds(1, 20, 0.02, 0.0);
                all.iter_mut().for_each(|r| r.base.steal = Some(0.3));
                all
            },
            Verdict::Inconclusive,
        ),
        (
            // One side was so slow in half of the rounds that nothing came of it.
            "half of the rounds without samples",
            {
                let mut all = rounds(1, LEAST_ROUNDS, 0.02, 0.0);
                all.iter_mut().step_by(2).for_each(|r| r.head.scenario = Scenario::default());
                all
            },
            Verdict::Inconclusive,
        ),
        (
            "all rounds without samples",
            {
                let mut all = rounds(1, LEAST_ROUNDS, 0.02, 0.0);
                all.iter_mut().for_each(|r| r.head.scenario = Scenario::default());
                all
            },
            Verdict::Invalid,
        ),
        (
            "no request in any slot, although memory and processor were read",
            rounds_without_requests(),
            Verdict::Invalid,
        ),
    ] {
        let reason = never_green(compare(&all), verdict);
        assert!(!reason.is_empty(), "{name}");
    }
    never_green(compare(&rounds(1, 20, 0.02, 0.0)), Verdict::Pass);
}

/// Rounds in which nothing was sent, and the target used up something all the same.
fn rounds_without_requests() -> Vec<PairedRound> {
    let mut all = rounds(1, LEAST_ROUNDS, 0.02, 0.0);
    for slot in all.iter_mut().flat_map(|r| [&mut r.base, &mut r.head]) {
        let resources = Some(Resources { memory_peak: 50e6, cpu_s: 0.1, ..Resources::default() });
        slot.scenario = Scenario { resources, ..Scenario::default() };
    }
    all
}

#[test]
fn only_what_the_rounds_show_was_compared() {
    // A figure that gates and needs no request is no comparison of what was asked for.
    let tolerances = [("memory.peak".to_owned(), 0.1)].into();
    let policy = Policy { tolerances, ..Policy::default() };
    let named = [("light".to_owned(), rounds_without_requests())];
    let memory = compare_paired("main", &named, &policy, looks::LEVEL);
    assert_eq!(outcome(&memory, "memory.peak"), ChangeOutcome::Unchanged);
    never_green(memory, Verdict::Invalid);
    // Nor is one that earlier runs were asked about.
    let mut unequal = rounds(1, 10, 0.02, 0.0);
    unequal.iter_mut().for_each(|r| r.head.scenario.users_peak = 12);
    let mut beside = compare(&unequal);
    let p95 = beside.figures.iter_mut().find(|f| f.figure == "latency.p95").unwrap();
    (p95.runs, p95.outcome) = (5, ChangeOutcome::Unchanged);
    assert!(never_green(beside, Verdict::Invalid).contains("unequal load"));
    // Where a suite lets nothing gate, there is nothing to miss.
    let mut shown = compare(&rounds(1, 10, 0.02, 0.0));
    shown.figures.iter_mut().for_each(|f| (f.gated, f.outcome) = (false, ChangeOutcome::NotJudged));
    never_green(shown, Verdict::Pass);
}

#[test]
fn a_search_is_left_out_of_the_rounds() {
    let search =
        Search { outcome: SearchOutcome::Found, capacity: Some(20.0), held: Some(20.0), ..Search::default() };
    for (search, verdict) in [(Some(search), Verdict::Pass), (None, Verdict::Invalid)] {
        let capacity = Scenario { name: "capacity".into(), search, ..scenario(&[500.0; 60]) };
        let light = scenario(&[500.0; 60]);
        let mut report = crate::judge::tests::report(1, vec![light, capacity]);
        report.comparison = Some(compare(&rounds(1, 20, 0.02, 0.0)));
        crate::judge::conclude(&mut report);
        assert_eq!(report.verdict, verdict, "{}", report.reason);
        assert_eq!(report.reason.contains("nothing of it could be compared"), verdict == Verdict::Invalid);
    }
}

#[test]
fn few_rounds_do_not_decide() {
    let comparison = compare(&rounds(1, LEAST_ROUNDS - 1, 0.02, 1.0));
    assert_eq!(outcome(&comparison, "latency.p50"), ChangeOutcome::Undecided);
    assert_eq!(
        outcome(&compare(&rounds(1, LEAST_ROUNDS, 0.02, 1.0)), "latency.p50"),
        ChangeOutcome::Suspected
    );
}

/// A run compared so, as it is concluded.
fn concluded(comparison: Comparison) -> Report {
    let mut report = crate::judge::tests::report(1, vec![scenario(&[500.0; 60])]);
    report.comparison = Some(comparison);
    crate::judge::conclude(&mut report);
    report
}

#[test]
fn what_could_not_be_compared_is_no_pass() {
    // One round of the least number was spoiled, which is not enough to call the machine restless.
    let mut all = rounds(1, LEAST_ROUNDS, 0.02, 0.0);
    all[2].head.steal = Some(0.4);
    let report = concluded(compare(&all));
    assert_eq!(report.verdict, Verdict::Inconclusive, "{}", report.reason);
    all.iter_mut().for_each(|r| r.head.scenario.users_peak = 12);
    let report = concluded(compare(&all));
    assert_eq!(report.verdict, Verdict::Invalid, "{}", report.reason);
    assert!(report.reason.contains("unequal load"), "{}", report.reason);
}

/// Simulated, not measured: log-normal rounds, a fixed seed.
#[test]
fn how_often_it_is_wrong_and_right() {
    let trials = 60;
    let run = |seed: u64, change: f64| {
        let mut comparison = compare(&rounds(seed, 18, 0.02, change));
        let fresh = [("light".to_owned(), rounds(seed + 50_000, 12, 0.02, change))];
        confirm_paired(&mut comparison, &fresh, &Policy::default(), looks::LEVEL);
        comparison
    };
    let count = |change, wanted: fn(&Comparison) -> bool| {
        (0..trials).filter(|seed| wanted(&run(*seed, change))).count()
    };
    let red = |c: &Comparison| c.figures.iter().any(|f| f.outcome == ChangeOutcome::Regression);
    assert_eq!(count(0.0, red), 0, "unchanged code");
    assert_eq!(count(-0.1, red), 0, "the wrong direction");
    let p50 = |c: &Comparison| outcome(c, "latency.p50") == ChangeOutcome::Regression;
    assert!(count(0.1, p50) >= trials as usize * 85 / 100, "+10 %: {} of {trials}", count(0.1, p50));
    let covered = |c: &Comparison| {
        let p50 = c.figures.iter().find(|f| f.figure == "latency.p50").unwrap();
        p50.interval.is_some_and(|[low, high]| low <= 0.1 && 0.1 <= high)
    };
    let coverage = count(0.1, covered) as f64 / trials as f64;
    assert!((0.90..=0.99).contains(&coverage), "coverage {coverage}");
}

fn swap(round: PairedRound) -> PairedRound {
    PairedRound { base: round.head, head: round.base, ..round }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn equal_sides_are_never_worse(seed in 0u64..1000, n in 6usize..20) {
        let all: Vec<_> = rounds(seed, n, 0.1, 0.0)
            .into_iter()
            .map(|r| PairedRound { head: r.base.clone(), ..r })
            .collect();
        for figure in compare(&all).figures.iter().filter(|f| f.gated) {
            prop_assert_eq!(figure.outcome, ChangeOutcome::Unchanged, "{}", &figure.figure);
        }
    }

    #[test]
    fn swapping_the_sides_turns_the_sign(seed in 0u64..1000, n in 6usize..20, change in -0.4..0.6f64) {
        let all = rounds(seed, n, 0.05, change);
        let forth = compare(&all);
        let back = compare(&all.into_iter().map(swap).collect::<Vec<_>>());
        for (forth, back) in forth.figures.iter().zip(&back.figures).filter(|(f, _)| f.gated) {
            let (f, b) = (forth.change.unwrap_or(0.0), back.change.unwrap_or(0.0));
            prop_assert!((f.ln_1p() + b.ln_1p()).abs() < 1e-9, "{}: {} {}", forth.figure, f, b);
            let worse = forth.outcome == ChangeOutcome::Suspected;
            prop_assert!(!worse || back.outcome == ChangeOutcome::Improved, "{} {:?}", forth.figure, back.outcome);
        }
    }

    #[test]
    fn the_unit_of_time_does_not_matter(seed in 0u64..1000, change in -0.3..0.5f64, factor in 0.1..10.0f64) {
        let zero = ["latency.p50", "latency.p95"].map(|f| (f.to_owned(), 0.0));
        let policy = Policy { floors: zero.into(), ..Policy::default() };
        let at = |factor: f64| {
            let scaled = |mut slot: Slot| {
                let histogram = &slot.scenario.latency_ms.histogram;
                let ms: Vec<f64> = histogram.buckets().flat_map(|(us, n)| vec![us as f64 / 1000.0 * factor; n as usize]).collect();
                slot.scenario = crate::model::Scenario { users_peak: 10, ..scenario(&ms) };
                slot
            };
            let all: Vec<_> = rounds(seed, 12, 0.05, change)
                .into_iter()
                .map(|r| PairedRound { base: scaled(r.base), head: scaled(r.head), ..r })
                .collect();
            compare_paired("main", &[("light".to_owned(), all)], &policy, looks::LEVEL)
        };
        for (one, other) in at(1.0).figures.iter().zip(&at(factor).figures).filter(|(f, _)| f.gated) {
            // Three digits of a histogram round differently at another scale.
            let change = |f: &crate::model::ComparedFigure| f.change.unwrap_or(0.0);
            prop_assert!((change(one) - change(other)).abs() < 0.005, "{one:?} {other:?}");
        }
    }

    #[test]
    fn slower_is_never_judged_better(seed in 0u64..1000, change in -0.3..0.3f64, more in 0.0..0.5f64) {
        let rank = |change: f64| match outcome(&compare(&rounds(seed, 14, 0.05, change)), "latency.p50") {
            ChangeOutcome::Improved => 0,
            ChangeOutcome::Unchanged => 1,
            ChangeOutcome::Undecided => 2,
            _ => 3,
        };
        prop_assert!(rank(change) <= rank((1.0 + change) * (1.0 + more) - 1.0));
    }
}

#[test]
fn what_is_recorded_is_looked_at_as_what_is_run() {
    let policy = Policy::default();
    let replayed = |most: u32, noise: f64, change: f64, then: f64, spoiled: bool| {
        let light = |seed, n: u32, change| {
            let mut all = rounds(seed, n as usize, noise, change);
            all.iter_mut().take(usize::from(spoiled)).for_each(|round| round.base.steal = Some(0.5));
            vec![("light".to_owned(), all)]
        };
        let sequence = Sequence::new("main", &policy, most);
        let (comparison, taken) =
            sequence.replay(|first, fresh| [light(7, first, change), light(99, fresh, then)]);
        (comparison.unwrap(), taken)
    };
    for (noise, change, then, rounds) in
        [(0.02, 0.0, 0.0, 6), (0.01, 0.4, 0.4, 12), (0.01, 0.4, 0.0, 12), (0.3, 0.05, 0.05, 60)]
    {
        let (comparison, taken) = replayed(60, noise, change, then, false);
        assert_eq!((&comparison, taken), (&driven(60, noise, change, then).1, rounds));
    }
    // A spoiled round is asked for again, and what is recorded has an end.
    let (comparison, taken) = replayed(6, 0.01, 0.4, 0.4, true);
    assert_eq!((outcome(&comparison, "latency.p50"), taken), (ChangeOutcome::Undecided, 6));
}
