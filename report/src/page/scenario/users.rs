//! The users one by one. The slowest and those with failures stand out.

use super::Part;
use crate::html::{Node, el, list};
use crate::page::words::cut;
use crate::page::{Cell, Column, Table};
use crate::quantity::Unit;

/// Beyond this many users the table is folded.
const FOLD: usize = 12;

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let users = &part.scenario.users;
    let classes = users.iter().any(|u| u.class.is_some());
    let mut columns = vec![Column::text("user")];
    if classes {
        columns.push(Column::text("class"));
    }
    columns.extend(["ok", "refused", "failed", "mean", "fastest", "longest"].map(Column::number));
    let mut table = Table::new("users", "Users", columns);
    for user in users {
        let mut cells = vec![Cell::text(cut(&user.name, 80))];
        if classes {
            cells.push(user.class.as_deref().map_or_else(Cell::empty, |class| Cell::text(cut(class, 60))));
        }
        cells.extend([Cell::count(user.ok), Cell::count(user.refused), Cell::count(user.failed)]);
        cells.extend([user.mean_ms, user.min_ms, user.max_ms].map(|value| Cell::quantity(value, Unit::Ms)));
        table.marked_row(if user.failed > 0 { "fail" } else { "" }, cells);
    }
    let table = part.table(table)?;
    let left_out = (part.scenario.users_left_out > 0).then(|| {
        el("p").class("quiet").with(format!("{} more users are not listed.", part.scenario.users_left_out))
    });
    let content = list([table, Node::from(left_out)]);
    if users.len() <= FOLD {
        return Some(content);
    }
    Some(el("details").with(el("summary").with(format!("{} users", users.len()))).with(content).into())
}
