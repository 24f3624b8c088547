//! The charts of a scenario, each with its table.

use super::Part;
use crate::Verdict;
use crate::chart::{CHARTS, ChartKind, ChartStyle};
use crate::html::{Node, el, list};
use crate::quantity::{Quantity, Unit};

/// Intervals of the pre-rendered charts: enough for what a chart is wide, and a table that a person would read.
const PRINTED: usize = 60;

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let view = part.page.view;
    // A page of many scenarios would be mostly drawings that nobody asked for.
    if !view.interactive
        && part.scenario.verdict == Verdict::Pass
        && part.page.report.scenarios.len() > super::LAZY
    {
        let words = "The charts of this scenario are drawn by the interactive page; it passed, and this report holds many.";
        return Some(el("p").class("quiet").with(words).into());
    }

    let style = ChartStyle {
        read_outs: view.interactive,
        intervals: if part.page.is_complete() { 240 } else { PRINTED },
        span: view.span.get(part.place).copied(),
        ..ChartStyle::default()
    };
    let figures: Vec<Node> = CHARTS
        .iter()
        .filter_map(|kind| {
            let chart = (kind.draw)(part.scenario, &part.before, &style)?;
            let figure = el("figure")
                .class("chart-box")
                .attr("data-chart", kind.id)
                .maybe("tabindex", view.interactive.then_some("0"))
                .with(el("figcaption").with(el("h4").with(kind.title)).with(chart.legend))
                .with(chart.figure)
                .with(view.interactive.then(|| el("output").class("read-out")))
                .with(view.interactive.then(|| pictures(part, kind)))
                .with(
                    part.folded(&format!("{}-numbers", kind.id), "Numbers".to_owned(), || {
                        part.page.show(&chart.table.under(part.place))
                    })
                    .class("numbers"),
                );
            Some(figure.into())
        })
        .collect();
    if figures.is_empty() {
        let words = match part.scenario.latency_ms.count {
            0 => "No request was measured, so there is nothing to draw.",
            _ => "Too few requests to draw; the tables say all there is.",
        };
        return Some(el("p").class("quiet").with(words).into());
    }
    Some(list([Node::from(zoomed(part)), el("div").class("charts").all(figures).into()]))
}

/// What span of the run is shown, with the way back to all of it.
fn zoomed(part: &Part<'_>) -> Option<Node> {
    let (from, to) = part.page.view.span.get(part.place)?;
    let back = el("button")
        .attr("type", "button")
        .attr("data-action", "zoom-out")
        .attr("data-section", part.place)
        .with("Show the whole run");
    let seconds = |s: &f64| Quantity::new(s * 1000.0, Unit::Ms);
    let words = format!("Charts over time and failures show {} to {}. ", seconds(from), seconds(to));
    Some(el("p").class("zoomed").with(words).with(back).into())
}

/// Buttons to take the chart along.
fn pictures(part: &Part<'_>, kind: &ChartKind) -> Node {
    let button = |action: &str, words: &str| {
        el("button")
            .attr("type", "button")
            .attr("data-action", action)
            .attr("data-section", part.place)
            .attr("data-chart", kind.id)
            .attr("aria-label", format!("Save as {words}: {}", kind.title))
            .with(words)
    };
    el("p").class("tools pictures").with(button("svg", "SVG")).with(button("png", "PNG")).into()
}
