//! The conditions of a scenario with their margins.

use super::Part;
use crate::Verdict;
use crate::html::{Node, el, list};
use crate::model::{ConditionResult, Level};
use crate::page::words::{cut, labels, place, prose, verdict, warned};
use crate::page::{Cell, Column, Table};
use crate::quantity::{Quantity, Unit};

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let mut table = Table::new(
        "conditions",
        "Conditions",
        vec![
            Column::text("condition"),
            Column::text("verdict"),
            Column::number("value"),
            Column::number("limit"),
            Column::number("margin"),
            Column::number("samples"),
            Column::prose("what was seen"),
        ],
    );
    for condition in &part.scenario.conditions {
        table.marked_row(row_class(condition), row(condition));
    }
    part.table(table)
}

fn row_class(condition: &ConditionResult) -> &'static str {
    match (condition.verdict, condition.level) {
        (Verdict::Pass, _) => "pass",
        (_, Level::Warn) => "warn",
        (v, _) => v.as_str(),
    }
}

fn row(condition: &ConditionResult) -> Vec<Cell> {
    let mark = match (condition.verdict, condition.level) {
        (Verdict::Fail, Level::Warn) => warned(),
        (v, _) => verdict(v),
    };
    let only_warns = (condition.level == Level::Warn).then(|| el("span").class("label").with("warn only"));
    let rule = list([
        el("code").with(cut(&condition.text, 200)).into(),
        list(labels(condition.requirement.as_deref())),
        Node::from(only_warns),
        Node::from(condition.place.as_ref().map(|p| el("span").class("load quiet").with(place(p)))),
    ]);
    vec![
        Cell::node(rule, condition.text.as_str()),
        Cell::node(mark, condition.verdict.as_str()),
        Cell::quantity(condition.value, condition.unit),
        Cell::quantity(condition.limit, condition.unit),
        margin(condition),
        Cell::count(condition.samples),
        Cell::node(prose(&condition.message), condition.message.as_str()),
    ]
}

/// Distance to the limit, in per cent of the limit: to spare where the condition holds, beyond where it does not.
fn margin(condition: &ConditionResult) -> Cell {
    let distance = condition.value.zip(condition.limit).map(|(value, limit)| {
        let distance = (value - limit).abs();
        // Shares are compared in points: 2 % of errors against 1 % is one point too many, not 100 %.
        if condition.unit == Unit::Ratio || limit == 0.0 {
            (distance, condition.unit)
        } else {
            (distance / limit.abs(), Unit::Ratio)
        }
    });
    let Some((distance, unit)) = distance else { return Cell::empty() };
    let (words, sign, class) = match condition.verdict {
        Verdict::Pass => ("to spare", 1.0, "better"),
        Verdict::Fail => ("beyond", -1.0, "worse"),
        // What could not be judged has no margin.
        Verdict::Inconclusive | Verdict::Invalid => return Cell::empty(),
    };
    if distance == 0.0 {
        return Cell::drawn(el("span").class("quiet").with("none"), Some(0.0));
    }
    let points = if condition.unit == Unit::Ratio { " points" } else { "" };
    let amount = Quantity::new(distance, unit).to_string();
    let amount = if points.is_empty() { amount } else { amount.trim_end_matches(" %").to_owned() };
    Cell::drawn(
        el("span").class(format!("change {class}")).with(format!("{amount}{points} {words}")),
        Some(sign * distance),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_judged_has_a_margin() {
        for (verdict, value, expected) in [
            (Verdict::Pass, 100.0, "50 % to spare"),
            (Verdict::Fail, 300.0, "50 % beyond"),
            (Verdict::Fail, 200.0, "none"),
            (Verdict::Invalid, 300.0, ""),
            (Verdict::Invalid, 200.0, ""),
            (Verdict::Inconclusive, 300.0, ""),
        ] {
            let condition = ConditionResult {
                text: "latency.p95 < 200ms".into(),
                level: Level::Critical,
                verdict,
                figure: "latency.p95".into(),
                value: Some(value),
                limit: Some(200.0),
                unit: Unit::Ms,
                samples: 60,
                message: String::new(),
                requirement: None,
                place: None,
            };
            let cell = margin(&condition);
            assert_eq!(cell.shown.text(), expected, "{verdict:?} {value}");
            assert_eq!(cell == Cell::empty(), expected.is_empty(), "{verdict:?} {value}");
        }
    }
}
