//! What loadgate itself did: the load, whether it kept up, its rounds.

use super::Part;
use crate::figure::{Figure, Names};
use crate::html::{Node, el, nothing};
use crate::page::table::{count, quantity};
use crate::page::words::{cut, prose, seconds};
use crate::page::{Cell, Column, Table, facts};
use crate::quantity::Unit;

pub(super) fn render(part: &Part<'_>) -> Option<Node> {
    let scenario = part.scenario;
    let generator = &scenario.generator;
    let ms = |value: Option<f64>| value.map_or_else(nothing, |v| quantity(Some(v), Unit::Ms));
    let problem = generator.problem.as_deref().map(|text| el("p").class("problem").with(prose(text)));
    let about = facts(vec![
        ("Measured for", seconds(scenario.duration_s)),
        ("Began after", seconds(scenario.started_s)),
        ("Users at the peak", count(u64::from(scenario.users_peak))),
        ("Completed flows", count(scenario.iterations)),
        ("Released within", ms(generator.release_spread_ms)),
        ("Lateness p99", ms(generator.lateness_p99_ms)),
        ("Longest stall", ms(Some(generator.stall_max_ms))),
        ("Dropped starts", count(generator.dropped_starts)),
        ("Generator's processor", quantity(Some(generator.cpu_cores), Unit::Cores)),
    ]);
    Part::all(vec![Node::from(problem), about, Node::from(rounds(part))])
}

/// The rounds, each with its main figures.
fn rounds(part: &Part<'_>) -> Option<Node> {
    let rounds = &part.scenario.rounds;
    if rounds.is_empty() {
        return None;
    }
    let mut figures: Vec<&str> = rounds.iter().flat_map(|r| r.figures.keys().map(String::as_str)).collect();
    figures.sort_unstable();
    figures.dedup();
    let names = Names::from(part.scenario);
    let mut columns = vec![Column::text("round"), Column::text("purpose")];
    columns.extend(figures.iter().map(|figure| Column::number(cut(figure, 40))));
    let mut table = Table::new("rounds", "Rounds", columns);
    for (at, round) in rounds.iter().enumerate() {
        let mut cells = vec![Cell::text((at + 1).to_string()), Cell::text(cut(&round.purpose, 40))];
        cells.extend(figures.iter().map(|figure| {
            let unit = Figure::parse(figure, &names).map_or(Unit::Count, |f| f.unit());
            Cell::quantity(round.figures.get(*figure).copied(), unit)
        }));
        table.row(cells);
    }
    part.table(table)
}
