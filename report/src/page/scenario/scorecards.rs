//! The scorecards of a scenario, each with its conditions and what they earned.

use super::Part;
use crate::html::{Node, el, list};
use crate::model::Scorecard;
use crate::page::table::quantity;
use crate::page::words::{cut, prose, verdict};
use crate::page::{Cell, Column, Table};
use crate::quantity::Unit;

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let cards = part.scenario.scorecards.iter().enumerate();
    Part::all(cards.filter_map(|(number, card)| one(part, number, card)).collect())
}

fn one(part: &Part<'_>, number: usize, card: &Scorecard) -> Option<Node> {
    let points = |points: f64| quantity(Some(points), Unit::Count);
    let open = (card.unjudged > 0.0)
        .then(|| list([", ".into(), points(card.unjudged), " could not be judged".into()]));
    let head = el("p")
        .with(el("b").with(el("bdi").with(cut(&card.name, 80))))
        .with(" ")
        .with(points(card.points))
        .with(" of ")
        .with(points(card.total))
        .with(" points; needed are ")
        .with(points(card.pass))
        .with(open);
    let mut columns = vec![Column::text("condition"), Column::text("verdict")];
    columns.extend(["points", "earned", "value", "limit"].map(Column::number));
    columns.push(Column::prose("what was seen"));
    // Numbered, since names of cards may be alike once they are made fit for addresses.
    let mut table = Table::new(
        format!("scorecard-{}", number + 1),
        format!("Scorecard {}", cut(&card.name, 80)),
        columns,
    );
    for row in &card.rows {
        table.marked_row(
            row.verdict.as_str(),
            vec![
                Cell::node(Node::from(el("code").with(cut(&row.text, 200))), row.text.as_str()),
                Cell::node(verdict(row.verdict), row.verdict.as_str()),
                Cell::quantity(Some(row.points), Unit::Count),
                Cell::quantity(Some(row.earned), Unit::Count),
                Cell::quantity(row.value, row.unit),
                Cell::quantity(row.limit, row.unit),
                Cell::node(prose(&row.message), row.message.as_str()),
            ],
        );
    }
    Some(list([head.into(), Node::from(part.table(table))]))
}
