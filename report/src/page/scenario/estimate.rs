//! What the service sustains by Little's law, and what more users would need.

use super::Part;
use crate::html::{Node, el};
use crate::page::table::{count, quantity};
use crate::page::words::seconds;
use crate::page::{Cell, Column, Table, facts};
use crate::quantity::Unit;

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let known = part.scenario.estimate.as_ref()?;
    let about = facts(vec![
        ("Requests at once", quantity(Some(known.concurrency), Unit::Count)),
        ("Mean service time", quantity(Some(known.service_time_ms), Unit::Ms)),
        ("At full load", quantity(Some(known.at_full_load), Unit::PerSecond)),
        ("Counted", quantity(Some(known.measured), Unit::PerSecond)),
        ("Head-room", quantity(Some(known.headroom), Unit::Ratio)),
        ("Sustainable", quantity(Some(known.throughput), Unit::PerSecond)),
        ("One request each", seconds(known.request_every_s)),
        ("Users", quantity(Some(known.users), Unit::Count)),
    ]);
    let columns = ["users", "requests per second", "instances like this one"].map(Column::number);
    let mut table = Table::new("scaling", "What more users would need", columns.to_vec());
    for step in &known.steps {
        table.row(vec![
            Cell::quantity(Some(step.users), Unit::Count),
            Cell::quantity(Some(step.throughput), Unit::PerSecond),
            Cell::drawn(count(step.instances), Some(step.instances as f64)),
        ]);
    }
    let law = el("p").class("quiet").with(
        "Little's law: requests at once ÷ service time = requests per second. At the concurrency that was measured; more \
         instances help only as far as they share nothing that limits them.",
    );
    Part::all(vec![about, law.into(), Node::from(part.table(table))])
}
