//! Reports to test pages and readers with: plausible, varied, and the same on every run.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "each test file uses its own part of the builder"
)]

mod capacity;
mod hostile;
mod paired;
mod tier;

use loadgate_report::model::*;
use loadgate_report::quantity::Unit;
use loadgate_report::trend::LevelChange;
use loadgate_report::{Report, Verdict};

pub use self::capacity::*;
pub use self::hostile::*;
pub use self::paired::*;
pub use self::tier::*;

/// The frame of every fixture.
pub fn report() -> Report {
    Report {
        schema: SCHEMA.to_owned(),
        verdict: Verdict::Pass,
        reason: "All 15 conditions of 5 scenarios hold.".to_owned(),
        suite: SuiteInfo {
            name: "cached-chat".to_owned(),
            file: "suites/cached-chat.yml".to_owned(),
            hash: "5f3a09c1d2e4b687".to_owned(),
            description: Some("A chat API with a response cache, in tiers.".to_owned()),
        },
        run: RunInfo {
            id: "20260412T093011Z-42".to_owned(),
            started_at: "2026-04-12T09:30:11Z".to_owned(),
            duration_s: 48.3,
            seed: 42,
            loadgate: "0.1.0".to_owned(),
            variables: [("port".to_owned(), "8080".to_owned())].into(),
            ..RunInfo::default()
        },
        environment: Environment {
            machine: Machine {
                cpu: "AMD EPYC 7763".to_owned(),
                vcpus: 4,
                memory_gib: 16,
                arch: "x86_64".to_owned(),
                os: "Ubuntu 24.04".to_owned(),
            },
            revision: Some(Revision {
                commit: "9f1c2ab34de5678901234567890abcdef1234567".to_owned(),
                repository: Some("https://github.com/acme/cached-chat".to_owned()),
                branch: Some("faster-cache".to_owned()),
                dirty: false,
            }),
            ci: Some("GitHub Actions".to_owned()),
            steal: Some(0.003),
            load_before: Some(0.4),
        },
        target: TargetInfo {
            url: "http://127.0.0.1:8080".to_owned(),
            command: Some("uvicorn src.api:app --port 8080".to_owned()),
            ready_ms: Some(812.0),
            ..TargetInfo::default()
        },
        ..Report::default()
    }
}

fn tiers() -> Vec<Tier> {
    let tier = |name, users, requests, hit_rate, seconds| Tier {
        name,
        users,
        requests,
        hit_rate,
        seconds,
        ..Tier::default()
    };
    vec![
        tier("baseline", 1, 60, 0.62, 4.0),
        tier("light", 5, 240, 0.78, 8.0),
        tier("medium", 10, 360, 0.82, 10.0),
        tier("heavy", 20, 600, 0.86, 12.0),
        tier("stress", 50, 1200, 0.9, 14.0),
    ]
}

const LIMITS: [(&str, f64, f64, f64); 5] = [
    ("C1", 0.95, 300.0, 0.5),
    ("C2", 0.95, 400.0, 0.7),
    ("C3", 0.95, 500.0, 0.75),
    ("C4", 0.9, 1000.0, 0.8),
    ("C5", 0.8, 3000.0, 0.85),
];

fn cost(report: &mut Report) {
    let (paid, free) = report.scenarios.iter().fold((0, 0), |(p, f), s| {
        let counter = s.counters.first().cloned().unwrap_or_default();
        (p + counter.no, f + counter.yes)
    });
    report.cost = Some(Cost {
        currency: "USD".to_owned(),
        per_request: 0.06,
        paid,
        free,
        total: paid as f64 * 0.06,
        saved: free as f64 * 0.06,
        per_day: 1000.0,
        monthly: 1800.0 * paid as f64 / (paid + free).max(1) as f64,
        monthly_without_free: 1800.0,
    });
}

/// A healthy run without a baseline.
pub fn pass() -> Report {
    let mut report = report();
    for (tier, (label, success, mean, hits)) in tiers().iter().zip(LIMITS) {
        let mut s = scenario(tier);
        usual_conditions(&mut s, label, success, mean, hits);
        report.scenarios.push(s);
    }
    report.comparison = Some(Comparison {
        mode: ComparisonMode::Stored,
        status: ComparisonStatus::Missing,
        message: "There is no baseline for this suite yet.".to_owned(),
        next: Some("Store this run with `loadgate baseline accept`.".to_owned()),
        base: "baselines/cached-chat.json".to_owned(),
        runs: 0,
        commit: None,
        newest: None,
        figures: Vec::new(),
        curves: Vec::new(),
    });
    cost(&mut report);
    report
}

fn compared(
    scenario: &Scenario,
    figure: &str,
    unit: Unit,
    now: Option<f64>,
    change: f64,
    outcome: ChangeOutcome,
) -> ComparedFigure {
    let before = now.map(|n| n / (1.0 + change));
    let worse = if matches!(figure, "throughput" | "success_rate" | "cache_hit.rate") { -1.0 } else { 1.0 };
    let tolerance = if figure == "latency.p95" { 0.1 } else { 0.05 };
    ComparedFigure {
        scenario: scenario.name.clone(),
        figure: figure.to_owned(),
        unit,
        gated: figure != "latency.p99",
        now,
        fresh: None,
        before,
        change: now.map(|_| change),
        interval: Some([change - 0.022, change + 0.025]),
        noise: Some(0.031),
        tolerance,
        floor: if unit == Unit::Ms { 2.0 } else { 0.005 },
        limit: before.map(|b| b * (1.0 + worse * tolerance)),
        detectable: Some(tolerance + 0.02),
        samples: scenario.ok,
        runs: 12,
        rounds: 3,
        round_changes: Vec::new(),
        outcome,
        note: (figure == "latency.p99").then(|| "p99 is shown and never gates".to_owned()),
    }
}

/// A run with everything that can go wrong, compared with stored runs.
pub fn fail() -> Report {
    let mut report = pass();
    let mut heavy = scenario(&Tier {
        name: "heavy",
        users: 20,
        requests: 640,
        hit_rate: 0.71,
        miss_ms: 210.0,
        failures: vec![(FailureKind::Timeout, 7), (FailureKind::Status5xx, 31), (FailureKind::CrossTalk, 2)],
        refused: 45,
        seconds: 12.0,
    });
    usual_conditions(&mut heavy, "C4", 0.9, 1000.0, 0.8);
    heavy.grade = Some("good".to_owned());
    let mut warn =
        condition("latency.p95 < 250ms", heavy.latency_ms.p95.unwrap_or(0.0), 250.0, Unit::Ms, false, "C13");
    warn.level = Level::Warn;
    heavy.conditions.push(warn);
    heavy.verdict = Verdict::Fail;
    heavy.reason = "user-3 was shown text of user-11; cache_hit.rate is 71 %, must be above 80 %; latency.p50 got 43 % slower".to_owned();
    heavy.users[2].failed = 2;
    heavy.users[6].failed = 38;
    heavy.users[11].mean_ms = heavy.users[11].mean_ms.map(|ms| ms * 2.6);
    heavy.failures = vec![
        failure(
            FailureKind::Status5xx,
            "user-7",
            3.4,
            "503 Service Unavailable: worker pool exhausted",
            None,
        ),
        failure(FailureKind::Timeout, "user-7", 6.9, "no complete response within 2 s", None),
        failure(
            FailureKind::CrossTalk,
            "user-3",
            8.1,
            "the answer contains the canary of another user",
            Some("user-11"),
        ),
    ];
    heavy.phases = vec![
        Phase { name: "warm-up".to_owned(), from_s: 0.0, to_s: 2.0 },
        Phase { name: "measured".to_owned(), from_s: 2.0, to_s: 12.0 },
    ];
    heavy.classes = ["quick", "complex"]
        .iter()
        .zip([4.0, 180.0])
        .map(|(name, ms)| {
            let s =
                scenario(&Tier { miss_ms: ms, hit_rate: 0.0, requests: 120, users: 10, ..Tier::default() });
            Class {
                name: (*name).to_owned(),
                users: 10,
                iterations: 120,
                requests: 120,
                ok: 120,
                success_rate: Some(1.0),
                throughput: s.throughput,
                latency_ms: s.latency_ms,
                ..Class::default()
            }
        })
        .collect();
    let mut stream = heavy.steps[0].clone();
    stream.name = "stream".to_owned();
    stream.request = "POST /api/chat/stream".to_owned();
    stream.ttft_ms = Some(scenario(&Tier { miss_ms: 60.0, hit_rate: 0.0, ..Tier::default() }).latency_ms);
    stream.itl_ms = Some(scenario(&Tier { miss_ms: 18.0, hit_rate: 0.0, ..Tier::default() }).latency_ms);
    stream.tokens_per_s = Some(54.2);
    stream.queue_wait_ms =
        Some(scenario(&Tier { miss_ms: 35.0, hit_rate: 0.0, ..Tier::default() }).latency_ms);
    stream.retries = 4;
    stream.statuses = [(200, 555), (429, 45), (503, 31)].into();
    heavy.steps.push(stream);
    let (p50, throughput) = (heavy.latency_ms.p50.unwrap_or(1.0), heavy.throughput.unwrap_or(1.0));
    heavy.rounds = [("first", 1.0), ("confirm", 0.96), ("confirm", 1.03)]
        .iter()
        .map(|(purpose, by)| Round {
            purpose: (*purpose).to_owned(),
            figures: [("latency.p50".to_owned(), p50 * by), ("throughput".to_owned(), throughput * by)]
                .into(),
        })
        .collect();
    heavy.scorecards = vec![scorecard()];
    report.scenarios[3] = heavy.clone();
    report.scenarios[2].estimate = Some(estimate());
    report.scenarios[4].search = Some(search());

    let mut figures = Vec::new();
    for s in &report.scenarios {
        let slow = s.name == "heavy";
        let fast = s.name == "light";
        let l = &s.latency_ms;
        let pick = |bad: f64, good: f64, same: f64| {
            if slow {
                (bad, ChangeOutcome::Regression)
            } else if fast {
                (good, ChangeOutcome::Improved)
            } else {
                (same, ChangeOutcome::Unchanged)
            }
        };
        let (change, outcome) = pick(0.432, -0.181, 0.012);
        figures.push(compared(s, "latency.p50", Unit::Ms, l.p50, change, outcome));
        let (change, outcome) = pick(0.287, -0.122, -0.008);
        figures.push(compared(s, "latency.p95", Unit::Ms, l.p95, change, outcome));
        figures.push(compared(
            s,
            "throughput",
            Unit::PerSecond,
            s.throughput,
            if slow { -0.021 } else { 0.004 },
            ChangeOutcome::Unchanged,
        ));
        let hits = if slow { (-0.155, ChangeOutcome::Suspected) } else { (0.003, ChangeOutcome::Unchanged) };
        figures.push(compared(s, "cache_hit.rate", Unit::Ratio, s.counters[0].rate, hits.0, hits.1));
        figures.push(compared(s, "latency.p99", Unit::Ms, l.p99, 0.06, ChangeOutcome::NotJudged));
    }
    figures.push(ComparedFigure {
        before: None,
        change: None,
        interval: None,
        limit: None,
        outcome: ChangeOutcome::Undecided,
        note: Some("too few samples: 60, needs 100".to_owned()),
        ..compared(&report.scenarios[0], "ttft.p50", Unit::Ms, Some(12.0), 0.0, ChangeOutcome::Undecided)
    });
    let curves = report
        .scenarios
        .iter()
        .map(|s| BaseCurve {
            scenario: s.name.clone(),
            points: s
                .latency_ms
                .histogram
                .curve()
                .iter()
                .map(|(q, ms)| [*q, if s.name == "heavy" { ms / 1.4 } else { ms * 1.03 }])
                .collect(),
        })
        .collect();
    let p50 = figures.iter().find(|f| f.scenario == "heavy" && f.figure == "latency.p50").cloned();
    report.comparison = Some(Comparison {
        mode: ComparisonMode::Stored,
        status: ComparisonStatus::Judged,
        message: "12 runs of the same machine class, newest 2026-04-11.".to_owned(),
        next: None,
        base: "baselines/cached-chat.json".to_owned(),
        runs: 12,
        commit: Some("41d0c7e2aa5678901234567890abcdef12345678".to_owned()),
        newest: Some("2026-04-11T04:10:00Z".to_owned()),
        figures,
        curves,
    });

    let p50 = p50.map(|f| Evidence {
        unit: f.unit,
        now: f.now,
        before: f.before,
        limit: f.limit,
        change: f.change,
        interval: f.interval,
        tolerance: Some(f.tolerance),
        noise: f.noise,
        samples: Some(f.samples),
        rounds: Some(f.rounds),
        runs: Some(f.runs),
        confirmed: Some(true),
    });
    let finding = |scenario: Option<&str>, figure: &str, verdict, kind, message: &str| Finding {
        scenario: scenario.map(str::to_owned),
        figure: figure.to_owned(),
        verdict,
        kind,
        message: message.to_owned(),
        next: None,
        requirement: None,
        condition: None,
        evidence: None,
        place: None,
    };
    let simple = |unit, now: Option<f64>, limit| Evidence {
        unit,
        now,
        before: None,
        limit: Some(limit),
        change: None,
        interval: None,
        tolerance: None,
        noise: None,
        samples: Some(555),
        rounds: None,
        runs: None,
        confirmed: None,
    };
    report.findings = vec![
        Finding {
            next: Some("Look at what the service shares between requests: the cache key, globals, the session store. The failures below name both users.".to_owned()),
            requirement: Some("A3".to_owned()),
            ..finding(Some("heavy"), "cross_talk", Verdict::Fail, FindingKind::CrossTalk, "user-3 was shown text of user-11, twice.")
        },
        Finding {
            next: Some("Check the cache's size and key; the misses rose with the number of users.".to_owned()),
            requirement: Some("C4".to_owned()),
            condition: Some("cache_hit.rate > 80%".to_owned()),
            place: Some(Place { file: "suites/cached-chat.yml".to_owned(), line: 33, column: 9 }),
            evidence: Some(simple(Unit::Ratio, heavy.counters[0].rate, 0.8)),
            ..finding(Some("heavy"), "cache_hit.rate", Verdict::Fail, FindingKind::Condition, "cache_hit.rate is 71.2 %, must be above 80 %.")
        },
        Finding {
            next: Some("Compare the percentile curves of `heavy`: the whole distribution moved, not only its tail.".to_owned()),
            evidence: p50,
            ..finding(Some("heavy"), "latency.p50", Verdict::Fail, FindingKind::Regression, "latency.p50 got 43.2 % slower; 5 % are allowed. Three fresh rounds show the same.")
        },
        Finding {
            requirement: Some("C13".to_owned()),
            condition: Some("latency.p95 < 250ms".to_owned()),
            evidence: Some(simple(Unit::Ms, heavy.latency_ms.p95, 250.0)),
            ..finding(Some("heavy"), "latency.p95", Verdict::Pass, FindingKind::Warning, "latency.p95 is above the 250 ms that the suite wants; this only warns.")
        },
        finding(Some("light"), "latency.p50", Verdict::Pass, FindingKind::Improvement, "latency.p50 got 18.1 % faster."),
        finding(Some("light"), "latency.p95", Verdict::Pass, FindingKind::Improvement, "latency.p95 got 12.2 % faster."),
    ];
    report.history = Some(history(&report));
    report.acceptances = vec![Acceptance {
        scenario: Some("stress".to_owned()),
        figure: "latency.p95".to_owned(),
        bound: Some(400.0),
        unit: Unit::Ms,
        reason: "The new tokenizer is slower; #412 brings it back.".to_owned(),
        expires: "2026-05-31".to_owned(),
        expired: false,
        used: true,
        place: Some(Place { file: "loadgate.accept.yml".to_owned(), line: 2, column: 3 }),
    }];
    report.verdict = Verdict::Fail;
    report.reason = "heavy: users saw each other's text, cache_hit.rate is 71.2 % instead of above 80 %, and latency.p50 got 43 % slower.".to_owned();
    report.warnings = vec!["The suite's hash differs from the baseline's in comments only.".to_owned()];
    cost(&mut report);
    report
}

fn history(report: &Report) -> History {
    let runs = (0..14)
        .map(|i| HistoryRun {
            id: format!("run-{i}"),
            started_at: format!("2026-03-{:02}T04:10:00Z", i + 10),
            commit: Some(format!("{:040x}", 0x41d0_c7e2_aa56u64 * (i + 1))),
        })
        .collect();
    let mut noise = Noise(77);
    let mut series = Vec::new();
    for scenario in &report.scenarios {
        for (figure, unit, now) in [
            ("latency.p50", Unit::Ms, scenario.latency_ms.p50),
            ("latency.p95", Unit::Ms, scenario.latency_ms.p95),
            ("throughput", Unit::PerSecond, scenario.throughput),
        ] {
            let stepped = scenario.name == "stress" && figure == "latency.p95";
            let level = now.unwrap_or(1.0) * if stepped { 1.0 } else { 0.97 };
            let values = (0..14)
                .map(|i| {
                    Some(
                        level
                            * (1.0 + 0.04 * (noise.uniform() - 0.5))
                            * if stepped && i < 9 { 0.8 } else { 1.0 },
                    )
                })
                .collect();
            let changes = if stepped {
                vec![LevelChange {
                    at: 9,
                    before: level * 0.8,
                    after: level,
                    change: Some(0.25),
                    p: 0.003,
                    worse: true,
                }]
            } else {
                Vec::new()
            };
            series.push(HistorySeries {
                scenario: scenario.name.clone(),
                figure: figure.to_owned(),
                unit,
                values,
                changes,
            });
        }
    }
    series.sort_by_key(|s| s.changes.is_empty());
    History { runs, series }
}

fn failure(kind: FailureKind, user: &str, at_s: f64, message: &str, foreign: Option<&str>) -> FailureSample {
    FailureSample {
        kind,
        step: "ask".to_owned(),
        user: user.to_owned(),
        at_s,
        message: message.to_owned(),
        foreign_user: foreign.map(str::to_owned),
    }
}

/// One request, nothing else.
pub fn one() -> Report {
    let mut report = report();
    let mut s = scenario(&Tier {
        name: "smoke",
        users: 1,
        requests: 1,
        hit_rate: 0.0,
        seconds: 0.2,
        ..Tier::default()
    });
    s.counters.clear();
    s.probes.clear();
    s.resources = None;
    s.grade = None;
    s.conditions = vec![condition("ok == 1", 1.0, 1.0, Unit::Count, true, "E1")];
    report.reason = "The one condition holds.".to_owned();
    report.environment = Environment::default();
    report.target.command = None;
    report.scenarios = vec![s];
    report
}

/// Interrupted before the second scenario had any sample; the target died.
pub fn interrupted() -> Report {
    let mut report = pass();
    report.run.interrupted = true;
    report.verdict = Verdict::Invalid;
    report.reason = "The run was interrupted during `light`; nothing was measured there.".to_owned();
    report.target.died = Some("exit status 137 after 6.2 s".to_owned());
    report.scenarios.truncate(2);
    report.scenarios[1] = Scenario {
        name: "light".to_owned(),
        verdict: Verdict::Invalid,
        reason: "No request was completed.".to_owned(),
        load: "5 users × 4 iterations, together".to_owned(),
        users_peak: 5,
        requests: 5,
        failed: [(FailureKind::Connect, 5)].into(),
        success_rate: Some(0.0),
        conditions: vec![ConditionResult {
            value: None,
            samples: 0,
            verdict: Verdict::Invalid,
            message: "latency.mean has no samples".to_owned(),
            ..condition("latency.mean < 400ms", 0.0, 400.0, Unit::Ms, false, "C2")
        }],
        ..Scenario::default()
    };
    report.findings = vec![Finding {
        scenario: Some("light".to_owned()),
        figure: "target".to_owned(),
        verdict: Verdict::Invalid,
        kind: FindingKind::Target,
        message: "The target ended by itself during the run: exit status 137.".to_owned(),
        next: Some("Start it by hand and look at its last output; 137 is what a process that ran out of memory gives.".to_owned()),
        requirement: Some("C6".to_owned()),
        condition: None,
        evidence: None,
        place: None,
    }];
    report.comparison = None;
    cost(&mut report);
    report
}

/// Nothing ran at all.
pub fn empty() -> Report {
    Report {
        verdict: Verdict::Invalid,
        reason: "No server answered at http://127.0.0.1:8080.".to_owned(),
        scenarios: Vec::new(),
        ..report()
    }
}

/// As many scenarios and steps as anyone may want.
pub fn wide(scenarios: usize, steps: usize) -> Report {
    let mut report = fail();
    let model = report.scenarios[2].clone();
    let comparison = report.comparison.take();
    report.scenarios = (0..scenarios)
        .map(|i| {
            let mut s = model.clone();
            s.name = format!("scenario {}", i + 1);
            s.verdict = if i % 7 == 3 { Verdict::Fail } else { Verdict::Pass };
            let step = s.steps[0].clone();
            s.steps = (0..steps).map(|k| Step { name: format!("step {}", k + 1), ..step.clone() }).collect();
            s
        })
        .collect();
    report.comparison = comparison.map(|mut c| {
        let model = c.figures[10].clone();
        c.figures = report
            .scenarios
            .iter()
            .map(|s| ComparedFigure { scenario: s.name.clone(), ..model.clone() })
            .collect();
        c.curves.clear();
        c
    });
    report
}
