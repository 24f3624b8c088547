//! How the figures went over the stored runs, and where their level changed.

use super::table::{Cell, Column, Table};
use super::words::{change, commit, cut};
use super::{Page, quantity};
use crate::chart::trend;
use crate::figure::{Figure, Names};
use crate::html::{Node, el, list};
use crate::model::{History, HistorySeries};

pub(super) fn render(page: &Page<'_>) -> Option<Node> {
    let history = page.report.history.as_ref()?;
    let found = |s: &&HistorySeries| page.view.finds([s.scenario.as_str(), s.figure.as_str()]);
    let (changed, steady): (Vec<_>, Vec<_>) =
        history.series.iter().filter(found).partition(|s| !s.changes.is_empty());
    let n = history.runs.len();
    let words = if changed.is_empty() {
        format!("{n} stored runs of this machine class; no figure changed its level.")
    } else {
        format!(
            "{n} stored runs of this machine class. A vertical line marks the run from which on a level changed."
        )
    };
    let changes = changes(page, history, &changed);
    let changes = if changes.rows.is_empty() { None } else { Some(page.show(&changes)) };
    let folded = (!steady.is_empty()).then(|| {
        let title = format!("{} figures without a change", steady.len());
        page.folded("trend-steady".to_owned(), title, || charts(page, &steady))
    });
    Some(list([
        el("p").class("quiet").with(words).into(),
        Node::from(changes),
        charts(page, &changed),
        Node::from(folded),
        page.folded("trend-all".to_owned(), "Numbers".to_owned(), || page.show(&numbers(page, history)))
            .class("numbers")
            .into(),
    ]))
}

fn charts(page: &Page<'_>, series: &[&HistorySeries]) -> Node {
    let figures = series.iter().filter_map(|s| {
        let now = now(page, s);
        let figure = trend(&s.values, &s.changes, now, s.unit)?;
        let caption = el("figcaption")
            .with(el("h3").with(page.link(&s.scenario)).with(" ").with(el("code").with(cut(&s.figure, 60))))
            .with(now.map(|v| quantity(Some(v), s.unit)));
        Some(el("figure").with(caption).with(figure))
    });
    el("div").class("trends").all(figures).into()
}

/// The figure in this run.
fn now(page: &Page<'_>, series: &HistorySeries) -> Option<f64> {
    if let Some(compared) = page.compared(&series.scenario, &series.figure) {
        return compared.now;
    }
    let scenario = page.report.scenario(&series.scenario)?;
    Figure::parse(&series.figure, &Names::from(scenario)).ok()?.read(scenario).value()
}

/// The changes of level, one a row.
fn changes(page: &Page<'_>, history: &History, series: &[&HistorySeries]) -> Table {
    let mut columns = vec![Column::text("scenario"), Column::text("figure"), Column::text("since")];
    columns.extend(["before", "after", "change"].map(Column::number));
    let mut table = Table::new("trend-changes", "Changes of level", columns);
    for series in series {
        for level in &series.changes {
            let run = history.runs.get(level.at);
            let since = run.map(|run| {
                list([
                    Node::from(run.commit.as_deref().map(|c| commit(page.report, c))),
                    el("span").class("load quiet").with(cut(&run.started_at, 40)).into(),
                ])
            });
            let class = if level.worse { "worse" } else { "better" };
            let shown = level.change.map(|by| el("span").class(format!("change {class}")).with(change(by)));
            table.marked_row(
                class,
                vec![
                    Cell::node(page.link(&series.scenario), series.scenario.as_str()),
                    Cell::node(el("code").with(cut(&series.figure, 80)), series.figure.as_str()),
                    Cell::node(Node::from(since), run.map(|run| run.started_at.as_str()).unwrap_or_default()),
                    Cell::quantity(Some(level.before), series.unit),
                    Cell::quantity(Some(level.after), series.unit),
                    Cell::drawn(Node::from(shown), level.change),
                ],
            );
        }
    }
    table
}

/// All values, one run a row.
fn numbers(page: &Page<'_>, history: &History) -> Table {
    let mut columns = vec![Column::text("run"), Column::text("commit")];
    columns.extend(
        history
            .series
            .iter()
            .map(|s| Column::number(format!("{} {}", cut(&s.scenario, 30), cut(&s.figure, 40)))),
    );
    let mut table = Table::new("trend-numbers", "Figures of the stored runs", columns);
    for (at, run) in history.runs.iter().enumerate() {
        let hash = run.commit.as_deref();
        let mut cells = vec![
            Cell::text(cut(&run.started_at, 40)),
            Cell::node(Node::from(hash.map(|c| commit(page.report, c))), hash.unwrap_or_default()),
        ];
        cells.extend(
            history.series.iter().map(|s| Cell::quantity(s.values.get(at).copied().flatten(), s.unit)),
        );
        table.row(cells);
    }
    table
}
