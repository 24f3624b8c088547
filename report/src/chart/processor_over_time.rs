//! Processor use of the target over the run, and what is shared with its memory.

use super::axis::Axis;
use super::backend::Ink;
use super::frame::{Frame, Key, legend};
use super::requests_over_time::{Span, at, phases, spans};
use super::{Before, Chart, ChartStyle};
use crate::model::Scenario;
use crate::page::{Cell, Column, Table};
use crate::quantity::{Quantity, Unit};

/// What the target used of something, reading by reading.
pub(super) struct Use<'a> {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) unit: Unit,
    pub(super) values: &'a [Option<f64>],
    /// What it was before, and of what kind.
    pub(super) before: Option<(&'static str, f64)>,
}

pub(super) fn draw(scenario: &Scenario, before: &Before<'_>, style: &ChartStyle) -> Option<Chart> {
    // Processor time is compared as a whole; the level of the same time spread over this run is the line.
    // In pairs it is the time of a slot, which says nothing over the length of this run.
    let is_stored = before.figures.iter().any(|f| f.figure == "cpu.time" && f.runs > 0);
    let level = before.figure("cpu.time").filter(|_| is_stored && scenario.duration_s > 0.0);
    let shown = Use {
        id: "processor",
        title: "Processor of the target over time",
        name: "processor",
        about: "Processor use of the target over time; the same numbers are in the table below.",
        unit: Unit::Cores,
        values: &scenario.series.cpu,
        before: level.map(|ms| ("mean", ms / 1000.0 / scenario.duration_s)),
    };
    draw_use(scenario, &shown, style)
}

/// Draws what was used, the most of each interval.
pub(super) fn draw_use(scenario: &Scenario, shown: &Use<'_>, style: &ChartStyle) -> Option<Chart> {
    if shown.values.iter().flatten().count() < 3 {
        return None;
    }
    let spans = spans(&scenario.series, style);
    if spans.len() < 2 {
        return None;
    }
    let (first, last) = (spans.first()?, spans.last()?);
    let most = |span: &Span| shown.values.get(span.rows.clone())?.iter().flatten().copied().reduce(f64::max);
    let values: Vec<Option<f64>> = spans.iter().map(most).collect();
    let top = values.iter().flatten().copied().reduce(f64::max)?;
    let before = shown.before.filter(|(_, value)| *value < top * 4.0);
    let frame = Frame {
        about: shown.about.to_owned(),
        x: Axis::time(first.from, last.to),
        y: Axis::linear(before.map_or(0.0, |b| b.1).max(top).max(f64::MIN_POSITIVE), shown.unit, 4),
        style,
    };
    let middle = |span: &Span| (span.from + span.to) / 2.0;
    let figure = frame.draw(&mut |plot| {
        phases(plot, &scenario.phases, (first.from, last.to), top)?;
        plot.level(before.map(|b| b.1), (first.from, last.to))?;
        let points: Vec<Option<(f64, f64)>> =
            spans.iter().zip(&values).map(|(span, value)| value.map(|v| (middle(span), v))).collect();
        for run in points.split(Option::is_none) {
            let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
            match run[..] {
                [] => {}
                [only] => plot.dot(only, Ink::Now)?,
                _ => plot.line(run, Ink::Now, 18)?,
            }
        }
        for (span, value) in spans.iter().zip(&values) {
            let told = value.map_or_else(|| "n/a".to_owned(), |v| Quantity::new(v, shown.unit).to_string());
            plot.read_out_seconds(span.from, span.to, format!("{} · {told}", at(span)));
        }
        Ok(())
    });
    let columns = ["time", shown.name].map(Column::number).to_vec();
    let mut table = Table::new(shown.id, shown.title, columns);
    for (span, value) in spans.iter().zip(&values) {
        table.row(vec![Cell::derived(span.from * 1000.0, Unit::Ms), Cell::quantity(*value, shown.unit)]);
    }
    let mut keys = vec![Key { class: "now", text: shown.name.to_owned() }];
    if let Some((kind, value)) = before {
        keys.push(Key {
            class: "base",
            text: format!("baseline {kind} {}", Quantity::new(value, shown.unit)),
        });
    }
    Some(Chart { figure, legend: legend(&keys).into(), table })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChangeOutcome, ComparedFigure, Series};

    #[test]
    fn the_time_of_a_slot_is_no_level_of_a_run() {
        let series =
            Series { interval_s: 1.0, ok: vec![1; 10], cpu: vec![Some(0.5); 10], ..Series::default() };
        let scenario = Scenario { duration_s: 10.0, series, ..Scenario::default() };
        for (runs, expected) in [(12, Some("baseline mean 0.4 cores")), (0, None)] {
            let time = ComparedFigure {
                scenario: String::new(),
                figure: "cpu.time".into(),
                unit: Unit::Ms,
                gated: false,
                now: Some(5000.0),
                fresh: None,
                before: Some(4000.0),
                change: None,
                interval: None,
                noise: None,
                tolerance: 0.0,
                floor: 0.0,
                limit: None,
                detectable: None,
                samples: 1,
                runs,
                rounds: 1,
                round_changes: Vec::new(),
                outcome: ChangeOutcome::NotJudged,
                note: None,
            };
            let before = Before { curve: None, figures: vec![&time] };
            let legend = draw(&scenario, &before, &ChartStyle::default()).unwrap().legend.text();
            assert_eq!(legend.contains("baseline"), expected.is_some(), "{runs} runs: {legend}");
            assert!(expected.is_none_or(|words| legend.contains(words)), "{runs} runs: {legend}");
        }
    }
}
