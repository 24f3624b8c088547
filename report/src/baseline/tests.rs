//! Reports to make baselines of, and what appending promises.

use super::*;
use crate::Histogram;
use crate::judge::conclude;
use crate::model::{
    Acceptance, ChangeOutcome, ComparedFigure, Comparison, ComparisonMode, ComparisonStatus, ConditionResult,
    Counter, FailureKind, Level, Report, Scenario,
};
use crate::quantity::Unit;

/// A small report of suite `chat`, different for each seed.
pub(crate) fn report(seed: u64) -> Report {
    let mut latency = Histogram::default();
    (0..40).for_each(|i| latency.record_us(10_000 + i * 250 + seed));
    let scenario = |name: &str| Scenario {
        name: name.into(),
        requests: 44,
        ok: 40,
        refused: 3,
        failed: [(FailureKind::Timeout, 1)].into(),
        success_rate: Some(40.0 / 41.0),
        throughput: Some(20.0),
        latency_ms: latency.clone().into(),
        counters: vec![Counter {
            name: "hit".into(),
            yes: 30,
            no: 10,
            rate: Some(0.75),
            ..Counter::default()
        }],
        ..Scenario::default()
    };
    let mut report = Report {
        schema: crate::model::SCHEMA.into(),
        scenarios: vec![scenario("light"), scenario("heavy")],
        ..Report::default()
    };
    report.suite.name = "chat".into();
    report.suite.hash = "abc".into();
    report.run.id = format!("run-{seed}");
    report.run.seed = seed;
    report.run.started_at = format!("2025-01-01T00:00:{seed:02}Z");
    report.environment.machine = Machine { cpu: "Z80".into(), vcpus: 2, ..Machine::default() };
    report
}

#[test]
fn only_the_last_runs_of_a_class_are_kept() {
    let mut baseline = Baseline::new("chat");
    for seed in 1..=5 {
        baseline.append(&report(seed), 3, false).unwrap();
    }
    let mut elsewhere = report(6);
    elsewhere.environment.machine.vcpus = 64;
    baseline.append(&elsewhere, 3, false).unwrap();
    let here = &baseline.classes[&report(1).environment.machine.class()];
    assert_eq!(here.runs.iter().map(|r| r.seed).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(baseline.runs(), 4);
    // Only the newest run carries curves.
    assert!(
        here.runs[1].scenarios["light"].curve.is_empty() && !here.runs[2].scenarios["light"].curve.is_empty()
    );
    // The same run twice is one run.
    baseline.append(&report(5), 3, false).unwrap();
    assert_eq!(baseline.runs(), 4);
}

#[test]
fn shares_keep_their_counts() {
    let scenario =
        &Baseline::from_report(&report(1)).classes.values().next().unwrap().runs[0].scenarios["light"]
            .clone();
    assert_eq!(scenario.share("error_rate"), Some((1, 41)));
    assert_eq!(scenario.share("refusal_rate"), Some((3, 44)));
    assert_eq!(scenario.share("hit.rate"), Some((30, 40)));
    assert_eq!(scenario.share("latency.p50"), None);
}

#[test]
fn what_no_one_should_be_measured_by_is_not_accepted() {
    let mut baseline = Baseline::new("chat");
    let mut foreign = report(1);
    foreign.suite.name = "other".into();
    let mut interrupted = report(1);
    interrupted.run.interrupted = true;
    let mut invalid = report(1);
    invalid.scenarios[1].verdict = Verdict::Invalid;
    let mut leaky = report(1);
    leaky.scenarios[0].failed.insert(FailureKind::CrossTalk, 1);
    let mut empty = report(1);
    empty.scenarios.clear();
    for (bad, words) in [
        (&foreign, "suite `other`"),
        (&interrupted, "interrupted"),
        (&invalid, "`heavy` is invalid"),
        (&leaky, "`light` fails"),
        (&empty, "no scenario"),
    ] {
        let message = baseline.append(bad, 30, false).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(baseline.runs(), 0);
    baseline.append(&invalid, 30, true).unwrap();
    assert!(baseline.append(&foreign, 30, true).is_err());
}

#[test]
fn a_broken_condition_is_taken_only_while_it_is_accepted() {
    let broken = |figure: &str| ConditionResult {
        text: format!("{figure} < 10ms"),
        level: Level::Critical,
        verdict: Verdict::Fail,
        figure: figure.into(),
        value: Some(15.0),
        limit: Some(10.0),
        unit: Unit::Ms,
        samples: 40,
        message: format!("{figure} is 15 ms; must be < 10 ms"),
        requirement: None,
        place: None,
    };
    let accept = |figure: &str| Acceptance {
        scenario: None,
        figure: figure.into(),
        bound: Some(20.0),
        unit: Unit::Ms,
        reason: "the new model thinks longer".into(),
        expires: "2030-01-31".into(),
        expired: false,
        used: false,
        place: None,
    };
    let (mean, median) = (accept("latency.mean"), accept("latency.p50"));
    let of_light = Acceptance { scenario: Some("light".into()), ..mean.clone() };
    let expired = Acceptance { expired: true, ..mean.clone() };
    for (acceptances, refused) in [
        (vec![], Some("`light` fails: latency.mean")),
        (vec![mean.clone()], Some("`light` fails: latency.p50")),
        (vec![of_light, median.clone()], Some("`heavy` fails: latency.mean")),
        (vec![expired, median.clone()], Some("`light` fails: latency.mean")),
        (vec![mean, median], None),
    ] {
        let mut run = report(1);
        run.scenarios[0].conditions = vec![broken("latency.mean"), broken("latency.p50")];
        run.scenarios[1].conditions = vec![broken("latency.mean")];
        run.acceptances = acceptances;
        conclude(&mut run);
        let said = Baseline::new("chat").append(&run, 30, false).map_err(|e| e.to_string());
        match refused {
            Some(words) => assert!(said.as_ref().is_err_and(|said| said.contains(words)), "{said:?}"),
            None => assert_eq!(said, Ok(())),
        }
    }
}

#[test]
fn accepting_a_changed_figure_marks_where_its_history_begins() {
    let mut changed = report(1);
    changed.verdict = Verdict::Fail;
    let figure = |figure: &str, outcome| ComparedFigure {
        scenario: "light".into(),
        figure: figure.into(),
        unit: Unit::Ms,
        gated: true,
        now: None,
        fresh: None,
        before: None,
        change: None,
        interval: None,
        noise: None,
        tolerance: 0.05,
        floor: 0.0,
        limit: None,
        detectable: None,
        samples: 0,
        runs: 0,
        rounds: 0,
        round_changes: Vec::new(),
        outcome,
        note: None,
    };
    changed.comparison = Some(Comparison {
        mode: ComparisonMode::Stored,
        status: ComparisonStatus::Judged,
        message: String::new(),
        next: None,
        base: String::new(),
        runs: 1,
        commit: None,
        newest: None,
        figures: vec![
            figure("latency.p95", ChangeOutcome::Regression),
            figure("throughput", ChangeOutcome::Improved),
            figure("latency.p50", ChangeOutcome::Unchanged),
            // Nothing has confirmed them: they join the history as one run of many.
            figure("ttft.p50", ChangeOutcome::Suspected),
            figure("ttft.p95", ChangeOutcome::Undecided),
        ],
        curves: Vec::new(),
    });
    let mut baseline = Baseline::new("chat");
    baseline.append(&changed, 30, false).unwrap();
    let run = &baseline.classes.values().next().unwrap().runs[0];
    assert_eq!(run.scenarios["light"].accepted, ["latency.p95", "throughput"]);
    assert!(run.scenarios["heavy"].accepted.is_empty());
}
