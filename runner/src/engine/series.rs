//! Figures over time, in bounded memory.
//!
//! Intervals begin fine. When there are more than [`MOST`], neighbours are merged into coarser ones; a run of any length
//! keeps at most so many.

use std::time::Duration;

use loadgate_report::model::Series;

use super::spans::CoarseSpans;

/// Most intervals kept.
const MOST: usize = 600;
/// Fewest that the report should have, where the run is long enough.
const FEWEST: u64 = 20;
/// Length of the finest interval.
pub(super) const FINEST: Duration = Duration::from_millis(100);
/// Fewest samples for a 95th percentile.
const FOR_P95: u64 = 20;

/// The intervals of one worker.
#[derive(Clone, Debug)]
pub(crate) struct Intervals {
    /// Length of an interval, in units of [`FINEST`].
    width: u64,
    all: Vec<Interval>,
}

#[derive(Clone, Debug, Default)]
struct Interval {
    ok: u64,
    refused: u64,
    failed: u64,
    /// Users that began work less those that came to rest.
    users: i64,
    latency: CoarseSpans,
    max_us: u64,
}

/// What a request came to, for the series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Ok,
    Refused,
    Failed,
}

impl Default for Intervals {
    fn default() -> Self {
        Self { width: 1, all: Vec::new() }
    }
}

impl Interval {
    fn merge(&mut self, other: &Self) {
        self.ok += other.ok;
        self.refused += other.refused;
        self.failed += other.failed;
        self.users += other.users;
        self.latency.merge(&other.latency);
        self.max_us = self.max_us.max(other.max_us);
    }
}

impl Intervals {
    fn at(&mut self, since_release: Duration) -> &mut Interval {
        let tick = since_release.as_secs() * (1_000_000_000 / u64::from(FINEST.subsec_nanos()))
            + u64::from(since_release.subsec_nanos() / FINEST.subsec_nanos());
        loop {
            let index = (tick / self.width) as usize;
            if index < MOST {
                if index >= self.all.len() {
                    self.all.resize_with(index + 1, Interval::default);
                }
                return &mut self.all[index];
            }
            self.widen();
        }
    }

    /// Merges neighbours: 0.1 s → 0.2 → 1 → 2 → 10 …, so that the lengths stay round.
    fn widen(&mut self) {
        let factor = if self.width.to_string().starts_with('2') { 5 } else { 2 };
        self.coarsen(factor);
    }

    fn coarsen(&mut self, factor: u64) {
        let merged = self.all.chunks(factor as usize).map(|chunk| {
            let mut whole = Interval::default();
            chunk.iter().for_each(|part| whole.merge(part));
            whole
        });
        self.all = merged.collect();
        self.width *= factor;
    }

    /// Counts a request that ended; `latency_us` if it is to be in the histograms.
    pub(crate) fn ended(&mut self, since_release: Duration, came: Came, latency_us: Option<u64>) {
        let interval = self.at(since_release);
        match came {
            Came::Ok => interval.ok += 1,
            Came::Refused => interval.refused += 1,
            Came::Failed => interval.failed += 1,
        }
        if let Some(us) = latency_us {
            interval.latency.record(us);
            interval.max_us = interval.max_us.max(us);
        }
    }

    /// Counts users that begin work (positive) or come to rest (negative).
    pub(crate) fn users(&mut self, since_release: Duration, change: i64) {
        self.at(since_release).users += change;
    }

    /// Adds another worker's.
    pub(crate) fn merge(&mut self, mut other: Self) {
        while self.width < other.width {
            self.widen();
        }
        while other.width < self.width {
            other.widen();
        }
        if self.all.len() < other.all.len() {
            self.all.resize_with(other.all.len(), Interval::default);
        }
        for (own, other) in self.all.iter_mut().zip(&other.all) {
            own.merge(other);
        }
    }

    /// As the report has it: intervals of a second, finer where the run is short.
    pub(crate) fn report(mut self) -> Series {
        let length = self.all.len() as u64 * self.width;
        for target in [10, 5, 2] {
            if self.width < target && target.is_multiple_of(self.width) && length / target >= FEWEST {
                self.coarsen(target / self.width);
            }
        }
        let mut series = Series { interval_s: self.width as f64 * FINEST.as_secs_f64(), ..Series::default() };
        let mut users = 0;
        for interval in &self.all {
            users += interval.users;
            let samples = interval.latency.count();
            series.ok.push(interval.ok);
            series.refused.push(interval.refused);
            series.failed.push(interval.failed);
            series.users.push(u32::try_from(users.max(0)).unwrap_or(u32::MAX));
            series.p50_ms.push(interval.latency.quantile_ms(0.5));
            series.p95_ms.push((samples >= FOR_P95).then(|| interval.latency.quantile_ms(0.95)).flatten());
            series.max_ms.push((samples > 0).then_some(interval.max_us as f64 / 1000.0));
        }
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: u64, per_second: u64) -> Intervals {
        let mut intervals = Intervals::default();
        for n in 0..seconds * per_second {
            let at = Duration::from_nanos(n * 1_000_000_000 / per_second);
            intervals.ended(at, Came::Ok, Some(1000));
        }
        intervals
    }

    #[test]
    fn lengths_are_round_and_their_number_is_bounded() {
        for (seconds, interval_s, intervals) in [
            (1, 0.1, 10),
            (4, 0.2, 20),
            (10, 0.5, 20),
            (60, 1.0, 60),
            (90, 1.0, 90),
            (500, 1.0, 500),
            (1000, 2.0, 500),
            (5000, 10.0, 500),
        ] {
            let series = run(seconds, 10).report();
            assert_eq!((series.interval_s, series.ok.len()), (interval_s, intervals), "{seconds} s");
            assert_eq!(series.ok.iter().sum::<u64>(), seconds * 10, "none is lost");
        }
    }

    #[test]
    fn users_add_up_and_quantiles_need_samples() {
        let mut intervals = Intervals::default();
        intervals.users(Duration::ZERO, 3);
        intervals.users(Duration::from_millis(250), -1);
        intervals.ended(Duration::from_millis(250), Came::Failed, None);
        for us in 1..=20 {
            intervals.ended(Duration::from_millis(150), Came::Refused, Some(us));
        }
        let series = intervals.report();
        assert_eq!(series.users, [3, 3, 2]);
        assert_eq!(series.refused, [0, 20, 0]);
        assert_eq!(series.failed, [0, 0, 1]);
        assert_eq!(series.p95_ms, [None, Some(0.019), None]);
        assert_eq!(series.max_ms, [None, Some(0.020), None]);
    }

    #[test]
    fn workers_of_different_widths_merge() {
        let mut long = run(100, 10);
        let short = run(5, 10);
        long.merge(short.clone());
        let mut other = short;
        other.merge(run(100, 10));
        for series in [long.report(), other.report()] {
            assert_eq!(series.ok.iter().sum::<u64>(), 1050);
            assert_eq!(series.interval_s, 1.0);
            assert_eq!(series.ok[0], 20);
        }
    }
}
