//! A trend in the form that a report carries: each run is named once, not once for each of its figures.

use super::{LevelChange, Trend, TrendSeries};
use crate::model::{History, HistoryRun, HistorySeries};

impl Trend {
    /// The history of one machine class; `None` with fewer than two runs, which show no trend.
    pub fn history(&self, class: &str) -> Option<History> {
        let of_class: Vec<&TrendSeries> = self.series.iter().filter(|s| s.class == class).collect();
        let mut runs: Vec<HistoryRun> = Vec::new();
        for point in of_class.iter().flat_map(|s| &s.points) {
            if !runs.iter().any(|run| run.id == point.id) {
                let (id, started_at, commit) =
                    (point.id.clone(), point.started_at.clone(), point.commit.clone());
                runs.push(HistoryRun { id, started_at, commit });
            }
        }
        runs.sort_by(|a, b| a.started_at.cmp(&b.started_at));
        if runs.len() < 2 {
            return None;
        }
        let series = of_class.into_iter().map(|series| one(series, &runs)).collect();
        Some(History { runs, series })
    }
}

fn one(series: &TrendSeries, runs: &[HistoryRun]) -> HistorySeries {
    let at = |id: &str| runs.iter().position(|run| run.id == id);
    let mut values = vec![None; runs.len()];
    for point in &series.points {
        if let Some(run) = at(&point.id) {
            values[run] = Some(point.value);
        }
    }
    // A series may lack runs, so its places are not those of the runs.
    let moved = |change: &LevelChange| {
        Some(LevelChange { at: at(&series.points.get(change.at)?.id)?, ..change.clone() })
    };
    HistorySeries {
        scenario: series.scenario.clone(),
        figure: series.figure.clone(),
        unit: series.unit,
        values,
        changes: series.changes.iter().filter_map(moved).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::TrendPoint;
    use super::*;
    use crate::quantity::Unit;

    fn series(figure: &str, runs: &[usize], changed_at: Option<usize>) -> TrendSeries {
        let point = |run: &usize| TrendPoint {
            id: format!("r{run}"),
            started_at: format!("2026-01-{:02}T00:00:00Z", run + 1),
            commit: None,
            value: *run as f64,
            samples: 1,
        };
        let change =
            |at| LevelChange { at, before: 1.0, after: 2.0, change: Some(1.0), p: 0.01, worse: true };
        TrendSeries {
            class: "here".to_owned(),
            scenario: "s".to_owned(),
            figure: figure.to_owned(),
            unit: Unit::Ms,
            points: runs.iter().map(point).collect(),
            changes: changed_at.map(change).into_iter().collect(),
        }
    }

    #[test]
    fn a_figure_that_some_runs_lack_keeps_its_places() {
        let all = [series("latency.p50", &[0, 1, 2, 3], None), series("hit.rate", &[1, 3], Some(1))];
        let history = Trend { suite: "chat".to_owned(), series: all.to_vec() }.history("here").unwrap();
        assert_eq!(history.runs.len(), 4);
        assert_eq!(history.series[1].values, [None, Some(1.0), None, Some(3.0)]);
        assert_eq!(history.series[1].changes[0].at, 3);
    }

    #[test]
    fn one_run_is_no_trend() {
        let trend = Trend { suite: "chat".to_owned(), series: vec![series("latency.p50", &[0], None)] };
        assert_eq!(trend.history("here"), None);
        assert_eq!(trend.history("elsewhere"), None);
    }
}
