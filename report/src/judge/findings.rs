//! From what was seen to findings. Each function looks at one source and knows nothing of the others.

use super::advice;
use super::exit::without_baseline;
use crate::Verdict;
use crate::condition::Condition;
use crate::figure::{Figure, Names};
use crate::model::{
    ChangeOutcome, ComparedFigure, Comparison, ComparisonMode, ConditionResult, Evidence, FailureKind,
    Finding, FindingKind, Level, Report, Scenario, SearchOutcome,
};
use crate::quantity::{Quantity, Unit};

/// A finding with nothing but the words; callers add what they know.
fn finding(
    scenario: Option<&Scenario>,
    figure: &str,
    kind: FindingKind,
    verdict: Verdict,
    message: String,
) -> Finding {
    Finding {
        scenario: scenario.map(|s| s.name.clone()),
        figure: figure.to_owned(),
        verdict,
        kind,
        message,
        next: None,
        requirement: scenario.and_then(|s| s.requirements.first().cloned()),
        condition: None,
        evidence: None,
        place: None,
    }
}

/// Broken conditions, and those that could not be judged.
pub(super) fn of_conditions(scenario: &Scenario) -> Vec<Finding> {
    scenario
        .conditions
        .iter()
        .filter(|c| c.verdict != Verdict::Pass)
        .map(|c| Finding {
            next: Some(next_for_condition(c, scenario)),
            requirement: c.requirement.clone().or_else(|| scenario.requirements.first().cloned()),
            condition: Some(c.text.clone()),
            evidence: Some(Evidence {
                limit: c.limit,
                samples: Some(c.samples),
                ..evidence(c.unit, c.value)
            }),
            place: c.place.clone(),
            ..match c.level {
                Level::Critical => {
                    finding(Some(scenario), &c.figure, FindingKind::Condition, c.verdict, c.message.clone())
                }
                Level::Warn => finding(
                    Some(scenario),
                    &c.figure,
                    FindingKind::Warning,
                    Verdict::Pass,
                    format!("{} (warns only)", c.message),
                ),
            }
        })
        .collect()
}

fn next_for_condition(condition: &ConditionResult, scenario: &Scenario) -> String {
    match condition.verdict {
        Verdict::Invalid if scenario.generator.problem.is_some() => {
            "give the generator more room, then run again".to_owned()
        }
        Verdict::Invalid if scenario.failed_total() > 0 => advice::for_failures(scenario),
        Verdict::Invalid => {
            "let the scenario run long enough to have samples for it, or judge another figure".to_owned()
        }
        _ => advice::for_figure(&condition.figure, scenario),
    }
}

fn evidence(unit: Unit, now: Option<f64>) -> Evidence {
    Evidence {
        unit,
        now,
        before: None,
        limit: None,
        change: None,
        interval: None,
        tolerance: None,
        noise: None,
        samples: None,
        rounds: None,
        runs: None,
        confirmed: None,
    }
}

/// One user's text in another's answer.
pub(super) fn of_cross_talk(scenario: &Scenario) -> Option<Finding> {
    let n = *scenario.failed.get(&FailureKind::CrossTalk).filter(|n| **n > 0)?;
    let sample = scenario.failures.iter().find(|f| f.kind == FailureKind::CrossTalk);
    let example = sample.map_or(String::new(), |f| {
        let of = f.foreign_user.as_ref().map_or(String::new(), |other| format!(" text of {other}"));
        format!("; for example {} got{of} in step `{}`", f.user, f.step)
    });
    let message =
        format!("{n} {} another user's text{example}", if n == 1 { "answer held" } else { "answers held" });
    Some(Finding {
        next: Some(
            "look for state that users share: caches keyed without the user, globals, reused buffers or prompts".to_owned(),
        ),
        evidence: Some(Evidence {
            limit: Some(0.0),
            samples: Some(scenario.requests),
            ..evidence(Unit::Count, Some(n as f64))
        }),
        ..finding(Some(scenario), "cross_talk", FindingKind::CrossTalk, Verdict::Fail, message)
    })
}

/// Whether a rule speaks of such a figure.
fn speaks_of(scenario: &Scenario, rule: &str, is: fn(&Figure) -> bool) -> bool {
    Condition::parse(rule, &Names::from(scenario))
        .is_ok_and(|condition| condition.figures().iter().any(|(figure, _)| is(figure)))
}

/// Nothing was completed, so there is nothing to judge.
pub(super) fn of_emptiness(scenario: &Scenario) -> Option<Finding> {
    let expects_refusals = || {
        scenario.conditions.iter().any(|c| {
            c.level == Level::Critical
                && c.verdict != Verdict::Invalid
                && speaks_of(scenario, &c.text, Figure::tells_refusals)
        })
    };
    let message = if let Some(reason) = &scenario.not_run {
        format!("not run: {reason}")
    } else if scenario.requests == 0 {
        "no request was made".to_owned()
    } else if scenario.ok == 0 && scenario.refused == 0 {
        format!(
            "none of {} requests was completed: {}",
            scenario.requests,
            advice::failures_in_words(scenario)
        )
    } else if scenario.ok == 0 && !expects_refusals() {
        format!("all {} completed requests were refused, and no condition expects that", scenario.refused)
    } else {
        return None;
    };
    let next = if scenario.not_run.is_some() {
        "mend the cause and run it again".to_owned()
    } else if scenario.requests == 0 {
        "check the scenario's load and flow: nothing came of it".to_owned()
    } else if scenario.refused > 0 {
        "loosen the limit for the test, or say what is expected, such as `refused == 30`".to_owned()
    } else {
        advice::for_failures(scenario)
    };
    Some(Finding {
        next: Some(next),
        evidence: Some(evidence(Unit::Count, Some(scenario.requests as f64))),
        ..finding(Some(scenario), "requests", FindingKind::Target, Verdict::Invalid, message)
    })
}

/// Failures that no condition looks at would go by unseen.
pub(super) fn of_unjudged(scenario: &Scenario, comparison: Option<&Comparison>) -> Option<Finding> {
    let limits = scenario.search.iter().flat_map(|search| &search.limits);
    let rules: Vec<&String> = scenario.conditions.iter().map(|c| &c.text).chain(limits).collect();
    let are_judged = rules.iter().any(|rule| speaks_of(scenario, rule, Figure::tells_failures));
    let compared = comparison.is_some_and(|c| {
        c.figures.iter().any(|f| f.scenario == scenario.name && f.outcome != ChangeOutcome::NotJudged)
    });
    let failed = scenario.failed_total();
    let (figure, message) = if failed > 0 && !are_judged {
        let kinds = advice::failures_in_words(scenario);
        (
            "error_rate",
            format!(
                "{failed} of {} requests failed ({kinds}) and no condition judges failures",
                scenario.requests
            ),
        )
    } else if scenario.conditions.is_empty() && !compared {
        ("conditions", "nothing is judged here: no condition and no baseline".to_owned())
    } else {
        return None;
    };
    Some(Finding {
        next: Some(
            "write what must hold, such as `expect: [success_rate > 99%, latency.p95 < 2s]`".to_owned(),
        ),
        ..finding(Some(scenario), figure, FindingKind::Warning, Verdict::Pass, message)
    })
}

/// Answers that should be streamed and come in one piece: their times to first token and between tokens say nothing of a stream.
pub(super) fn of_unstreamed(scenario: &Scenario) -> Option<Finding> {
    if scenario.conditions.iter().any(|c| c.text.contains("unstreamed")) {
        return None;
    }
    // Now and then the events of a fast stream meet on the way.
    let step = scenario.steps.iter().find(|step| step.unstreamed * 10 > step.streams)?;
    let message = format!(
        "{} of {} streams of `{}` came all at once, at their end: something on the way collects them",
        step.unstreamed, step.streams, step.name
    );
    Some(Finding {
        next: Some(
            "look for buffering or compression in the service and in proxies before it; a condition such as \
             `unstreamed_rate < 5%` makes it fail"
                .to_owned(),
        ),
        ..finding(Some(scenario), "unstreamed", FindingKind::Warning, Verdict::Pass, message)
    })
}

/// The generator distorted the figures.
pub(super) fn of_generator(scenario: &Scenario) -> Option<Finding> {
    let problem = scenario.generator.problem.as_ref()?;
    Some(Finding {
        next: Some(
            "use fewer users or a lower rate, or run on a machine with more free cores; latency and throughput are not \
             judged until then"
                .to_owned(),
        ),
        ..finding(Some(scenario), "generator", FindingKind::Generator, Verdict::Invalid, problem.clone())
    })
}

/// A search that came to a level which nobody could judge. One that the generator ended is that generator's finding, and one
/// that the target or the user ended theirs.
pub(super) fn of_search(scenario: &Scenario) -> Option<Finding> {
    let search = scenario.search.as_ref().filter(|search| search.outcome == SearchOutcome::Unjudged)?;
    let next =
        "give each level more time (`each`), so that there are samples for every limit, or set another limit";
    Some(Finding {
        next: Some(next.to_owned()),
        ..finding(Some(scenario), "capacity", FindingKind::Condition, Verdict::Invalid, search.reason.clone())
    })
}

/// The target ended by itself, or the run was cut short, or there was no run.
pub(super) fn of_run(report: &Report) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(why) = &report.target.unavailable {
        found.push(Finding {
            next: Some(
                "start the service first or correct `target` in the suite; `--target URL` names another one"
                    .to_owned(),
            ),
            ..finding(
                None,
                "target",
                FindingKind::Target,
                Verdict::Invalid,
                format!("there is nothing to test: {why}"),
            )
        });
        return found;
    }
    if let Some(died) = &report.target.died {
        let during = report.target.died_during.as_ref().and_then(|name| report.scenario(name));
        let during = during.or_else(|| report.scenarios.iter().find(|s| lost_connections(s)));
        let place = during.map_or(String::new(), |s| format!(" during `{}` ({})", s.name, s.load));
        found.push(Finding {
            next: Some(
                "read the end of the service's own log; what follows its death says nothing about it"
                    .to_owned(),
            ),
            ..finding(
                during,
                "target",
                FindingKind::Target,
                Verdict::Invalid,
                format!("the target ended{place}: {died}"),
            )
        });
    }
    if report.run.interrupted {
        found.push(Finding {
            next: Some("run it again to the end".to_owned()),
            ..finding(
                None,
                "run",
                FindingKind::Interrupted,
                Verdict::Invalid,
                "the run was interrupted; what is here is what was there by then".to_owned(),
            )
        });
    }
    if report.scenarios.is_empty() {
        found.push(finding(
            None,
            "run",
            FindingKind::Target,
            Verdict::Invalid,
            "no scenario was run".to_owned(),
        ));
    }
    found
}

fn lost_connections(scenario: &Scenario) -> bool {
    [FailureKind::Connect, FailureKind::Reset]
        .iter()
        .any(|kind| scenario.failed.get(kind).is_some_and(|n| *n > 0))
}

/// There was nothing to compare with, or only other machines.
pub(super) fn of_baseline(report: &Report) -> Option<Finding> {
    let comparison = report.comparison.as_ref()?;
    let next = comparison.next.clone()?;
    let missing = without_baseline(comparison);
    let message =
        if missing { format!("not compared: {}", comparison.message) } else { comparison.message.clone() };
    // A comparison that was asked for and could not be made never passes.
    let verdict = if missing { Verdict::Inconclusive } else { Verdict::Pass };
    Some(Finding { next: Some(next), ..finding(None, "baseline", FindingKind::Baseline, verdict, message) })
}

/// What changed against the baseline.
///
/// With a fixed number of users, throughput is latency seen from the other side (Little's law), so where both changed the
/// latency's finding speaks for both.
pub(super) fn of_comparison(report: &Report) -> Vec<Finding> {
    let Some(comparison) = &report.comparison else { return Vec::new() };
    let mut found = Vec::new();
    for scenario in &report.scenarios {
        let own: Vec<&ComparedFigure> =
            comparison.figures.iter().filter(|f| f.gated && f.scenario == scenario.name).collect();
        let throughput = own.iter().find(|f| f.figure == "throughput");
        let latency = own.iter().filter(|f| f.unit == Unit::Ms);
        let mirror = latency
            .clone()
            .find(|f| throughput.is_some_and(|t| f.outcome == t.outcome))
            .and_then(|_| throughput.copied());
        let mut told = false;
        for figure in &own {
            let Some((verdict, kind)) = weight(figure.outcome) else { continue };
            if figure.figure == "throughput" && mirror.is_some() {
                continue;
            }
            let mut message = change_in_words(figure, comparison.mode);
            if let Some(mirror) =
                mirror.filter(|m| m.outcome == figure.outcome && figure.unit == Unit::Ms && !told)
            {
                told = true;
                message.push_str(&format!("; throughput {} likewise", moved(mirror)));
            }
            if figure.figure == "throughput" {
                message.push_str(&mean_latency(comparison, scenario));
            }
            found.push(Finding {
                next: Some(next_for_change(figure, scenario, comparison.mode)),
                evidence: Some(Evidence {
                    before: figure.before,
                    limit: figure.limit,
                    change: figure.change,
                    interval: figure.interval,
                    tolerance: Some(figure.tolerance),
                    noise: figure.noise,
                    samples: Some(figure.samples),
                    rounds: Some(figure.rounds),
                    runs: Some(figure.runs),
                    confirmed: (kind == FindingKind::Regression)
                        .then_some(figure.outcome == ChangeOutcome::Regression && figure.rounds > 1),
                    ..evidence(figure.unit, figure.now)
                }),
                ..finding(Some(scenario), &figure.figure, kind, verdict, message)
            });
        }
        found.extend(of_nothing_compared(scenario, comparison));
    }
    found
}

/// Rounds were run to compare, and nothing of them can be: that is no pass. Where some rounds could be compared and only were too few
/// for the time that there was, more time may decide it.
fn of_nothing_compared(scenario: &Scenario, comparison: &Comparison) -> Option<Finding> {
    // A search is left out of the rounds.
    if comparison.mode != ComparisonMode::Paired || without_baseline(comparison) || scenario.search.is_some()
    {
        return None;
    }
    // What slots cannot judge stands beside them with its earlier runs, and says nothing of the rounds.
    let of_rounds = comparison.figures.iter().filter(|f| f.scenario == scenario.name && f.runs == 0);
    // Memory and processor time are read without a request, too; and a scenario may have no figure that gates.
    let sent = of_rounds.clone().any(|f| f.figure == "requests");
    let own: Vec<&ComparedFigure> = of_rounds.filter(|f| f.gated).collect();
    if sent && (own.is_empty() || own.iter().any(|f| f.outcome != ChangeOutcome::NotJudged)) {
        return None;
    }
    let why = own.iter().find_map(|f| f.note.clone()).unwrap_or_else(|| "no round has samples".to_owned());
    let too_few = sent && own.iter().any(|f| !f.round_changes.is_empty());
    let (verdict, next) = if too_few {
        (
            Verdict::Inconclusive,
            "give it more time (`gate.budget`), and load enough for samples in each round",
        )
    } else {
        (Verdict::Invalid, "make both revisions take the same load, long enough to have samples")
    };
    Some(Finding {
        next: Some(next.to_owned()),
        ..finding(
            Some(scenario),
            "comparison",
            FindingKind::Baseline,
            verdict,
            format!("nothing of it could be compared with the base: {why}"),
        )
    })
}

/// The verdict and kind of an outcome that is worth a finding.
pub(super) fn weight(outcome: ChangeOutcome) -> Option<(Verdict, FindingKind)> {
    match outcome {
        ChangeOutcome::Regression => Some((Verdict::Fail, FindingKind::Regression)),
        ChangeOutcome::Suspected | ChangeOutcome::Undecided => {
            Some((Verdict::Inconclusive, FindingKind::Regression))
        }
        ChangeOutcome::Accepted => Some((Verdict::Pass, FindingKind::Accepted)),
        ChangeOutcome::Improved => Some((Verdict::Pass, FindingKind::Improvement)),
        ChangeOutcome::Unchanged | ChangeOutcome::NotJudged => None,
    }
}

/// Such as `rose by 98 % from 1.2 s to 2.38 s`.
fn moved(figure: &ComparedFigure) -> String {
    let show = |v: Option<f64>| v.map_or("n/a".to_owned(), |v| Quantity::new(v, figure.unit).to_string());
    let rose = figure.now.zip(figure.before).is_some_and(|(now, before)| now > before);
    let by = match figure.change {
        // A share is told in points by its two values; a ratio of shares misleads.
        Some(change) if figure.unit != Unit::Ratio => {
            format!(" by {}", Quantity::new(change.abs(), Unit::Ratio))
        }
        _ => String::new(),
    };
    format!("{}{by} from {} to {}", if rose { "rose" } else { "fell" }, show(figure.before), show(figure.now))
}

fn change_in_words(figure: &ComparedFigure, mode: ComparisonMode) -> String {
    let mut message = format!("{} {}", figure.figure, moved(figure));
    let mut aside = Vec::new();
    if let Some(limit) = figure.limit {
        aside.push(format!("limit {}", Quantity::new(limit, figure.unit)));
    }
    if let Some(noise) = figure.noise.filter(|_| figure.unit != Unit::Ratio) {
        aside.push(format!("noise ±{}", Quantity::new(noise, Unit::Ratio)));
    }
    if let Some([low, high]) = figure.interval.filter(|_| mode == ComparisonMode::Paired) {
        let signed =
            |v: f64| format!("{}{}", if v < 0.0 { "−" } else { "+" }, Quantity::new(v.abs(), Unit::Ratio));
        aside.push(format!("95 % interval {} to {}, {} rounds", signed(low), signed(high), figure.rounds));
    }
    if mode == ComparisonMode::Stored {
        aside.push(format!("{} earlier {}", figure.runs, if figure.runs == 1 { "run" } else { "runs" }));
    }
    aside.push(format!("{} samples", figure.samples));
    if let Some(detectable) = figure.detectable {
        aside.push(format!("sees {} and more", Quantity::new(detectable, Unit::Ratio)));
    }
    message.push_str(&format!(" ({})", aside.join(", ")));
    if let Some(note) = &figure.note {
        message.push_str(&format!("; {note}"));
    }
    message
}

fn mean_latency(comparison: &Comparison, scenario: &Scenario) -> String {
    let mean = comparison.figures.iter().find(|f| f.scenario == scenario.name && f.figure == "latency.mean");
    mean.map_or(String::new(), |f| format!("; latency.mean {}", moved(f)))
}

fn next_for_change(figure: &ComparedFigure, scenario: &Scenario, mode: ComparisonMode) -> String {
    match figure.outcome {
        ChangeOutcome::Improved => {
            "if the change explains it, accept this run as the baseline with `loadgate baseline accept`; if nothing does, \
             check that the service still does all of its work"
                .to_owned()
        }
        ChangeOutcome::Accepted => "make it better before the acceptance expires, or renew its line, with the reason".to_owned(),
        ChangeOutcome::Regression if mode == ComparisonMode::Reports => advice::for_figure(&figure.figure, scenario),
        // What is compared in pairs is in no baseline that could be changed.
        ChangeOutcome::Regression => format!(
            "{}; if it is intended, accept it {}",
            advice::for_figure(&figure.figure, scenario),
            match mode {
                ComparisonMode::Paired => "in `loadgate.accept.yml`: the job summary prints the lines",
                _ => "with `loadgate baseline accept`",
            }
        ),
        _ => "run it again, with more rounds or on a quieter machine, to decide it".to_owned(),
    }
}
