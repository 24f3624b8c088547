//! Reports of paired runs: base and head on the same machine.

use loadgate_report::model::*;
use loadgate_report::quantity::Unit;
use loadgate_report::{Report, Verdict};

use super::{Noise, fail, pass};

fn figure(
    scenario: &Scenario,
    figure: &str,
    (unit, now): (Unit, Option<f64>),
    (change, spread): (f64, f64),
    outcome: ChangeOutcome,
) -> ComparedFigure {
    let mut noise = Noise(0x51ed_270b + figure.len() as u64 * 31 + u64::from(scenario.users_peak));
    let confirmed = outcome == ChangeOutcome::Regression;
    let rounds = if confirmed { 22 } else { 14 };
    let before = now.map(|now| now / (1.0 + change));
    let worse = if figure == "throughput" { -1.0 } else { 1.0 };
    let half = spread * 2.2 / f64::from(rounds).sqrt();
    ComparedFigure {
        scenario: scenario.name.clone(),
        figure: figure.to_owned(),
        unit,
        gated: true,
        now,
        fresh: None,
        before,
        change: Some(change),
        interval: Some([change - half, change + half]),
        noise: Some(spread),
        tolerance: 0.05,
        floor: 2.0,
        limit: before.map(|before| before * (1.0 + worse * 0.05)),
        detectable: Some(0.05 + 1.3 * half),
        samples: scenario.ok,
        runs: 0,
        rounds,
        round_changes: (0..rounds)
            .map(|i| RoundChange {
                change: change + spread * 3.0 * (noise.uniform() - 0.5),
                confirms: confirmed && i >= 14,
            })
            .collect(),
        outcome,
        note: confirmed.then(|| "8 fresh rounds with restarted processes showed the same".to_owned()),
    }
}

fn comparison(report: &Report, of_heavy: (f64, f64), outcome: ChangeOutcome) -> Comparison {
    let figures = report.scenarios.iter().flat_map(|s| {
        let heavy = s.name == "heavy";
        let change = if heavy { of_heavy } else { (0.008, 0.03) };
        let outcome = if heavy { outcome } else { ChangeOutcome::Unchanged };
        let l = &s.latency_ms;
        [
            figure(s, "latency.p50", (Unit::Ms, l.p50), change, outcome),
            figure(s, "latency.p95", (Unit::Ms, l.p95), (0.014, 0.05), ChangeOutcome::Unchanged),
            figure(
                s,
                "throughput",
                (Unit::PerSecond, s.throughput),
                (-0.006, 0.02),
                ChangeOutcome::Unchanged,
            ),
        ]
    });
    let curves = report.scenarios.iter().map(|s| {
        let by = if s.name == "heavy" { 1.0 + of_heavy.0 } else { 1.0 };
        let points = s.latency_ms.histogram.curve();
        BaseCurve {
            scenario: s.name.clone(),
            points: points.iter().map(|(share, ms)| [*share, ms / by]).collect(),
        }
    });
    Comparison {
        mode: ComparisonMode::Paired,
        status: ComparisonStatus::Judged,
        message: "main on the same machine, up to 22 rounds".to_owned(),
        next: None,
        base: "main".to_owned(),
        runs: 0,
        commit: Some("41d0c7e2aa5678901234567890abcdef12345678".to_owned()),
        newest: None,
        figures: figures.collect(),
        curves: curves.collect(),
    }
}

fn finding(report: &Report, verdict: Verdict, kind: FindingKind, message: &str, next: &str) -> Finding {
    let comparison = report.comparison.as_ref().expect("it was just given");
    let figure = comparison
        .figures
        .iter()
        .find(|f| f.scenario == "heavy" && f.figure == "latency.p50")
        .expect("it is compared");
    Finding {
        scenario: Some("heavy".to_owned()),
        figure: figure.figure.clone(),
        verdict,
        kind,
        message: message.to_owned(),
        next: Some(next.to_owned()),
        requirement: None,
        condition: None,
        evidence: Some(Evidence {
            unit: figure.unit,
            now: figure.now,
            before: figure.before,
            limit: figure.limit,
            change: figure.change,
            interval: figure.interval,
            tolerance: Some(figure.tolerance),
            noise: figure.noise,
            samples: Some(figure.samples),
            rounds: Some(figure.rounds),
            runs: None,
            confirmed: Some(verdict == Verdict::Fail),
        }),
        place: None,
    }
}

fn settled(mut report: Report, verdict: Verdict, reason: &str, finding: Finding) -> Report {
    report.verdict = verdict;
    report.reason = reason.to_owned();
    report.scenarios[3].verdict = verdict;
    report.scenarios[3].reason = reason.to_owned();
    report.findings = vec![finding];
    report
}

/// A paired run that confirmed a regression.
pub fn paired() -> Report {
    let mut report = Report { history: fail().history, ..pass() };
    report.comparison = Some(comparison(&report, (0.118, 0.04), ChangeOutcome::Regression));
    let finding = finding(
        &report,
        Verdict::Fail,
        FindingKind::Regression,
        "latency.p50 got 11.8 % slower than main; 5 % are allowed. 8 fresh rounds with restarted processes showed the same.",
        "Look at “Change by percentile” of heavy: the whole distribution moved, not only its tail.",
    );
    settled(
        report,
        Verdict::Fail,
        "heavy: latency.p50 got 11.8 % slower than main, confirmed by fresh rounds.",
        finding,
    )
}

/// A paired run whose rounds do not decide.
pub fn inconclusive() -> Report {
    let mut report = pass();
    report.comparison = Some(comparison(&report, (0.047, 0.11), ChangeOutcome::Undecided));
    let finding = finding(
        &report,
        Verdict::Inconclusive,
        FindingKind::Regression,
        "latency.p50 is 4.7 % above main, and 14 rounds do not say whether that is within the 5 % allowed.",
        "Give it more time with `--budget`, or run it where less else is going on.",
    );
    settled(
        report,
        Verdict::Inconclusive,
        "heavy: 14 rounds do not decide whether latency.p50 got worse.",
        finding,
    )
}
