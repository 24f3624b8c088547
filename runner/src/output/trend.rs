//! A trend in words: where figures changed for good, and a line of bars for each.

use loadgate_report::quantity::Quantity;
use loadgate_report::trend::{Trend, TrendSeries};

use super::tables::{Column, Table, show_change};
use super::terminal::table;
use super::text::{cut, plain};

/// The changes found, then all series. `width` is the terminal's, in columns.
pub fn trend(trend: &Trend, width: u16) -> String {
    let runs = trend.series.iter().map(|s| s.points.len()).max().unwrap_or(0);
    let mut out = format!("suite {}: up to {runs} runs\n", plain(&trend.suite));
    let changes: Vec<String> = trend.series.iter().flat_map(changes).collect();
    if changes.is_empty() {
        out.push_str("\nno figure changed its level for good\n");
    } else {
        out.push('\n');
        changes.iter().for_each(|line| out.push_str(line));
    }
    let mut classes: Vec<&str> = Vec::new();
    for series in &trend.series {
        if !classes.contains(&series.class.as_str()) {
            classes.push(&series.class);
        }
    }
    for class in classes {
        out.push_str(&format!("\n{}\n", plain(class)));
        out.push_str(&table(&all(trend, class), width));
    }
    out
}

fn changes(series: &TrendSeries) -> Vec<String> {
    let show = |value| Quantity::new(value, series.unit);
    series
        .changes
        .iter()
        .map(|change| {
            let at = &series.points[change.at];
            let commit = at.commit.as_deref().map_or_else(|| "no commit known".to_owned(), |c| cut(c, 12));
            format!(
                "{} {}: {} {} → {} ({}) since {} ({}), p = {:.3}\n",
                plain(&series.scenario),
                plain(&series.figure),
                if change.worse { "worse" } else { "better" },
                show(change.before),
                show(change.after),
                show_change(change.change),
                plain(&at.started_at),
                plain(&commit),
                change.p
            )
        })
        .collect()
}

fn all(trend: &Trend, class: &str) -> Table {
    let column = |title: &str, right| Column { title: title.to_owned(), right };
    let columns = vec![
        column("scenario", false),
        column("figure", false),
        column("oldest → newest", false),
        column("runs", true),
        column("first", true),
        column("last", true),
    ];
    let rows = trend.series.iter().filter(|s| s.class == class && !s.points.is_empty()).map(|s| {
        let value = |point: Option<&loadgate_report::trend::TrendPoint>| {
            point.map_or_else(String::new, |p| Quantity::new(p.value, s.unit).to_string())
        };
        vec![
            s.scenario.clone(),
            s.figure.clone(),
            bars(s),
            s.points.len().to_string(),
            value(s.points.first()),
            value(s.points.last()),
        ]
    });
    Table { columns, rows: rows.collect() }
}

/// Most bars in a line: the newest runs.
const BARS: usize = 30;

/// A bar for each run, from the smallest to the largest value.
fn bars(series: &TrendSeries) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let newest = &series.points[series.points.len().saturating_sub(BARS)..];
    let values = || newest.iter().map(|p| p.value);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let height = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        HEIGHTS[(share * 7.0).round() as usize]
    };
    values().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgate_report::quantity::Unit;
    use loadgate_report::trend::{LevelChange, TrendPoint};

    #[test]
    fn a_change_names_its_commit_and_both_levels() {
        let point = |i: usize, value| TrendPoint {
            id: format!("r{i}"),
            started_at: format!("2025-01-{:02}T00:00:00Z", i + 1),
            commit: Some(format!("abc{i}")),
            value,
            samples: 60,
        };
        let points: Vec<_> = (0..10).map(|i| point(i, if i < 5 { 100.0 } else { 150.0 })).collect();
        let change =
            LevelChange { at: 5, before: 100.0, after: 150.0, change: Some(0.5), p: 0.0025, worse: true };
        let series = TrendSeries {
            class: "Z80".into(),
            scenario: "light".into(),
            figure: "latency.p50".into(),
            unit: Unit::Ms,
            points,
            changes: vec![change],
        };
        let text = trend(&Trend { suite: "chat".into(), series: vec![series] }, 120);
        assert!(
            text.contains(
                "light latency.p50: worse 100 ms → 150 ms (+50 %) since 2025-01-06T00:00:00Z (abc5)"
            ),
            "{text}"
        );
        assert!(text.contains("▁▁▁▁▁█████"), "{text}");
        assert!(super::trend(&Trend::default(), 120).contains("no figure changed"));
    }
}
