//! Examples of failed requests, cross-talk first.

use super::Part;
use crate::html::{Node, el, list};
use crate::model::FailureKind;
use crate::page::words::{cut, prose, seconds};
use crate::page::{Cell, Column, Table};

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let mut table = Table::new(
        "failures",
        "Examples of failures",
        vec![
            Column::text("kind"),
            Column::text("step"),
            Column::text("user"),
            Column::number("at"),
            Column::prose("what was seen"),
        ],
    );
    let mut samples: Vec<_> = part.scenario.failures.iter().collect();
    // Where the reader looks at a span of the run, its failures are the ones that matter.
    if let Some((from, to)) = part.page.view.span.get(part.place) {
        samples.retain(|f| (*from..=*to).contains(&f.at_s));
    }
    samples.sort_by_key(|f| f.kind != FailureKind::CrossTalk);
    for failure in samples {
        let foreign = failure.foreign_user.as_deref().map(|user| {
            el("span").class("load").with("holds text of ").with(el("bdi").with(el("b").with(cut(user, 60))))
        });
        table.row(vec![
            Cell::text(failure.kind.as_str()),
            Cell::text(cut(&failure.step, 60)),
            Cell::text(cut(&failure.user, 60)),
            Cell::drawn(seconds(failure.at_s), Some(failure.at_s)),
            Cell::node(list([prose(&failure.message), Node::from(foreign)]), failure.message.as_str()),
        ]);
    }
    part.table(table)
}
