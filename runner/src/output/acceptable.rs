//! The lines for `loadgate.accept.yml` that would accept what got worse, for whoever meant it to.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use loadgate_report::Report;
use loadgate_report::model::{ChangeOutcome, ComparedFigure};
use loadgate_report::quantity::Quantity;

use super::text;

/// Room above the figure of this run: the next one will not be the same to the digit.
const ROOM: f64 = 0.1;
/// How long it holds, unless somebody writes another day.
const DAYS: i64 = 30;
/// Figures at most; whoever accepts more than these has another question.
const MOST: usize = 50;

/// A list in YAML, one entry for each confirmed regression, with an empty reason that has to be filled in; empty where nothing got
/// worse.
pub fn lines(report: &Report) -> String {
    let started = report.run.started_at.parse::<Timestamp>().unwrap_or_default();
    let expires = started.to_zoned(TimeZone::UTC).date().saturating_add(DAYS.days());
    let figures = report.comparison.iter().flat_map(|comparison| &comparison.figures);
    let worse = figures.filter(|figure| figure.gated && figure.outcome == ChangeOutcome::Regression);
    worse
        .take(MOST)
        .map(|figure| {
            let bound = bound(figure).map_or_else(String::new, |bound| format!("  bound: {bound}\n"));
            format!(
                "- scenario: {}\n  figure: {}\n{bound}  reason: \"\"\n  expires: {expires}\n",
                quoted(&figure.scenario),
                quoted(&figure.figure)
            )
        })
        .collect()
}

/// What is to hold from now on: the worst of what this run and its fresh rounds showed, with room on the side on which it is worse.
fn bound(figure: &ComparedFigure) -> Option<Quantity> {
    let (now, before) = (figure.now?, figure.before);
    let fresh = figure.fresh.unwrap_or(now);
    let is_lower =
        before.is_some_and(|before| figure.limit.filter(|limit| *limit != before).unwrap_or(now) < before);
    let worst = if is_lower { now.min(fresh) } else { now.max(fresh) };
    let room = worst.abs() * ROOM;
    Some(Quantity::new(if is_lower { worst - room } else { worst + room }, figure.unit))
}

/// A text in double quotes; JSON's are YAML's as well.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text::plain(text)).to_string()
}

#[cfg(test)]
mod tests {
    use loadgate_report::quantity::Unit;

    use super::*;

    #[test]
    fn what_is_proposed_covers_what_was_seen() {
        for (now, fresh, before, limit, bound) in [
            (200.0, None, 100.0, Some(105.0), 220.0),
            (200.0, Some(240.0), 100.0, Some(105.0), 264.0),
            (200.0, Some(190.0), 100.0, Some(105.0), 220.0),
            // Less is worse, also where the medians of a few rounds say otherwise.
            (50.0, Some(40.0), 100.0, Some(95.0), 36.0),
            (101.0, None, 100.0, Some(95.0), 90.9),
            // A trend may be below zero.
            (-100.0, None, -300.0, Some(-200.0), -90.0),
            (200.0, None, 100.0, Some(100.0), 220.0),
            (50.0, None, 100.0, None, 45.0),
        ] {
            let figure = ComparedFigure {
                scenario: "s".into(),
                figure: "f".into(),
                unit: Unit::Ms,
                gated: true,
                now: Some(now),
                fresh,
                before: Some(before),
                change: None,
                interval: None,
                noise: None,
                tolerance: 0.0,
                floor: 0.0,
                limit,
                detectable: None,
                samples: 1,
                runs: 1,
                rounds: 1,
                round_changes: Vec::new(),
                outcome: ChangeOutcome::Regression,
                note: None,
            };
            let found = super::bound(&figure).map(|bound| bound.value);
            assert!(found.is_some_and(|found| (found - bound).abs() < 1e-9), "{found:?}: {figure:?}");
        }
    }
}
