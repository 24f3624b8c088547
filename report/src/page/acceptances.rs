//! Changes that somebody accepted for a while: they stay in sight.

use super::Page;
use super::table::{Cell, Column, Table};
use super::words::{cut, place, prose};
use crate::Verdict;
use crate::html::{Node, el};
use crate::model::{Acceptance, ChangeOutcome, FindingKind};

pub(super) fn render(page: &Page<'_>) -> Option<Node> {
    let mut columns = ["scenario", "figure"].map(Column::text).to_vec();
    columns.push(Column::number("accepted up to"));
    columns.extend(["until", "state"].map(Column::text));
    columns.push(Column::prose("reason"));
    let mut table = Table::new("acceptances-table", "Accepted changes", columns);
    for accepted in &page.report.acceptances {
        let scenario = accepted.scenario.as_deref();
        let (class, state) = match (accepted.expired, accepted.used) {
            (true, _) => ("worse", "expired"),
            (false, true) => ("unsure", "in use"),
            (false, false) if counts(page, accepted) => ("worse", "exceeded"),
            (false, false) => ("same", "not needed"),
        };
        let bound = match accepted.bound {
            Some(_) => Cell::quantity(accepted.bound, accepted.unit),
            None => Cell::node("any value", "any value"),
        };
        let stands = accepted.place.as_ref().map(|p| el("span").class("load quiet").with(place(p)));
        let reason = crate::html::list([prose(&accepted.reason), Node::from(stands)]);
        table.row(vec![
            scenario.map_or_else(|| Cell::text("all"), |name| Cell::node(page.link(name), name)),
            Cell::node(el("code").with(cut(&accepted.figure, 80)), accepted.figure.as_str()),
            bound,
            Cell::text(cut(&accepted.expires, 40)),
            Cell::node(el("span").class(format!("change {class}")).with(state), state),
            Cell::node(reason, accepted.reason.as_str()),
        ]);
    }
    if table.rows.is_empty() { None } else { Some(page.show(&table)) }
}

/// Whether what it speaks of counts all the same, since it is beyond the bound.
fn counts(page: &Page<'_>, accepted: &Acceptance) -> bool {
    let failing = page.report.findings.iter().any(|finding| {
        matches!(finding.kind, FindingKind::Condition | FindingKind::Regression)
            && finding.verdict != Verdict::Pass
            && finding.scenario.as_deref().is_some_and(|own| accepted.speaks_of(own, &finding.figure))
    });
    // Not every change has a finding of its own: one may speak for latency and throughput.
    let figures = page.report.comparison.iter().flat_map(|comparison| &comparison.figures);
    let mut changed =
        figures.filter(|figure| figure.gated && accepted.speaks_of(&figure.scenario, &figure.figure));
    failing
        || changed.any(|figure| {
            matches!(
                figure.outcome,
                ChangeOutcome::Regression | ChangeOutcome::Suspected | ChangeOutcome::Undecided
            )
        })
}
