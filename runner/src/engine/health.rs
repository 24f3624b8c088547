//! Whether the generator kept up.

use std::time::{Duration, Instant};

use super::pacer;

/// Time between two heartbeats.
const BEAT: Duration = Duration::from_millis(10);
/// A timer of the runtime is whole milliseconds and rounds up, so this much lateness is no stall.
const GRAIN: Duration = Duration::from_millis(2);

/// Beats while a worker runs; the longest time by which a beat came late is the worker's longest stall.
pub(crate) async fn heartbeat(longest: &std::cell::Cell<Duration>) {
    loop {
        let due = Instant::now() + BEAT;
        pacer::pause_until(due).await;
        let late = due.elapsed().saturating_sub(GRAIN);
        longest.set(longest.get().max(late));
    }
}

/// Processor time that this thread has used; zero where the system does not tell.
pub(crate) fn thread_cpu() -> Duration {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
    }
    #[cfg(not(unix))]
    Duration::ZERO
}

/// What the health of the workers is judged by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Vitals {
    /// Starts that found no free user.
    pub(crate) dropped: u64,
    /// All starts of open loads.
    pub(crate) starts: u64,
    /// 99th percentile of the lateness of starts.
    pub(crate) lateness_p99_ms: Option<f64>,
    /// Median latency.
    pub(crate) latency_p50_ms: Option<f64>,
    /// Largest share of a core that a worker used.
    pub(crate) busiest: f64,
    /// Time over which it was used.
    pub(crate) lasted: Duration,
    /// Workers.
    pub(crate) workers: usize,
}

/// Lateness that no figure is wrong by.
const LATE_MS: f64 = 5.0;
/// A worker that uses more of its core than this has no room left for what arrives.
const SATURATED: f64 = 0.95;
/// Below this, a share of a core says nothing.
const LONG_ENOUGH: Duration = Duration::from_secs(2);

/// Why the figures cannot be trusted, and what to change; `None` where they can.
pub(crate) fn problem(vitals: &Vitals) -> Option<String> {
    if vitals.dropped > 0 {
        return Some(format!(
            "{} of {} starts were dropped because all users were busy, so the offered load was not the one asked for; \
             raise `max_users` or lower the rate",
            vitals.dropped, vitals.starts
        ));
    }
    if let Some(late) = vitals.lateness_p99_ms
        && late > LATE_MS.max(vitals.latency_p50_ms.unwrap_or(0.0) * 0.2)
    {
        return Some(format!(
            "flows began up to {late:.1} ms late (p99), which is counted as latency; lower the rate or give the generator more cores"
        ));
    }
    if vitals.busiest > SATURATED && vitals.lasted >= LONG_ENOUGH {
        return Some(format!(
            "a thread of the generator used {:.0} % of its core, so the figures are those of the generator; use fewer users, \
             add think time, or give it more than {} cores",
            vitals.busiest * 100.0,
            vitals.workers
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_by_table() {
        let well = Vitals {
            starts: 100,
            lateness_p99_ms: Some(0.3),
            latency_p50_ms: Some(2.0),
            busiest: 0.5,
            lasted: Duration::from_secs(10),
            workers: 2,
            ..Vitals::default()
        };
        for (vitals, word) in [
            (well, None),
            (Vitals { dropped: 1, ..well }, Some("max_users")),
            (Vitals { lateness_p99_ms: Some(6.0), ..well }, Some("late")),
            (Vitals { lateness_p99_ms: Some(6.0), latency_p50_ms: Some(500.0), ..well }, None),
            (Vitals { busiest: 0.99, ..well }, Some("core")),
            (Vitals { busiest: 0.99, lasted: Duration::from_millis(500), ..well }, None),
        ] {
            let found = problem(&vitals);
            assert_eq!(found.is_some(), word.is_some(), "{vitals:?}: {found:?}");
            assert!(found.unwrap_or_default().contains(word.unwrap_or_default()), "{vitals:?}");
        }
    }
}
