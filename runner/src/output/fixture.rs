//! A report with something of everything, hostile text included, for the tests of all outputs.

use loadgate_report::judge::{conclude, conclude_search};
use loadgate_report::model::*;
use loadgate_report::quantity::Unit;
use loadgate_report::{Histogram, Report, Verdict};

/// Text that tries to leave every format there is.
pub(crate) const HOSTILE: &str = "</script><img src=x onerror=alert(1)> | `x` **b** @team [l](https://evil)\n::error::pwned\r\n##[add-mask]x\x1b[2J\u{202e}%0A]]>";

fn search() -> Search {
    let level = SearchLevel {
        level: 20.0,
        outcome: LevelOutcome::Held,
        message: format!("latency.p95 is 1 s {HOSTILE}"),
        ..SearchLevel::default()
    };
    let broke = SearchLevel { level: 40.0, outcome: LevelOutcome::Broke, ..level.clone() };
    let mut search = Search { from: 20.0, to: 40.0, precision: 1.0, ..Search::default() };
    search.levels = vec![level, broke.clone(), broke];
    conclude_search(&mut search, SearchOutcome::Found);
    search
}

fn scorecard() -> Scorecard {
    let row = ScoreRow {
        text: "latency.p95 < 1s".into(),
        points: 40.0,
        earned: 0.0,
        verdict: Verdict::Fail,
        value: Some(1140.0),
        limit: Some(1000.0),
        unit: Unit::Ms,
        samples: 60,
        message: HOSTILE.into(),
    };
    Scorecard {
        name: "production_ready".into(),
        total: 40.0,
        pass: 40.0,
        rows: vec![row],
        ..Scorecard::default()
    }
}

pub(crate) fn report() -> Report {
    let mut latency = Histogram::default();
    (1..=60).for_each(|i| latency.record_us(i * 20_000));
    let place = |line| Some(Place { file: "suites/chat,1.yml".into(), line, column: 7 });
    let condition = |text: &str, level, verdict, line| ConditionResult {
        text: text.into(),
        level,
        verdict,
        figure: text.split(' ').next().unwrap().into(),
        value: Some(1140.0),
        limit: Some(1000.0),
        unit: Unit::Ms,
        samples: 60,
        message: format!("{text}: it is 1.14 s"),
        requirement: Some("C4".into()),
        place: place(line),
    };
    let step = Step {
        name: "ask".into(),
        request: "POST /api/chat".into(),
        requests: 62,
        ok: 60,
        failed: [(FailureKind::Timeout, 2)].into(),
        latency_ms: latency.clone().into(),
        ..Step::default()
    };
    let heavy = Scenario {
        name: "heavy".into(),
        load: "20 users × 3 iterations".into(),
        users_peak: 20,
        duration_s: 6.0,
        requests: 62,
        ok: 60,
        failed: [(FailureKind::Timeout, 2)].into(),
        success_rate: Some(60.0 / 62.0),
        throughput: Some(10.0),
        latency_ms: latency.into(),
        steps: vec![step],
        counters: vec![Counter {
            name: "cache_hit".into(),
            yes: 50,
            no: 10,
            rate: Some(50.0 / 60.0),
            ..Counter::default()
        }],
        conditions: vec![
            condition("latency.p95 < 1s", Level::Critical, Verdict::Fail, 12),
            condition("latency.mean < 900ms", Level::Warn, Verdict::Fail, 13),
            condition("success_rate > 95%", Level::Critical, Verdict::Pass, 14),
        ],
        failures: vec![FailureSample {
            kind: FailureKind::Timeout,
            step: "ask".into(),
            user: "user-7".into(),
            at_s: 1.5,
            message: format!("second answer: {HOSTILE}"),
            foreign_user: None,
        }],
        grade: Some("good".into()),
        scorecards: vec![scorecard()],
        search: Some(search()),
        estimate: Some(Estimate { users: 700.0, throughput: 70.0, ..Estimate::default() }),
        ..Scenario::default()
    };
    let hostile = Scenario {
        name: HOSTILE.into(),
        load: HOSTILE.into(),
        conditions: vec![ConditionResult {
            message: HOSTILE.into(),
            place: Some(Place { file: HOSTILE.into(), line: 1, column: 1 }),
            ..condition(HOSTILE, Level::Critical, Verdict::Fail, 1)
        }],
        ..heavy.clone()
    };
    let mut report = Report {
        schema: SCHEMA.into(),
        scenarios: vec![heavy, hostile],
        comparison: Some(loadgate_report::judge::missing("cached-chat")),
        cost: Some(Cost { currency: "USD".into(), per_request: 0.06, paid: 10, free: 50, ..Cost::default() }),
        warnings: vec![HOSTILE.into()],
        ..Report::default()
    };
    report.suite.name = "cached-chat".into();
    report.suite.file = "suites/cached-chat.yml".into();
    report.run.started_at = "2025-01-01T00:00:00Z".into();
    report.environment.machine = Machine { cpu: "Z80".into(), vcpus: 2, ..Machine::default() };
    conclude(&mut report);
    report
}
