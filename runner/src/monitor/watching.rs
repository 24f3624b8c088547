//! The monitor of one scenario, begun and ended by the engine.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::{Monitor, Observed};
use crate::engine::{Control, Reach, Watch};
use crate::suite::plan::Probe;
use crate::suite::scope::Scope;

/// What is watched during a scenario.
#[derive(Debug)]
pub struct Watched {
    /// The root of the target's process tree, where loadgate started it.
    pub pid: Option<u32>,
    /// The suite's probes.
    pub probes: Vec<Arc<Probe>>,
    /// The target.
    pub reach: Reach,
    /// What the probes' texts see.
    pub scope: Scope,
    /// Time for the target to come to rest before the last look.
    pub settle: Duration,
    /// The scenario's control: one that was stopped does not wait for the target's rest.
    pub control: Control,
}

/// The watching, and what was seen.
#[derive(Debug)]
pub struct Watching {
    watched: Watched,
    /// Where the monitor's tasks run; not the thread that calls.
    runtime: Handle,
    monitor: Option<Monitor>,
    observed: Observed,
}

impl Watching {
    /// Ready to watch. To be made within a runtime, on which its tasks will run.
    pub fn new(watched: Watched) -> Self {
        Self { watched, runtime: Handle::current(), monitor: None, observed: Observed::default() }
    }

    /// What was seen; nothing where the load never began.
    pub fn into_observed(self) -> Observed {
        self.observed
    }
}

impl Watch for Watching {
    fn begin(&mut self) {
        let Watched { pid, probes, reach, scope, control, .. } = &self.watched;
        self.monitor = Some(self.runtime.block_on(Monitor::start(*pid, probes, reach, scope, control)));
    }

    fn end(&mut self) {
        if let Some(monitor) = self.monitor.take() {
            let Watched { settle, control, .. } = &self.watched;
            self.observed = self.runtime.block_on(monitor.finish(*settle, control));
        }
    }
}
