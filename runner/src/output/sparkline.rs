//! A curve as one line of text, which every place shows that shows text.

use loadgate_report::Report;
use loadgate_report::quantity::{Quantity, Unit};

use super::tables::{Column, Table};

/// Characters of one curve.
const WIDTH: usize = 30;
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Values over time, from nothing to the largest; `·` where there is none. Longer runs are drawn by the largest of each part.
pub fn sparkline(values: &[Option<f64>]) -> String {
    let largest = values.iter().flatten().copied().fold(0.0, f64::max);
    let parts = WIDTH.min(values.len());
    (0..parts)
        .map(|part| {
            let range = part * values.len() / parts..(part + 1) * values.len() / parts;
            let Some(value) = values[range].iter().flatten().copied().reduce(f64::max) else { return '·' };
            if largest <= 0.0 {
                return STEPS[0];
            }
            let step = (value / largest * STEPS.len() as f64).ceil() as usize;
            STEPS[step.clamp(1, STEPS.len()) - 1]
        })
        .collect()
}

/// Latency, throughput and memory over the time of each scenario; no rows where no scenario was long enough to have a course.
pub fn over_time(report: &Report) -> Table {
    let titles = ["scenario", "latency p50", "up to", "ok per second", "up to", "memory", "up to"];
    let columns = titles.iter().map(|title| Column { title: (*title).to_owned(), right: *title == "up to" });
    let rows = report.scenarios.iter().filter(|scenario| scenario.series.ok.len() >= 3).map(|scenario| {
        let series = &scenario.series;
        let rate: Vec<_> =
            series.ok.iter().map(|ok| Some(*ok as f64 / series.interval_s.max(f64::EPSILON))).collect();
        let mut row = vec![scenario.name.clone()];
        let curves = [(&series.p50_ms, Unit::Ms), (&rate, Unit::PerSecond), (&series.memory, Unit::Bytes)];
        for (values, unit) in curves {
            let largest = values.iter().flatten().copied().reduce(f64::max);
            row.push(sparkline(values));
            row.push(largest.map_or_else(String::new, |value| Quantity::new(value, unit).to_string()));
        }
        row
    });
    Table { columns: columns.collect(), rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use loadgate_report::model::{Scenario, Series};

    use super::*;

    #[test]
    fn curves_keep_their_shape() {
        let table: &[(&[Option<f64>], &str)] = &[
            (&[], ""),
            (&[None, Some(0.0)], "·▁"),
            (&[Some(1.0), Some(4.0), Some(8.0), None, Some(2.0)], "▁▄█·▂"),
        ];
        for (values, expected) in table {
            assert_eq!(sparkline(values), *expected, "{values:?}");
        }
        let mut long = vec![Some(1.0); 300];
        long[299] = Some(100.0);
        let drawn = sparkline(&long);
        assert_eq!((drawn.chars().count(), drawn.chars().last()), (WIDTH, Some('█')), "{drawn}");
    }

    #[test]
    fn scenarios_with_a_course_are_drawn() {
        let series =
            Series { interval_s: 0.5, ok: vec![1, 2, 3], p50_ms: vec![Some(2.0); 3], ..Series::default() };
        let short = Series { ok: vec![1], ..series.clone() };
        let scenario = |name: &str, series: &Series| Scenario {
            name: name.into(),
            series: series.clone(),
            ..Scenario::default()
        };
        let report = Report {
            scenarios: vec![scenario("long", &series), scenario("short", &short)],
            ..Report::default()
        };
        let table = over_time(&report);
        assert_eq!(table.rows, [["long", "███", "2 ms", "▃▆█", "6/s", "", ""]]);
    }
}
