//! What is read from outside while a scenario runs: the target's process tree and the suite's probes.

mod probe;
mod process_tree;
mod slope;
mod watching;

use std::sync::Arc;
use std::time::{Duration, Instant};

use loadgate_report::model::{self, Resources, Series};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::probe::ProbeReader;
use self::process_tree::{ProcessTree, Usage};
pub use self::watching::{Watched, Watching};
use crate::engine::{Control, Reach};
use crate::suite::plan;
use crate::suite::scope::Scope;

/// Time between two looks at the process tree: fine enough for a peak of a few hundred milliseconds, and 0.1 % of a core.
const INTERVAL: Duration = Duration::from_millis(200);

/// Time for the last readings of all probes of a scenario that was stopped: somebody waits for the end of the run.
const LAST_READINGS: Duration = Duration::from_secs(1);

/// Watches during one load.
#[derive(Debug)]
pub struct Monitor {
    started: Instant,
    before: Option<Usage>,
    tree: JoinHandle<(Option<ProcessTree>, Vec<(Duration, Usage)>)>,
    probes: Vec<JoinHandle<ProbeReader>>,
    /// Ends the watching, also where the monitor is given up.
    done: DropGuard,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Observed {
    /// Memory, CPU and I/O of the process tree, where there is one to watch.
    pub resources: Option<Resources>,
    /// The suite's probes.
    pub probes: Vec<model::Probe>,
    /// Samples of the process tree with their time after the start.
    samples: Vec<(Duration, Usage)>,
}

impl Monitor {
    /// Takes the values before the load, unless the scenario is stopped, and goes on watching.
    pub async fn start(
        pid: Option<u32>,
        probes: &[Arc<plan::Probe>],
        reach: &Reach,
        scope: &Scope,
        control: &Control,
    ) -> Self {
        let mut readers = Vec::new();
        for probe in probes {
            let mut reader = ProbeReader::new(Arc::clone(probe), reach.clone(), scope.clone());
            tokio::select! {
                () = reader.read_before() => {}
                () = control.stopped() => {}
            }
            readers.push(reader);
        }
        let mut tree = pid.and_then(ProcessTree::new);
        let before = tree.as_mut().and_then(ProcessTree::usage);
        let done = CancellationToken::new();
        let started = Instant::now();
        let tree = tokio::task::spawn_blocking({
            let done = done.clone();
            move || {
                let mut samples = Vec::new();
                while let Some(tree) = &mut tree
                    && !done.is_cancelled()
                {
                    samples.extend(tree.usage().map(|usage| (started.elapsed(), usage)));
                    // A day at five a second would be 400,000 samples; thin them out, the newest half stays fine.
                    if samples.len() > 20_000 {
                        let mut keep = false;
                        samples.retain(|_| {
                            keep = !keep;
                            keep
                        });
                    }
                    std::thread::sleep(INTERVAL);
                }
                (tree, samples)
            }
        });
        let probes = readers.into_iter().map(|reader| tokio::spawn(reader.watch(done.clone()))).collect();
        Self { started, before, tree, probes, done: done.drop_guard() }
    }

    /// Waits for the target to come to rest, takes the values after it, and sums up. Does not wait once the scenario is stopped; then
    /// probes that do not answer soon are left out.
    pub async fn finish(self, settle: Duration, control: &Control) -> Observed {
        let busy = self.started.elapsed();
        tokio::select! {
            () = control.stopped() => {}
            () = tokio::time::sleep(settle) => {}
        }
        drop(self.done);
        let patience = async {
            control.stopped().await;
            tokio::time::sleep(LAST_READINGS).await;
        };
        tokio::pin!(patience);
        let mut probes = Vec::new();
        for task in self.probes {
            let last_reading = async {
                let mut reader = task.await?;
                reader.read_after().await;
                Ok::<_, JoinError>(reader.into_model())
            };
            tokio::select! {
                // A probe that panicked has no values, which makes its conditions invalid.
                read = last_reading => probes.extend(read),
                () = &mut patience => break,
            }
        }
        let Ok((tree, samples)) = self.tree.await else { return Observed { probes, ..Observed::default() } };
        let after = tree.and_then(|mut tree| tree.usage());
        let resources = match (self.before, after.or(samples.last().map(|(_, usage)| *usage))) {
            (Some(before), Some(after)) => Some(summary(before, after, &samples, busy)),
            _ => None,
        };
        Observed { resources, probes, samples }
    }
}

impl Observed {
    /// Fills the memory and CPU columns of a series that began with the watching.
    pub fn fill_series(&self, series: &mut Series) {
        if self.samples.is_empty() || series.interval_s <= 0.0 {
            return;
        }
        let intervals = series.ok.len();
        series.memory = vec![None; intervals];
        series.cpu = vec![None; intervals];
        let index = |at: Duration| (at.as_secs_f64() / series.interval_s) as usize;
        for (at, usage) in &self.samples {
            if let Some(slot) = series.memory.get_mut(index(*at)) {
                *slot = Some(slot.unwrap_or(0.0).max(usage.memory));
            }
        }
        let mut used = vec![(0.0, 0.0); intervals];
        for pair in self.samples.windows(2) {
            let [(from, a), (to, b)] = pair else { continue };
            if let Some((cpu, time)) = used.get_mut(index(*to)) {
                *cpu += (b.cpu_s - a.cpu_s).max(0.0);
                *time += (*to - *from).as_secs_f64();
            }
        }
        for (slot, (cpu, time)) in series.cpu.iter_mut().zip(used) {
            *slot = (time > 0.0).then(|| cpu / time);
        }
    }
}

fn summary(before: Usage, after: Usage, samples: &[(Duration, Usage)], busy: Duration) -> Resources {
    let all = || samples.iter().map(|(_, usage)| *usage).chain([before, after]);
    let memory: Vec<(f64, f64)> = samples
        .iter()
        .filter(|(at, _)| *at <= busy)
        .map(|(at, usage)| (at.as_secs_f64(), usage.memory))
        .collect();
    let cpu_s = (after.cpu_s - before.cpu_s).max(0.0);
    let difference = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| (a - b).max(0.0));
    Resources {
        memory_before: before.memory,
        memory_peak: all().map(|usage| usage.memory).fold(0.0, f64::max),
        memory_after: after.memory,
        memory_growth: after.memory - before.memory,
        memory_slope: slope::theil_sen(&memory),
        cpu_s,
        cpu_cores: cores(before, after, samples, busy),
        read_bytes: difference(after.read_bytes, before.read_bytes),
        written_bytes: difference(after.written_bytes, before.written_bytes),
        open_files_peak: all().filter_map(|usage| usage.open_files).max(),
    }
}

/// Mean use of the processor under the load: what the service does once it has rested is none of it. So it is taken from the
/// last sample under the load, where that has seen most of it.
fn cores(before: Usage, after: Usage, samples: &[(Duration, Usage)], busy: Duration) -> f64 {
    let last = samples.iter().rfind(|(at, _)| *at <= busy).filter(|(at, _)| *at >= busy / 2);
    let (time, usage) = last.map_or((busy, after), |(at, usage)| (*at, *usage));
    let used = (usage.cpu_s - before.cpu_s).max(0.0);
    if time.is_zero() { 0.0 } else { used / time.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_use_of_the_processor_is_that_under_the_load() {
        let usage = |cpu_s: f64| Usage { cpu_s, ..Usage::default() };
        let sample = |ms: u64, cpu_s: f64| (Duration::from_millis(ms), usage(cpu_s));
        let (before, after) = (usage(10.0), usage(13.0));
        // One core under a load of a second, and then another two seconds' worth of work.
        let settling =
            [sample(0, 10.0), sample(400, 10.4), sample(800, 10.8), sample(1200, 11.4), sample(2000, 13.0)];
        for (samples, busy_ms, expected) in [
            (&settling[..], 1000, 1.0),
            (&settling[..], 800, 1.0),
            // No sample has seen most of the load: all there is, over all the load.
            (&settling[..1], 1000, 3.0),
            (&settling[..2], 1000, 3.0),
            (&[], 1000, 3.0),
            (&settling[..], 0, 0.0),
        ] {
            let busy = Duration::from_millis(busy_ms);
            let summed_up = summary(before, after, samples, busy);
            assert!((summed_up.cpu_cores - expected).abs() < 1e-9, "{busy_ms}: {}", summed_up.cpu_cores);
            assert!((summed_up.cpu_s - 3.0).abs() < 1e-9, "the processor time is all of it");
        }
    }
}
