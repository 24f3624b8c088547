//! The charts of a scenario, each with its table.

use super::Part;
use crate::chart::{CHARTS, ChartStyle};
use crate::html::{Node, el};

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let view = part.page.view;
    let style = ChartStyle {
        baseline: !view.no_baseline,
        read_outs: view.interactive,
        span: view.span.get(part.place).copied(),
        ..ChartStyle::default()
    };
    let figures: Vec<Node> = CHARTS
        .iter()
        .filter_map(|kind| {
            let chart = (kind.draw)(part.scenario, part.base, &style)?;
            let table = chart.table.under(part.place).render(view);
            let figure = el("figure")
                .class("chart-box")
                .attr("data-chart", kind.id)
                .maybe("tabindex", view.interactive.then_some("0"))
                .with(el("figcaption").with(el("h4").with(kind.title)).with(chart.legend))
                .with(chart.figure)
                .with(view.interactive.then(|| el("output").class("read-out")))
                .with(el("details").class("numbers").with(el("summary").with("Numbers")).with(table));
            Some(figure.into())
        })
        .collect();
    if figures.is_empty() {
        return Some(
            el("p").class("quiet").with("No request was measured, so there is nothing to draw.").into(),
        );
    }
    Some(el("div").class("charts").all(figures).into())
}
