//! Fresh rounds decide what one run only suspects.

use super::speed::deviation;
use super::stored::share_now;
use crate::figure::main_figures;
use crate::model::{ChangeOutcome, ComparedFigure, Comparison, Scenario};
use crate::quantity::Unit;

/// Decides every `Suspected` figure by fresh rounds, each the scenarios of one repetition with restarted processes.
///
/// The fresh rounds alone decide, since the suspicion chose the first run for being bad:
///
/// - their mean is beyond the limit, none of them is back within half of it, and the shift is beyond three standard errors by
///   the scatter of the rounds themselves and of the earlier runs: `Regression`;
/// - their mean is within half of it: `Unchanged`;
/// - else `Undecided`: more rounds may decide it.
///
/// Half is meant on the way from the figure before to its limit: geometrically for latencies and throughput. Shares are pooled
/// over the rounds. A figure that no round measured stays `Suspected`.
pub fn confirm(comparison: &mut Comparison, rounds: &[Vec<Scenario>]) {
    for figure in comparison.figures.iter_mut().filter(|f| f.outcome == ChangeOutcome::Suspected) {
        let fresh: Vec<&Scenario> =
            rounds.iter().flatten().filter(|s| s.name == figure.scenario && usable(s, figure)).collect();
        let values: Vec<f64> = fresh.iter().filter_map(|s| value(s, &figure.figure)).collect();
        let pooled =
            fresh.iter().filter_map(|s| share_now(s, &figure.figure)).reduce(|a, b| (a.0 + b.0, a.1 + b.1));
        if !values.is_empty() {
            decide(figure, &values, pooled.map(|(part, whole)| part as f64 / whole.max(1) as f64));
        }
    }
}

/// Takes what is suspected as regressions, where nothing more can be run.
pub fn settle(comparison: &mut Comparison) {
    for figure in comparison.figures.iter_mut().filter(|f| f.outcome == ChangeOutcome::Suspected) {
        figure.outcome = ChangeOutcome::Regression;
        figure.note = Some("not confirmed: two finished runs were compared".to_owned());
    }
}

/// `values` are those of the fresh rounds, not empty; `pooled` is a share over all of them together.
pub(super) fn decide(figure: &mut ComparedFigure, values: &[f64], pooled: Option<f64>) {
    let (Some(before), Some(now), Some(limit)) = (figure.before, figure.now, figure.limit) else { return };
    let is_difference = figure.unit == Unit::BytesPerSecond;
    let as_ratio = pooled.is_none()
        && !is_difference
        && before > 0.0
        && limit > 0.0
        && values.iter().all(|value| *value > 0.0);
    // On this scale 0 is the figure before and 1 its limit.
    let position = |value: f64| {
        if limit == before {
            // Nothing is allowed: any step the way that the first run went is beyond.
            (value - before) * (now - before).signum() * f64::MAX.sqrt()
        } else if as_ratio {
            (value / before).ln() / (limit / before).ln()
        } else {
            (value - before) / (limit - before)
        }
    };
    let mean_of = |of: fn(f64) -> f64| values.iter().map(|v| of(*v)).sum::<f64>() / values.len() as f64;
    let fresh = match pooled {
        Some(share) => share,
        None if as_ratio => mean_of(f64::ln).exp(),
        None => mean_of(|value| value),
    };
    figure.fresh = Some(fresh);
    let mean = position(fresh);
    let least = values.iter().map(|v| position(*v)).fold(f64::INFINITY, f64::min);
    figure.rounds = 1 + values.len() as u32;
    let scale = |value: f64| if is_difference { value } else { value.ln() };
    let clear = pooled.is_some() || clear_of_noise(figure, scale, before, now, values);
    figure.outcome = if mean > 1.0 && least > 0.5 && clear {
        ChangeOutcome::Regression
    } else if mean <= 0.5 {
        ChangeOutcome::Unchanged
    } else {
        ChangeOutcome::Undecided
    };
    figure.note = Some(match (figure.outcome, values.len()) {
        (ChangeOutcome::Regression, 1) => "a fresh round showed the same".to_owned(),
        (ChangeOutcome::Regression, n) => format!("{n} fresh rounds showed the same"),
        (ChangeOutcome::Unchanged, 1) => "a fresh round did not show it".to_owned(),
        (ChangeOutcome::Unchanged, n) => format!("{n} fresh rounds did not show it"),
        (_, n) => format!("{n} fresh rounds do not agree"),
    });
}

/// With one or two earlier runs the limit knows nothing of the noise; the rounds do, a little.
fn clear_of_noise(
    figure: &ComparedFigure,
    scale: impl Fn(f64) -> f64,
    before: f64,
    now: f64,
    fresh: &[f64],
) -> bool {
    let seen: Vec<f64> = fresh.iter().chain([&now]).map(|v| scale(*v)).collect();
    let noise = figure.noise.unwrap_or(0.0).ln_1p().max(deviation(&seen).unwrap_or(0.0));
    let mean = fresh.iter().map(|v| scale(*v)).sum::<f64>() / fresh.len() as f64;
    let error = noise * (1.0 / fresh.len() as f64 + 1.0 / f64::from(figure.runs.max(1))).sqrt();
    (mean - scale(before)).abs() > 3.0 * error
}

/// A round that the generator distorted says nothing about speed.
fn usable(scenario: &Scenario, figure: &ComparedFigure) -> bool {
    scenario.generator.problem.is_none() || share_now(scenario, &figure.figure).is_some()
}

fn value(scenario: &Scenario, figure: &str) -> Option<f64> {
    main_figures(scenario).into_iter().find(|f| f.name == figure).map(|f| f.quantity.value)
}
