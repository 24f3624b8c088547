//! How the run came about: for those who want to repeat or doubt it.

use super::table::quantity;
use super::words::{cut, prose};
use super::{Page, facts};
use crate::html::{Node, el, list, nothing};
use crate::quantity::Unit;

pub(super) fn render(page: &Page<'_>) -> Option<Node> {
    let report = page.report;
    let text =
        |text: &str| if text.is_empty() { nothing() } else { Node::from(el("code").with(cut(text, 400))) };
    let optional = |value: Option<f64>, unit| value.map_or_else(nothing, |v| quantity(Some(v), unit));
    let variables = report.run.variables.iter().map(|(name, value)| {
        el("li").with(el("code").with(format!("{} = {}", cut(name, 80), cut(value, 200))))
    });
    let variables = if report.run.variables.is_empty() { nothing() } else { el("ul").all(variables).into() };
    let commit = report.environment.revision.as_ref().map(|r| el("code").with(cut(&r.commit, 80)));
    Some(list([facts(vec![
        ("Run", text(&report.run.id)),
        ("Suite file", text(&report.suite.file)),
        ("Suite hash", text(&report.suite.hash)),
        ("Commit", Node::from(commit)),
        ("Lengths", Node::from(if report.run.full { "full" } else { "shortened" })),
        ("Variables", variables),
        ("Started with", report.target.command.as_deref().map_or_else(nothing, text)),
        ("Ready after", optional(report.target.ready_ms, Unit::Ms)),
        ("Ended by itself", report.target.died.as_deref().map_or_else(nothing, prose)),
        ("Processor time stolen", optional(report.environment.steal, Unit::Ratio)),
        ("Load average before", optional(report.environment.load_before, Unit::Count)),
        ("Schema", text(&report.schema)),
    ])]))
}
