//! The figures of a paired run.

use std::collections::BTreeMap;

use super::bound::Mean;
use super::quality::{Quality, look_at};
use super::sequence::Rounds;
use super::{LEAST_ROUNDS, PairedRound};
use crate::figure::{FigureValue, main_figures};
use crate::judge::holm;
use crate::judge::policy::{Better, FigureRule, Kind, Policy};
use crate::judge::share::Share;
use crate::judge::speed::median;
use crate::judge::stored::share_now;
use crate::model::{
    BaseCurve, ChangeOutcome, ComparedFigure, Comparison, ComparisonMode, ComparisonStatus, RoundChange,
};

/// How sure it must be that a figure is within its limit before it is called unchanged.
const WITHIN: f64 = 0.8;

/// What an interval leaves out.
const INTERVAL: f64 = 0.05;

/// A figure with what it needs for Holm.
struct Judged {
    figure: ComparedFigure,
    p: Option<f64>,
}

/// Compares base and head over the rounds of each scenario at a level for all figures together, that of
/// [one look](super::Looks::level). What is worse comes out as `Suspected`, to be decided by
/// [`confirm_paired`] over fresh rounds with restarted processes; what more rounds may decide as `Undecided`.
///
/// `base` names the revision or URL; `scenarios` come in the order in which they are to be listed.
pub fn compare_paired(
    base: &str,
    scenarios: &[(String, Vec<PairedRound>)],
    policy: &Policy,
    level: f64,
) -> Comparison {
    let mut judged = Vec::new();
    let mut notes = Vec::new();
    for (name, rounds) in scenarios {
        let quality = look_at(rounds);
        notes.extend(quality.invalid.iter().chain(&quality.restless).map(|why| format!("`{name}`: {why}")));
        let mut own = judge_scenario(name, rounds, &quality, policy, level);
        own.sort_by_key(|j| !j.figure.gated);
        judged.extend(own);
    }
    let (at, p): (Vec<usize>, Vec<f64>) = judged
        .iter()
        .enumerate()
        .filter(|(_, j)| j.figure.gated)
        .filter_map(|(i, j)| Some((i, j.p?)))
        .unzip();
    for (i, stands) in at.iter().zip(holm::stands(&p, level)) {
        let figure = &mut judged[*i].figure;
        if figure.outcome == ChangeOutcome::Suspected && !stands {
            figure.outcome = ChangeOutcome::Undecided;
            figure.note = Some(format!("could be chance among the {} figures that are judged", p.len()));
        }
    }
    let rounds = scenarios.iter().map(|(_, rounds)| rounds.len()).max().unwrap_or(0);
    let mut message = format!("{base} on the same machine, up to {rounds} rounds");
    if !notes.is_empty() {
        message.push_str(&format!("; {}", notes.join("; ")));
    }
    Comparison {
        mode: ComparisonMode::Paired,
        status: ComparisonStatus::Judged,
        message,
        next: None,
        base: base.to_owned(),
        runs: 0,
        commit: None,
        newest: None,
        figures: judged.into_iter().map(|j| j.figure).collect(),
        curves: curves(scenarios),
    }
}

/// Decides what is suspected by fresh rounds alone: a bound beyond the limit again is a `Regression`, a bound within it is
/// `Unchanged`, else `Undecided`. `level` is that of one look, for each figure alone.
pub fn confirm_paired(
    comparison: &mut Comparison,
    fresh: &[(String, Vec<PairedRound>)],
    policy: &Policy,
    level: f64,
) {
    let again = judge_each(fresh, policy, level);
    for figure in comparison.figures.iter_mut().filter(|f| f.outcome == ChangeOutcome::Suspected) {
        let Some(again) = again.get(&(figure.scenario.clone(), figure.figure.clone())) else { continue };
        let rounds = again.rounds;
        (figure.outcome, figure.note) = match again.outcome {
            ChangeOutcome::Suspected => (
                ChangeOutcome::Regression,
                Some(format!("{rounds} fresh rounds with restarted processes showed the same")),
            ),
            ChangeOutcome::Unchanged | ChangeOutcome::Improved => (
                ChangeOutcome::Unchanged,
                Some(format!("{rounds} fresh rounds with restarted processes did not show it")),
            ),
            ChangeOutcome::NotJudged => (ChangeOutcome::Undecided, again.note.clone()),
            _ => (ChangeOutcome::Undecided, Some(format!("{rounds} fresh rounds do not decide it"))),
        };
        figure.fresh = again.now;
        figure.rounds += rounds;
        let confirming = again.round_changes.iter().map(|seen| RoundChange { confirms: true, ..*seen });
        figure.round_changes.extend(confirming);
    }
}

/// What was undecided before the fresh rounds may be within its limit by all rounds together. Worse than that it cannot become here:
/// nothing would confirm it.
pub(super) fn settle_undecided(
    comparison: &mut Comparison,
    rounds: &Rounds,
    fresh: &Rounds,
    policy: &Policy,
    level: f64,
) {
    let mut all = rounds.clone();
    for (all, fresh) in all.iter_mut().zip(fresh) {
        all.1.extend(fresh.1.iter().cloned());
    }
    let again = judge_each(&all, policy, level);
    for figure in comparison.figures.iter_mut().filter(|f| f.outcome == ChangeOutcome::Undecided) {
        let again = again.get(&(figure.scenario.clone(), figure.figure.clone()));
        if let Some(again) = again.filter(|a| a.outcome == ChangeOutcome::Unchanged) {
            *figure = again.clone();
        }
    }
}

/// Each figure on its own, by scenario and name.
fn judge_each(
    scenarios: &[(String, Vec<PairedRound>)],
    policy: &Policy,
    level: f64,
) -> BTreeMap<(String, String), ComparedFigure> {
    scenarios
        .iter()
        .flat_map(|(name, rounds)| judge_scenario(name, rounds, &look_at(rounds), policy, level))
        .map(|j| ((j.figure.scenario.clone(), j.figure.figure.clone()), j.figure))
        .collect()
}

fn judge_scenario(
    name: &str,
    rounds: &[PairedRound],
    quality: &Quality,
    policy: &Policy,
    level: f64,
) -> Vec<Judged> {
    // Where all were spoiled, they still say which figures are open.
    let good: Vec<&PairedRound> = match &quality.good[..] {
        [] => rounds.iter().collect(),
        good => good.iter().map(|i| &rounds[*i]).collect(),
    };
    // Read once per slot, then picked by name.
    let values: Vec<(Vec<FigureValue>, Vec<FigureValue>)> =
        good.iter().map(|r| (main_figures(&r.base.scenario), main_figures(&r.head.scenario))).collect();
    let mut names: Vec<&FigureValue> = Vec::new();
    for figure in values.iter().flat_map(|(_, head)| head) {
        if !names.iter().any(|f| f.name == figure.name) {
            names.push(figure);
        }
    }
    let get = |of: &[FigureValue], name: &str| of.iter().find(|f| f.name == name).cloned();
    let counted = quality.good.len();
    let few = (counted < LEAST_ROUNDS)
        .then(|| format!("only {counted} rounds count; judged from {LEAST_ROUNDS} on"));
    names
        .into_iter()
        .map(|figure| {
            let mut rule = policy.rule(&figure.name);
            if rule.kind == Kind::Slope {
                // A slot of a few seconds shows no trend.
                rule.kind = Kind::Shown;
            }
            let both = values
                .iter()
                .filter_map(|(base, head)| Some((get(base, &figure.name)?, get(head, &figure.name)?)));
            let samples = both.clone().map(|(_, head)| head.samples).sum();
            let pairs: Vec<(f64, f64)> =
                both.map(|(base, head)| (base.quantity.value, head.quantity.value)).collect();
            let mut row = row(name, figure, &rule, &pairs, samples);
            let problem = quality.invalid.as_ref().map(|why| (ChangeOutcome::NotJudged, why));
            let open = quality.restless.as_ref().or(few.as_ref());
            let problem = problem.or(open.map(|why| (ChangeOutcome::Undecided, why)));
            if rule.kind == Kind::Shown {
                return Judged { figure: row, p: None };
            }
            if let Some((outcome, why)) = problem {
                (row.outcome, row.note) = (outcome, Some(why.clone()));
                return Judged { figure: row, p: None };
            }
            let p = match rule.kind {
                Kind::Share => judge_share(&mut row, &good, &rule, level),
                _ => judge_speed(&mut row, &pairs, &rule, level),
            };
            Judged { figure: row, p }
        })
        .collect()
}

pub(super) fn row(
    scenario: &str,
    figure: &FigureValue,
    rule: &FigureRule,
    pairs: &[(f64, f64)],
    samples: u64,
) -> ComparedFigure {
    let now = median(&pairs.iter().map(|p| p.1).collect::<Vec<_>>());
    let before = median(&pairs.iter().map(|p| p.0).collect::<Vec<_>>());
    ComparedFigure {
        scenario: scenario.to_owned(),
        figure: figure.name.clone(),
        unit: figure.quantity.unit,
        gated: rule.gated(),
        now,
        fresh: None,
        before,
        change: now.zip(before).filter(|(_, b)| *b != 0.0).map(|(n, b)| (n - b) / b.abs()),
        interval: None,
        noise: None,
        tolerance: rule.tolerance,
        floor: rule.floor,
        limit: None,
        detectable: None,
        samples,
        runs: 0,
        rounds: pairs.len() as u32,
        round_changes: Vec::new(),
        outcome: ChangeOutcome::NotJudged,
        note: None,
    }
}

/// Judges a figure by the log ratios of its rounds; gives the p-value of being worse than allowed.
pub(super) fn judge_speed(
    row: &mut ComparedFigure,
    pairs: &[(f64, f64)],
    rule: &FigureRule,
    level: f64,
) -> Option<f64> {
    let logs: Vec<f64> =
        pairs.iter().filter(|(b, h)| *b > 0.0 && *h > 0.0).map(|(b, h)| (h / b).ln()).collect();
    row.round_changes = seen(logs.iter().map(|log| log.exp_m1()));
    let mean = enough(row, logs.len()).then(|| Mean::of(&logs)).flatten()?;
    let (before, now) = (row.before?, row.now?);
    // The floor as a ratio, from between both sides so that swapping them mirrors the judgement.
    let allowed_up = rule.tolerance.max(rule.floor / (before * now).sqrt()).ln_1p();
    let sign = match rule.better {
        Better::Lower => 1.0,
        Better::Higher => -1.0,
        Better::Neither => mean.mean.signum(),
    };
    row.change = Some(mean.mean.exp_m1());
    row.interval = Some(mean.interval(INTERVAL).map(f64::exp_m1));
    row.noise = super::super::speed::deviation(&logs).map(f64::exp_m1);
    row.limit = Some(before * (sign * allowed_up).exp());
    row.detectable = Some(mean.detectable(allowed_up, level));
    decide(row, &mean, sign, allowed_up, rule, level)
}

/// Judges a share by the counts of all rounds together, as surely as the rounds agree.
fn judge_share(
    row: &mut ComparedFigure,
    good: &[&PairedRound],
    rule: &FigureRule,
    level: f64,
) -> Option<f64> {
    let counts: Vec<(Share, Share)> = good
        .iter()
        .filter_map(|r| {
            Some((share_now(&r.base.scenario, &row.figure)?, share_now(&r.head.scenario, &row.figure)?))
        })
        .filter(|(base, head)| base.1 > 0 && head.1 > 0)
        .collect();
    let sum = |of: fn(&(Share, Share)) -> Share| {
        let (part, whole) = counts.iter().map(of).fold((0, 0), |a: Share, c| (a.0 + c.0, a.1 + c.1));
        part as f64 / whole.max(1) as f64
    };
    let (before, now) = (sum(|c| c.0), sum(|c| c.1));
    let rate = |(part, whole): Share| part as f64 / whole as f64;
    if before > 0.0 {
        row.round_changes = seen(counts.iter().map(|(b, h)| (rate(*h) - rate(*b)) / before));
    }
    let mean = enough(row, counts.len()).then(|| Mean::of_shares(&counts)).flatten()?;
    (row.before, row.now) = (Some(before), Some(now));
    row.change = (before > 0.0).then(|| mean.mean / before);
    row.interval = (before > 0.0).then(|| mean.interval(INTERVAL).map(|v| v / before));
    // By both sides alike, so that swapping them mirrors the judgement.
    let allowed = rule.allowed_share(before.min(now), (before + now) / 2.0);
    let sign = match rule.better {
        Better::Lower => 1.0,
        Better::Higher => -1.0,
        Better::Neither => mean.mean.signum(),
    };
    row.limit = Some((before + sign * allowed).clamp(0.0, 1.0));
    decide(row, &mean, sign, allowed, rule, level)
}

/// The rounds as the page draws them.
fn seen(changes: impl Iterator<Item = f64>) -> Vec<RoundChange> {
    changes
        .filter(|change| change.is_finite())
        .map(|change| RoundChange { change, confirms: false })
        .collect()
}

fn enough(row: &mut ComparedFigure, rounds: usize) -> bool {
    row.rounds = rounds as u32;
    if rounds < LEAST_ROUNDS {
        row.note = Some(format!("{rounds} rounds have it; judged from {LEAST_ROUNDS} on"));
    }
    rounds >= LEAST_ROUNDS
}

/// Three ways: the bound is beyond what is allowed, or within it, or the rounds do not say.
fn decide(
    row: &mut ComparedFigure,
    mean: &Mean,
    sign: f64,
    allowed: f64,
    rule: &FigureRule,
    level: f64,
) -> Option<f64> {
    let worse = Mean { mean: mean.mean * sign, ..*mean };
    let better = Mean { mean: -mean.mean * sign, ..*mean };
    let sides = if rule.better == Better::Neither { 2.0 } else { 1.0 };
    let p = (worse.p_above(allowed) * sides).min(1.0);
    row.outcome = if p <= level {
        ChangeOutcome::Suspected
    } else if rule.better != Better::Neither && better.p_above(allowed) <= level {
        ChangeOutcome::Improved
    } else if worse.p_above(allowed) >= WITHIN {
        ChangeOutcome::Unchanged
    } else {
        ChangeOutcome::Undecided
    };
    Some(p)
}

/// The base's distribution over all its rounds.
fn curves(scenarios: &[(String, Vec<PairedRound>)]) -> Vec<BaseCurve> {
    let all = scenarios.iter().filter_map(|(name, rounds)| {
        let mut histogram = crate::Histogram::default();
        rounds.iter().for_each(|r| histogram.merge(&r.base.scenario.latency_ms.histogram));
        let points = crate::baseline::curve(&histogram);
        (!points.is_empty()).then(|| BaseCurve { scenario: name.clone(), points })
    });
    all.collect()
}
