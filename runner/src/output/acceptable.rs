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
    let now = figure.now?;
    let fresh = figure.fresh.unwrap_or(now);
    let is_lower = figure.before.is_some_and(|before| now < before);
    let (worst, room) = if is_lower { (now.min(fresh), 1.0 - ROOM) } else { (now.max(fresh), 1.0 + ROOM) };
    Some(Quantity::new(worst * room, figure.unit))
}

/// A text in double quotes; JSON's are YAML's as well.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text::plain(text)).to_string()
}
