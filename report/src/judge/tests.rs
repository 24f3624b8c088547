//! What the judgement promises as a whole, over made-up reports. What it promises for any numbers is in `properties`.

use super::*;
use crate::baseline::Baseline;
use crate::model::{
    ChangeOutcome, Comparison, ComparisonStatus, ConditionResult, Counter, FailureKind, FailureSample,
    FindingKind, Level, Machine, Report, Resources, SCHEMA, Scenario, Step,
};
use crate::quantity::Unit;
use crate::{Histogram, Verdict};

/// A scenario `light` whose latencies are `ms`, completed in closed load by ten users.
pub(crate) fn scenario(ms: &[f64]) -> Scenario {
    let mut latency = Histogram::default();
    ms.iter().for_each(|ms| latency.record_us((ms * 1000.0) as u64));
    let n = ms.len() as u64;
    let busy_s: f64 = ms.iter().sum::<f64>() / 1000.0 / 10.0;
    Scenario {
        name: "light".into(),
        load: "10 users".into(),
        requests: n,
        ok: n,
        success_rate: Some(1.0),
        duration_s: busy_s,
        throughput: (n > 0).then(|| n as f64 / busy_s),
        latency_ms: latency.into(),
        conditions: vec![condition("success_rate > 95%", Verdict::Pass)],
        ..Scenario::default()
    }
}

pub(super) fn condition(text: &str, verdict: Verdict) -> ConditionResult {
    ConditionResult {
        text: text.into(),
        level: Level::Critical,
        verdict,
        figure: text.split(' ').next().unwrap().into(),
        value: Some(1.0),
        limit: Some(0.95),
        unit: Unit::Ratio,
        samples: 60,
        message: format!("{text}: judged"),
        requirement: Some("C2".into()),
        place: None,
    }
}

pub(crate) fn report(id: u64, scenarios: Vec<Scenario>) -> Report {
    let mut report = Report { schema: SCHEMA.into(), scenarios, ..Report::default() };
    report.suite.name = "chat".into();
    report.suite.hash = "abc".into();
    report.run.id = format!("run-{id}");
    report.run.started_at = format!("2025-01-01T00:{:02}:{:02}Z", id / 60, id % 60);
    report.environment.machine = Machine { cpu: "Z80".into(), vcpus: 2, ..Machine::default() };
    report
}

/// Latencies around `center` ms, spread by ±20 % in a fixed pattern that `seed` rotates.
pub(crate) fn around(center: f64, n: usize, seed: usize) -> Vec<f64> {
    (0..n).map(|i| center * (0.8 + 0.4 * (((i * 37 + seed * 11) % 101) as f64 / 100.0))).collect()
}

pub(super) fn baseline(runs: impl IntoIterator<Item = Vec<Scenario>>) -> Baseline {
    let mut baseline = Baseline::new("chat");
    for (i, scenarios) in runs.into_iter().enumerate() {
        baseline.append(&report(i as u64, scenarios), 30, true).unwrap();
    }
    baseline
}

fn outcome(comparison: &Comparison, figure: &str) -> ChangeOutcome {
    comparison.figures.iter().find(|f| f.figure == figure).map_or(ChangeOutcome::NotJudged, |f| f.outcome)
}

fn run_against(mut head: Report, baseline: &Baseline, rounds: &[Vec<Scenario>]) -> Report {
    let mut comparison = compare(&head, baseline, &Policy::default());
    confirm(&mut comparison, rounds);
    head.comparison = Some(comparison);
    conclude(&mut head);
    head
}

#[test]
fn twice_as_slow_is_a_regression_that_names_latency_even_with_one_earlier_run() {
    let baseline = baseline([vec![scenario(&around(100.0, 60, 0))]]);
    let slow = |seed| scenario(&around(200.0, 60, seed));
    let judged = run_against(report(99, vec![slow(1)]), &baseline, &[vec![slow(2)], vec![slow(3)]]);
    assert_eq!(judged.verdict, Verdict::Fail);
    let finding = &judged.findings[0];
    assert_eq!((finding.kind, finding.figure.as_str()), (FindingKind::Regression, "latency.p50"));
    assert!(
        finding.message.contains("rose by") && finding.message.contains("throughput fell"),
        "{}",
        finding.message
    );
    assert_eq!(finding.evidence.as_ref().unwrap().confirmed, Some(true));
    assert!(finding.next.as_ref().unwrap().contains("baseline accept"));
    // Throughput is the same fact and has no finding of its own.
    assert!(judged.findings.iter().all(|f| f.figure != "throughput"));
    assert!(judged.reason.starts_with("`light`: latency.p50 rose by"), "{}", judged.reason);
    assert_eq!(exit_code(&judged, FailOn::Regression), 1);
}

#[test]
fn fresh_rounds_that_do_not_show_it_clear_the_suspicion() {
    let baseline = baseline([vec![scenario(&around(100.0, 60, 0))]]);
    let at = |center: f64, seed| vec![scenario(&around(center, 60, seed))];
    let cases: &[(&[f64], ChangeOutcome, Verdict)] = &[
        (&[], ChangeOutcome::Suspected, Verdict::Inconclusive),
        (&[100.0, 105.0], ChangeOutcome::Unchanged, Verdict::Pass),
        (&[200.0, 210.0], ChangeOutcome::Regression, Verdict::Fail),
        (&[200.0, 110.0], ChangeOutcome::Undecided, Verdict::Inconclusive),
        (&[150.0, 150.0], ChangeOutcome::Undecided, Verdict::Inconclusive),
        // Far beyond on average, but one round is as before.
        (&[320.0, 110.0], ChangeOutcome::Undecided, Verdict::Inconclusive),
    ];
    for (centers, expected, verdict) in cases {
        let rounds: Vec<_> = centers.iter().enumerate().map(|(i, c)| at(*c, i + 5)).collect();
        let judged = run_against(report(99, at(200.0, 1)), &baseline, &rounds);
        let fresh = judged.comparison.iter().flat_map(|c| &c.figures).find(|f| f.figure == "latency.p50");
        let fresh = fresh.and_then(|figure| figure.fresh);
        // The pattern of `around` has its median a little beside its center.
        let expected_fresh =
            centers.iter().map(|center: &f64| center.ln()).sum::<f64>() / centers.len() as f64;
        assert_eq!(fresh.is_some(), !centers.is_empty(), "{centers:?}");
        assert!(fresh.is_none_or(|ms| (ms.ln() - expected_fresh).abs() < 0.05), "{centers:?}: {fresh:?}");
        assert_eq!(outcome(judged.comparison.as_ref().unwrap(), "latency.p50"), *expected, "{centers:?}");
        assert_eq!(judged.verdict, *verdict, "{centers:?}: {}", judged.reason);
    }
}

#[test]
fn errors_refusals_and_hit_rates_gate_across_machines_and_latency_does_not() {
    let with = |failed: u64, hits: u64| {
        let mut s = scenario(&around(100.0, 100 - failed as usize, 0));
        s.requests = 100;
        s.failed = [(FailureKind::Status5xx, failed)].into();
        s.counters = vec![Counter {
            name: "hit".into(),
            yes: hits,
            no: 100 - hits,
            rate: Some(hits as f64 / 100.0),
            ..Counter::default()
        }];
        s
    };
    let baseline = baseline((0..4).map(|_| vec![with(0, 80)]));
    let mut head = report(99, vec![with(12, 20)]);
    head.environment.machine.vcpus = 64;
    head.scenarios[0].latency_ms = scenario(&around(900.0, 88, 0)).latency_ms;
    let comparison = compare(&head, &baseline, &Policy::default());
    assert_eq!(comparison.status, ComparisonStatus::Shown);
    assert_eq!(outcome(&comparison, "error_rate"), ChangeOutcome::Suspected);
    assert_eq!(outcome(&comparison, "hit.rate"), ChangeOutcome::Suspected);
    assert_eq!(outcome(&comparison, "latency.p50"), ChangeOutcome::NotJudged);
    let latency = comparison.figures.iter().find(|f| f.figure == "latency.p50").unwrap();
    assert!(latency.before.is_some() && latency.note.as_ref().unwrap().contains("other machines"));
    let judged = run_against(head, &baseline, &[vec![with(11, 22)], vec![with(13, 19)]]);
    assert_eq!(judged.verdict, Verdict::Fail);
    assert!(
        judged.findings[0].message.starts_with("error_rate rose from 0 % to 12 %"),
        "{}",
        judged.findings[0].message
    );
}

#[test]
fn a_missing_foreign_or_outdated_baseline_is_told_and_never_hidden() {
    let head = || report(99, vec![scenario(&around(100.0, 60, 0))]);
    let mut foreign = Baseline::new("other");
    foreign.classes = baseline([head().scenarios]).classes;
    let mut outdated = head();
    outdated.suite.hash = "changed".into();
    for (baseline, head, status, words) in [
        (Baseline::new("chat"), head(), ComparisonStatus::Missing, "no baseline"),
        (foreign, head(), ComparisonStatus::Incompatible, "suite `other`"),
        (
            baseline([head().scenarios]),
            outdated,
            ComparisonStatus::Incompatible,
            "load of the suite has changed",
        ),
        // A run is no baseline of itself.
        (Baseline::from_report(&head()), head(), ComparisonStatus::Missing, "no baseline"),
    ] {
        let mut judged = run_against(head, &baseline, &[]);
        assert_eq!(judged.comparison.as_ref().unwrap().status, status);
        assert_eq!(judged.verdict, Verdict::Inconclusive);
        assert!(judged.reason.contains("not compared") && judged.reason.contains(words), "{}", judged.reason);
        let finding = judged.findings.iter().find(|f| f.kind == FindingKind::Baseline).unwrap();
        assert!(finding.next.is_some());
        assert_eq!(exit_code(&judged, FailOn::Inconclusive), 4);
        conclude(&mut judged);
        assert_eq!(judged.verdict, Verdict::Inconclusive);
    }
}

/// Each of these must not be green, whatever its conditions say.
#[test]
fn never_green() {
    let good = || scenario(&around(100.0, 60, 0));
    let failing = |ok: u64, refused: u64, failed: u64| Scenario {
        requests: ok + refused + failed,
        ok,
        refused,
        failed: [(FailureKind::Timeout, failed)].into(),
        throughput: None,
        ..scenario(&vec![1.0; ok as usize])
    };
    let invalid = Verdict::Invalid;
    let cases: Vec<(&str, Vec<Scenario>, fn(&mut Report), Verdict, &str)> = vec![
        ("no scenario", vec![], |_| {}, invalid, "no scenario"),
        ("no samples", vec![scenario(&[])], |_| {}, invalid, "no request was made"),
        ("all errors", vec![good(), failing(0, 0, 50)], |_| {}, invalid, "none of 50 requests"),
        ("all refused", vec![failing(0, 50, 0)], |_| {}, invalid, "were refused"),
        (
            "target dead",
            vec![good()],
            |r| r.target.died = Some("signal 6".into()),
            invalid,
            "the target ended: signal 6",
        ),
        (
            "generator saturated",
            vec![good()],
            |r| r.scenarios[0].generator.problem = Some("300 starts were dropped".into()),
            invalid,
            "300 starts",
        ),
        ("interrupted", vec![good()], |r| r.run.interrupted = true, invalid, "interrupted"),
        (
            "condition without samples",
            vec![Scenario { conditions: vec![condition("x.rate > 1%", Verdict::Invalid)], ..good() }],
            |_| {},
            invalid,
            "x.rate",
        ),
        (
            "cross-talk without any condition",
            vec![Scenario { failed: [(FailureKind::CrossTalk, 1)].into(), conditions: vec![], ..good() }],
            |_| {},
            Verdict::Fail,
            "another user's text",
        ),
    ];
    for (name, scenarios, damage, verdict, words) in cases {
        let mut report = report(1, scenarios);
        damage(&mut report);
        conclude(&mut report);
        assert_eq!(report.verdict, verdict, "{name}");
        assert!(report.reason.contains(words), "{name}: {}", report.reason);
        assert_ne!(exit_code(&report, FailOn::Regression), 0, "{name}");
    }
}

#[test]
fn refusals_of_all_need_a_condition_that_speaks_of_them() {
    // Words of such conditions stand in others by accident: `status` in a kind of failure, `ok` in `lookup`.
    for (text, expected) in [
        ("refused == 50", true),
        ("refusal_rate >= 100%", true),
        ("start.ok == 20", true),
        ("status.429 == 50", true),
        ("start.status.429 == 50", true),
        ("user.ok.min >= 0", true),
        ("failed.status_5xx == 0", false),
        ("lookup.failed == 0", false),
        ("latency.p95 < 5s", false),
    ] {
        let step = |name: &str| Step { name: name.into(), ..Step::default() };
        let refused = Scenario {
            requests: 50,
            ok: 0,
            refused: 50,
            steps: vec![step("start"), step("lookup")],
            conditions: vec![condition(text, Verdict::Pass)],
            ..scenario(&[])
        };
        let mut report = report(1, vec![refused]);
        conclude(&mut report);
        let verdict = if expected { Verdict::Pass } else { Verdict::Invalid };
        assert_eq!(report.verdict, verdict, "{text}: {}", report.reason);
        assert_eq!(report.reason.contains("all 50 completed requests were refused"), !expected, "{text}");
    }
}

#[test]
fn a_death_is_invalid_unless_a_condition_broke() {
    let mut crashed = report(1, vec![scenario(&around(100.0, 60, 0)), scenario(&around(100.0, 20, 0))]);
    crashed.scenarios[1].name = "heavy".into();
    crashed.scenarios[1].failed = [(FailureKind::Reset, 7), (FailureKind::Connect, 33)].into();
    crashed.target.died = Some("signal 11".into());
    conclude(&mut crashed);
    assert_eq!(crashed.verdict, Verdict::Invalid);
    assert_eq!(exit_code(&crashed, FailOn::Regression), 3);
    assert_eq!(crashed.findings[0].scenario.as_deref(), Some("heavy"), "the first that lost connections");
    crashed.scenarios[1].conditions = vec![condition("success_rate > 90%", Verdict::Fail)];
    conclude(&mut crashed);
    assert_eq!(crashed.verdict, Verdict::Fail);
    let finding = &crashed.findings[0];
    assert_eq!((finding.scenario.as_deref(), finding.figure.as_str()), (Some("heavy"), "success_rate"));
    assert_eq!(finding.requirement.as_deref(), Some("C2"));
    assert!(finding.next.as_ref().unwrap().contains("33 × connect, 7 × reset"), "{finding:?}");
}

#[test]
fn a_saturated_generator_masks_speed_and_nothing_else() {
    let conditions = vec![
        condition("latency.mean < 1ms", Verdict::Fail),
        condition("ok == 61", Verdict::Fail),
        condition("success_rate > 95%", Verdict::Pass),
    ];
    let mut report = report(1, vec![Scenario { conditions, ..scenario(&around(100.0, 60, 0)) }]);
    report.scenarios[0].generator.problem = Some("stalled for 900 ms".into());
    for _ in 0..2 {
        conclude(&mut report);
        let verdicts: Vec<_> = report.scenarios[0].conditions.iter().map(|c| c.verdict).collect();
        assert_eq!(verdicts, [Verdict::Invalid, Verdict::Fail, Verdict::Pass]);
        assert_eq!(report.verdict, Verdict::Fail);
        assert_eq!(report.findings.iter().filter(|f| f.kind == FindingKind::Generator).count(), 1);
    }
    // Nor is its speed compared.
    let comparison = compare(&report, &baseline([vec![scenario(&around(10.0, 60, 0))]]), &Policy::default());
    assert_eq!(outcome(&comparison, "latency.p50"), ChangeOutcome::NotJudged);
}

#[test]
fn warnings_and_improvements_change_no_verdict() {
    let mut warned = scenario(&around(100.0, 60, 0));
    warned
        .conditions
        .push(ConditionResult { level: Level::Warn, ..condition("latency.p95 < 1ms", Verdict::Fail) });
    let judged =
        run_against(report(99, vec![warned]), &baseline([vec![scenario(&around(400.0, 60, 0))]]), &[]);
    assert_eq!(judged.verdict, Verdict::Pass);
    let kinds: Vec<_> = judged.findings.iter().map(|f| f.kind).collect();
    assert!(kinds.contains(&FindingKind::Warning) && kinds.contains(&FindingKind::Improvement), "{kinds:?}");
    assert!(
        judged.warnings.iter().any(|w| w.contains("unexplained improvement: `light`")),
        "{:?}",
        judged.warnings
    );
    assert!(judged.scenarios[0].reason.contains("better"), "{}", judged.scenarios[0].reason);
}

#[test]
fn failures_that_nobody_judges_are_told() {
    let mut s = scenario(&around(100.0, 60, 0));
    s.failed = [(FailureKind::Timeout, 9)].into();
    s.failures = vec![FailureSample {
        kind: FailureKind::Timeout,
        step: "ask".into(),
        user: "user-3".into(),
        at_s: 1.0,
        message: "no answer within 5 s".into(),
        foreign_user: None,
    }];
    // `ok` stands in both names by accident.
    s.steps = ["token", "lookup"].map(|name| Step { name: name.into(), ..Step::default() }).into();
    for (text, told) in [
        ("latency.p95 < 5s", true),
        ("token.latency.p95 < 1s", true),
        ("lookup.latency.p95 < 1s", true),
        ("refused == 0", true),
        ("ok >= 50", false),
        ("lookup.ok >= 50", false),
        ("failed < 10", false),
        ("failed.timeout < 10", false),
        ("success_rate > 80%", false),
        ("error_rate < 20%", false),
        ("goodput > 80%", false),
    ] {
        let conditions = vec![condition(text, Verdict::Pass)];
        let mut report = report(1, vec![Scenario { conditions, ..s.clone() }]);
        conclude(&mut report);
        let told_now =
            report.findings.iter().any(|f| f.message.contains("9 of 60 requests failed (9 × timeout)"));
        assert_eq!(told_now, told, "{text}");
    }
}

#[test]
fn accepting_a_regression_makes_it_the_new_normal() {
    let mut baseline = baseline((0..12).map(|i| vec![scenario(&around(100.0, 60, i))]));
    let slow = || vec![scenario(&around(200.0, 60, 3))];
    let judged = run_against(report(90, slow()), &baseline, &[slow(), slow()]);
    assert_eq!(judged.verdict, Verdict::Fail);
    baseline.append(&judged, 30, false).unwrap();
    let again = run_against(report(91, slow()), &baseline, &[]);
    assert_eq!(again.verdict, Verdict::Pass, "{}", again.reason);
}

/// One reading of a whole run is no sample that could be too small.
#[test]
fn memory_and_processor_time_gate_where_a_suite_asks_for_it() {
    let with = |memory_peak: f64, cpu_s: f64, seed| Scenario {
        resources: Some(Resources { memory_peak, cpu_s, ..Resources::default() }),
        ..scenario(&around(100.0, 60, seed))
    };
    let baseline = baseline((0..5).map(|i| vec![with(100e6 + 1e6 * i as f64, 10.0 + 0.1 * i as f64, i)]));
    let tolerances = ["memory.peak", "cpu.time"].map(|figure| (figure.to_owned(), 0.2));
    let asked = Policy { tolerances: tolerances.into(), ..Policy::default() };
    use ChangeOutcome::{NotJudged, Suspected, Unchanged};
    for (name, policy, head, expected) in [
        ("both tripled", &asked, with(300e6, 30.0, 1), [Suspected, Suspected]),
        ("memory tripled", &asked, with(300e6, 10.0, 1), [Suspected, Unchanged]),
        ("as before", &asked, with(102e6, 10.0, 1), [Unchanged, Unchanged]),
        ("not asked for", &Policy::default(), with(300e6, 30.0, 1), [NotJudged, NotJudged]),
    ] {
        let comparison = compare(&report(99, vec![head]), &baseline, policy);
        assert_eq!(["memory.peak", "cpu.time"].map(|f| outcome(&comparison, f)), expected, "{name}");
    }
}

#[test]
fn what_a_change_does_to_its_own_baseline_does_not_speak_for_it() {
    let slow = |id| report(id, vec![scenario(&around(200.0, 60, 3))]);
    let before = baseline((0..12).map(|i| vec![scenario(&around(100.0, 60, i))]));
    let mut now = baseline((0..2).map(|i| vec![scenario(&around(100.0, 60, i))]));
    (50..60).for_each(|i| now.append(&slow(i), 30, true).unwrap());
    let with = |accepted: &[&str]| {
        let accepted: Vec<_> = accepted.iter().map(|f| ("light".to_owned(), (*f).to_owned())).collect();
        let comparison = compare_unedited(&slow(99), &before, &now, &accepted, &Policy::default());
        ["latency.p50", "latency.p95"].map(|figure| outcome(&comparison, figure))
    };
    use ChangeOutcome::{Suspected, Unchanged};
    assert_eq!(outcome(&compare(&slow(99), &now, &Policy::default()), "latency.p50"), Unchanged);
    assert_eq!(with(&[]), [Suspected, Suspected]);
    assert_eq!(with(&["latency.p50"]), [Unchanged, Suspected]);
}

#[test]
fn an_old_baseline_says_so() {
    let mut head = report(1, vec![scenario(&around(100.0, 60, 0))]);
    head.run.started_at = "2025-03-01T00:00:00Z".into();
    let judged = run_against(head, &baseline([vec![scenario(&around(100.0, 60, 0))]]), &[]);
    let finding = judged.findings.iter().find(|f| f.kind == FindingKind::Baseline).unwrap();
    assert!(finding.message.contains("59 days old") && finding.verdict == Verdict::Pass, "{finding:?}");
}

#[test]
fn a_single_error_is_chance_among_many_figures() {
    let with = |failed: u64| {
        let mut s = scenario(&around(100.0, 60 - failed as usize, 0));
        s.requests = 60;
        s.failed = [(FailureKind::Timeout, failed)].into();
        s
    };
    let baseline = baseline((0..10).map(|_| vec![with(0)]));
    let one = compare(&report(99, vec![with(1)]), &baseline, &Policy::default());
    assert_eq!(outcome(&one, "error_rate"), ChangeOutcome::Unchanged);
    assert!(one.figures.iter().any(|f| f.note.as_ref().is_some_and(|n| n.contains("chance"))));
    let six = compare(&report(99, vec![with(6)]), &baseline, &Policy::default());
    assert_eq!(outcome(&six, "error_rate"), ChangeOutcome::Suspected);
}

#[test]
fn streams_that_come_all_at_once_are_told_unless_a_condition_judges_them() {
    let with = |unstreamed, condition: &str| {
        let mut one = scenario(&around(100.0, 60, 0));
        one.steps = vec![Step { name: "chat".into(), streams: 60, unstreamed, ..Step::default() }];
        one.conditions.extend((!condition.is_empty()).then(|| self::condition(condition, Verdict::Pass)));
        let mut judged = report(1, vec![one]);
        conclude(&mut judged);
        let told = judged.findings.into_iter().find(|f| f.figure == "unstreamed");
        (judged.verdict, told.map(|f| (f.kind, f.message)))
    };
    let (verdict, told) = with(60, "");
    let (kind, message) = told.unwrap();
    assert_eq!((verdict, kind), (Verdict::Pass, FindingKind::Warning));
    assert!(message.starts_with("60 of 60 streams of `chat` came all at once"), "{message}");
    // A tenth of them may, now and then; and what a condition judges needs no warning.
    assert_eq!(with(6, ""), (Verdict::Pass, None));
    assert!(with(7, "").1.is_some());
    assert_eq!(with(60, "unstreamed_rate < 5%"), (Verdict::Pass, None));
}

#[test]
fn figures_of_streams_and_of_good_requests() {
    let mut one = scenario(&around(100.0, 60, 0));
    let read = |one: &Scenario, name: &str| {
        let figure = crate::figure::Figure::parse(name, &crate::figure::Names::from(one)).unwrap();
        let reading = figure.read(one);
        (reading.value(), reading.samples())
    };
    one.steps = vec![Step { name: "plain".into(), ok: 5, ..Step::default() }];
    for name in ["goodput", "unstreamed", "unstreamed_rate", "plain.goodput", "plain.unstreamed"] {
        assert_eq!(read(&one, name).0, None, "{name} has no samples");
    }
    let step = Step {
        name: "chat".into(),
        ok: 9,
        refused: 4,
        failed: [(FailureKind::Reset, 1)].into(),
        goodput: Some(0.6),
        streams: 8,
        unstreamed: 2,
        ..Step::default()
    };
    one.steps.push(step);
    one.goodput = Some(0.6);
    for (name, expected) in [
        ("goodput", (Some(0.6), 10)),
        ("chat.goodput", (Some(0.6), 10)),
        ("chat.unstreamed", (Some(2.0), 8)),
        ("unstreamed", (Some(2.0), 8)),
        ("unstreamed_rate", (Some(0.25), 8)),
    ] {
        assert_eq!(read(&one, name), expected, "{name}");
    }
    assert!(crate::figure::main_figures(&one).iter().any(|f| f.name == "goodput" && f.quantity.value == 0.6));
    assert!(!Policy::default().rule("goodput").gated(), "only a condition makes it fail");
    assert_eq!(Policy::default().rule("goodput").better, Better::Higher);
}
