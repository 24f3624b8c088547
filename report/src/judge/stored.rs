//! A report against the earlier runs of a baseline.
//!
//! Shares (error rate, refusals, hit rates) are judged against the runs of every machine; latency and throughput against
//! those of the same machine class only, and are shown elsewhere.

use super::holm;
use super::policy::{FigureRule, Kind, Policy};
use super::speed::{Compared, Measured, median};
use super::{settle, share, slope, speed};
use crate::baseline::{Baseline, BaselineRun};
use crate::figure::{FigureValue, main_figures};
use crate::model::{
    BaseCurve, ChangeOutcome, ComparedFigure, Comparison, ComparisonMode, ComparisonStatus, Report, Scenario,
};

/// Compares a report with a baseline. What is worse comes out as `Suspected`: [`super::confirm()`] decides it with fresh rounds.
///
/// `base` in the result is the suite's name; a caller who knows the file puts it there.
pub fn compare(report: &Report, baseline: &Baseline, policy: &Policy) -> Comparison {
    if baseline.suite != report.suite.name {
        return unusable(
            ComparisonStatus::Incompatible,
            &baseline.suite,
            format!("the baseline is of suite `{}`, this run of `{}`", baseline.suite, report.suite.name),
            "name the folder with this suite's baseline (`--baseline DIR`), or accept this run as the first"
                .to_owned(),
        );
    }
    // A run is no evidence about itself.
    let all: Vec<(&str, &BaselineRun)> = baseline
        .classes
        .iter()
        .flat_map(|(class, runs)| runs.runs.iter().map(move |run| (class.as_str(), run)))
        .filter(|(_, run)| run.id != report.run.id)
        .collect();
    if all.is_empty() {
        return missing(&baseline.suite);
    }
    let mut runs: Vec<_> = all.iter().copied().filter(|(_, r)| r.suite_hash == report.suite.hash).collect();
    if runs.is_empty() {
        return unusable(
            ComparisonStatus::Incompatible,
            &baseline.suite,
            format!("the load of the suite has changed since its {} earlier runs", all.len()),
            accept_hint(),
        );
    }
    runs.sort_by(|a, b| a.1.started_at.cmp(&b.1.started_at));
    judge_all(report, &runs, policy)
}

/// Compares with the baseline as it was before the change under test edited it (`before`): what a change adds or removes there does not
/// speak for it. Only for figures that it accepts as intended, by scenario and name, the edited one (`now`) counts.
pub fn compare_unedited(
    report: &Report,
    before: &Baseline,
    now: &Baseline,
    accepted: &[(String, String)],
    policy: &Policy,
) -> Comparison {
    let mut comparison = compare(report, before, policy);
    let edited = compare(report, now, policy);
    let is_accepted =
        |f: &ComparedFigure| accepted.iter().any(|(s, name)| *s == f.scenario && *name == f.figure);
    for figure in comparison.figures.iter_mut().filter(|f| is_accepted(f)) {
        let own = edited.figures.iter().find(|f| f.scenario == figure.scenario && f.figure == figure.figure);
        *figure = own.cloned().unwrap_or_else(|| figure.clone());
    }
    comparison.message.push_str(", before this change edited them");
    comparison
}

/// Compares two reports. Nothing more can be run, so what is beyond its limit counts as a regression; with one run on each
/// side that takes a gross change.
pub fn compare_reports(base: &Report, head: &Report, policy: &Policy) -> Comparison {
    let mut head = head.clone();
    if head.run.id == base.run.id {
        // A report against itself is a fair question here, with the answer "unchanged".
        head.run.id.push_str(" (head)");
    }
    let mut comparison = compare(&head, &Baseline::from_report(base), policy);
    comparison.mode = ComparisonMode::Reports;
    if comparison.status == ComparisonStatus::Incompatible {
        comparison.next = Some("compare two reports of the same suite with the same load".to_owned());
    }
    settle(&mut comparison);
    comparison
}

/// The comparison of a run that has no baseline yet.
pub fn missing(base: &str) -> Comparison {
    unusable(
        ComparisonStatus::Missing,
        base,
        "there is no baseline to compare with yet".to_owned(),
        accept_hint(),
    )
}

fn accept_hint() -> String {
    "accept a good run as the baseline with `loadgate baseline accept`, and commit the file".to_owned()
}

fn unusable(status: ComparisonStatus, base: &str, message: String, next: String) -> Comparison {
    Comparison {
        mode: ComparisonMode::Stored,
        status,
        message,
        next: Some(next),
        base: base.to_owned(),
        runs: 0,
        commit: None,
        newest: None,
        figures: Vec::new(),
        curves: Vec::new(),
    }
}

/// `runs` oldest first, not empty.
fn judge_all(report: &Report, runs: &[(&str, &BaselineRun)], policy: &Policy) -> Comparison {
    let class = report.environment.machine.class();
    let everywhere: Vec<&BaselineRun> = last(runs.iter().map(|(_, run)| *run).collect(), policy.keep);
    let here: Vec<&BaselineRun> =
        last(runs.iter().filter(|(c, _)| *c == class).map(|(_, run)| *run).collect(), policy.keep);
    let (status, message, next, looked_at) = if here.is_empty() {
        (
            ComparisonStatus::Shown,
            format!(
                "{} on other machines only: counts and shares are judged, latency and throughput are shown",
                runs_in_words(everywhere.len())
            ),
            Some("accept a run of this machine class too, to have its latency judged".to_owned()),
            &everywhere,
        )
    } else {
        (
            ComparisonStatus::Judged,
            format!("{} on this machine class{}", runs_in_words(here.len()), what_they_show(here.len())),
            None,
            &here,
        )
    };
    let mut figures: Vec<(ComparedFigure, Option<f64>)> = Vec::new();
    for scenario in &report.scenarios {
        let mut own: Vec<_> = main_figures(scenario)
            .iter()
            .map(|figure| judge_one(scenario, figure, &here, &everywhere, policy))
            .collect();
        own.sort_by_key(|(figure, _)| !figure.gated);
        figures.extend(own);
    }
    correct_for_many(&mut figures, policy.alpha);
    let newest = looked_at.last();
    let age = newest.and_then(|run| days_between(&run.started_at, &report.run.started_at));
    let (message, next) = match age.filter(|days| *days > OLD) {
        Some(days) => (
            format!("{message}, the newest {days} days old"),
            next.or_else(|| Some("accept a recent run: the machine and the service move on".to_owned())),
        ),
        None => (message, next),
    };
    Comparison {
        mode: ComparisonMode::Stored,
        status,
        message,
        next,
        base: report.suite.name.clone(),
        runs: here.len() as u32,
        commit: newest.and_then(|run| run.commit.clone()),
        newest: newest.map(|run| run.started_at.clone()),
        figures: figures.into_iter().map(|(figure, _)| figure).collect(),
        curves: curves(report, looked_at),
    }
}

fn runs_in_words(n: usize) -> String {
    if n == 1 { "1 earlier run".to_owned() } else { format!("{n} earlier runs") }
}

/// Days from which on a baseline is told to be old.
const OLD: i64 = 30;

/// Days from one RFC 3339 time to another, by their dates; `None` where one is no date.
fn days_between(from: &str, to: &str) -> Option<i64> {
    Some(day_number(to)? - day_number(from)?)
}

/// Days since 1970-01-01 of a date in the Gregorian calendar (H. Hinnant: chrono-compatible low-level date algorithms, 2013).
fn day_number(text: &str) -> Option<i64> {
    let mut parts = text.get(..10)?.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// What a short history cannot do.
fn what_they_show(runs: usize) -> &'static str {
    match runs {
        0..3 => " (they show gross changes only; accept three and more)",
        3..10 => " (they show large changes only; accept ten and more)",
        _ => "",
    }
}

fn last<T>(mut items: Vec<T>, n: usize) -> Vec<T> {
    items.drain(..items.len().saturating_sub(n.max(1)));
    items
}

/// One figure, and its p-value where it has one.
fn judge_one(
    scenario: &Scenario,
    figure: &FigureValue,
    here: &[&BaselineRun],
    everywhere: &[&BaselineRun],
    policy: &Policy,
) -> (ComparedFigure, Option<f64>) {
    let mut rule = policy.rule(&figure.name);
    if scenario.search.is_some() {
        // Its figures are those of the level that it ended at, which is another one each time.
        rule.kind = Kind::Shown;
    }
    // Memory and processor time are one reading of the whole run, and no sample that could be too small.
    let is_whole = figure.name.starts_with("memory.") || figure.name.starts_with("cpu.");
    let whole = |m: Measured| Measured { samples: if is_whole { u64::MAX } else { m.samples }, ..m };
    let now = whole(Measured { value: figure.quantity.value, samples: figure.samples });
    let (compared, runs) = match rule.kind {
        Kind::Share => {
            let history: Vec<_> = history(everywhere, scenario, &figure.name)
                .filter_map(|stored| stored.share(&figure.name))
                .filter(|(_, whole)| *whole > 0)
                .collect();
            let compared = match share_now(scenario, &figure.name) {
                Some(now) => share::judge(now, &history, &rule),
                None => Compared::not_judged(None, "this share has no counts"),
            };
            (compared, history.len())
        }
        Kind::Speed { tail } => {
            let known: Vec<_> = measured(here, scenario, &figure.name).into_iter().map(whole).collect();
            if here.is_empty() {
                shown(&measured(everywhere, scenario, &figure.name), "measured on other machines")
            } else if scenario.generator.problem.is_some() {
                shown(&known, "the generator could not keep up")
            } else {
                let runs = known.len();
                (speed::judge(now, &known, &rule, tail, scenario.duration_s), runs)
            }
        }
        Kind::Slope => {
            let known = measured(here, scenario, &figure.name);
            if here.is_empty() {
                shown(&measured(everywhere, scenario, &figure.name), "measured on other machines")
            } else if scenario.duration_s < slope::LEAST_SECONDS {
                let least = slope::LEAST_SECONDS;
                shown(&known, &format!("no trend shows in less than {least} s of measurement"))
            } else {
                let history: Vec<f64> = known.iter().map(|m| m.value).collect();
                (slope::judge(now.value, &history, &rule), known.len())
            }
        }
        Kind::Shown => {
            let looked_at = if here.is_empty() { everywhere } else { here };
            let (mut compared, runs) = shown(&measured(looked_at, scenario, &figure.name), "");
            compared.note = None;
            (compared, runs)
        }
    };
    let p = compared.p;
    (row(scenario, figure, &rule, compared, runs), p)
}

fn row(
    scenario: &Scenario,
    figure: &FigureValue,
    rule: &FigureRule,
    compared: Compared,
    runs: usize,
) -> ComparedFigure {
    let now = figure.quantity.value;
    ComparedFigure {
        scenario: scenario.name.clone(),
        figure: figure.name.clone(),
        unit: figure.quantity.unit,
        gated: rule.gated(),
        now: Some(now),
        fresh: None,
        before: compared.before,
        // A trend is about zero, and how many times that it has become says nothing.
        change: compared
            .before
            .filter(|b| *b != 0.0 && rule.kind != Kind::Slope)
            .map(|b| (now - b) / b.abs()),
        interval: compared.interval,
        noise: compared.noise,
        tolerance: rule.tolerance,
        floor: rule.floor,
        limit: compared.limit,
        detectable: compared.detectable,
        samples: figure.samples,
        runs: runs as u32,
        rounds: 1,
        round_changes: Vec::new(),
        outcome: compared.outcome,
        note: compared.note,
    }
}

fn shown(history: &[Measured], note: &str) -> (Compared, usize) {
    let before = median(&history.iter().map(|m| m.value).collect::<Vec<_>>());
    (Compared::not_judged(before, note), history.len())
}

/// The scenario in the earlier runs, from the last run on that accepted a change of the figure.
fn history<'a>(
    runs: &[&'a BaselineRun],
    scenario: &Scenario,
    figure: &str,
) -> impl Iterator<Item = &'a crate::baseline::BaselineScenario> {
    let of: Vec<_> = runs.iter().filter_map(|run| run.scenarios.get(&scenario.name)).collect();
    let from = of.iter().rposition(|s| s.accepted.iter().any(|a| a == figure)).unwrap_or(0);
    of.into_iter().skip(from)
}

fn measured(runs: &[&BaselineRun], scenario: &Scenario, figure: &str) -> Vec<Measured> {
    history(runs, scenario, figure)
        .filter_map(|stored| stored.figures.get(figure))
        .map(|f| Measured { value: f.value, samples: f.n })
        .collect()
}

/// So many of so many in this run; the counterpart of `BaselineScenario::share`.
pub(super) fn share_now(scenario: &Scenario, figure: &str) -> Option<share::Share> {
    match figure {
        "error_rate" => Some((scenario.failed_total(), scenario.ok + scenario.failed_total())),
        "refusal_rate" => Some((scenario.refused, scenario.requests)),
        _ => {
            let name = figure.strip_suffix(".rate")?;
            scenario.counters.iter().find(|c| c.name == name).map(|c| (c.yes, c.yes + c.no))
        }
    }
}

/// A suspicion that has a p-value must also stand among all figures that have one.
fn correct_for_many(figures: &mut [(ComparedFigure, Option<f64>)], alpha: f64) {
    let (at, p): (Vec<usize>, Vec<f64>) = figures
        .iter()
        .enumerate()
        .filter(|(_, (figure, _))| figure.gated)
        .filter_map(|(i, (_, p))| p.map(|p| (i, p)))
        .unzip();
    for (i, stands) in at.iter().zip(holm::stands(&p, alpha)) {
        let figure = &mut figures[*i].0;
        if figure.outcome == ChangeOutcome::Suspected && !stands {
            figure.outcome = ChangeOutcome::Unchanged;
            figure.note = Some(format!("could be chance among the {} figures that are judged", p.len()));
        }
    }
}

/// Per scenario the curve of the newest run that has one.
fn curves(report: &Report, runs: &[&BaselineRun]) -> Vec<BaseCurve> {
    let curve = |name: &str| {
        runs.iter().rev().filter_map(|run| run.scenarios.get(name)).find(|s| !s.curve.is_empty())
    };
    report
        .scenarios
        .iter()
        .filter_map(|s| Some(BaseCurve { scenario: s.name.clone(), points: curve(&s.name)?.curve.clone() }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_months_and_leap_years() {
        for (from, to, days) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T23:00:00Z", Some(0)),
            ("2024-02-28", "2024-03-01", Some(2)),
            ("2025-02-28", "2025-03-01", Some(1)),
            ("2024-12-31T23:59:59Z", "2025-02-14T00:00:00Z", Some(45)),
            ("1999-12-31", "2001-01-01", Some(367)),
            ("yesterday", "2025-01-01", None),
            ("", "2025-01-01", None),
        ] {
            assert_eq!(days_between(from, to), days, "{from} {to}");
        }
    }
}
