//! The engine: executes a decided scenario and brings back what it showed.
//!
//! ```text
//! run ─ setup ─┬─ worker 0 ─┬─ user-1 ─ flow ─ request ─ client
//!              │  (thread)  └─ user-3 …            │
//!              └─ worker 1 ─── user-2 …        recorder (one per worker)
//!                                                  │
//!                                merge ◀───────────┘  → the report's scenario
//! ```
//!
//! Each worker is a thread with a runtime of its own; a user never leaves its worker. So nothing on the measured path
//! takes a lock or crosses a channel. Schedules are pure functions of time and count; [`pacer`] is the one place that
//! sleeps; random choices come from the seed alone ([`dice`]).

mod aside;
mod canary;
mod client;
mod control;
mod describe;
mod dice;
mod exchange;
mod flow;
mod gathering;
mod health;
mod hidden;
#[cfg(feature = "bench")]
pub mod hot_path;
pub mod look;
mod merge;
mod mix;
mod outcome;
mod pacer;
mod pool;
mod program;
mod progress;
mod recorder;
mod request;
mod schedule;
mod script;
mod seat;
mod series;
mod setup;
mod spans;
mod sse;
mod stream;
mod user;
mod watch;
mod websocket;
mod worker;

#[cfg(test)]
mod tests;

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use loadgate_report::model;
use minijinja::Value;

pub use self::client::{EndpointError, Proxies, Reach};
pub use self::control::Control;
pub use self::progress::{Progress, Snapshot};
pub use self::watch::Watch;

use self::canary::Canaries;
use self::dice::Dice;
use self::gathering::{Baton, Meetings};
use self::progress::Lane;
use self::recorder::Window;
use self::schedule::Schedule;
use self::seat::{Shared, SharedClass};
use self::worker::{Measured, Order};
use crate::output::Secrets;
use crate::suite::data::DataSet;
use crate::suite::plan::Scenario;
use crate::suite::scope::Scope;

/// What a scenario is run with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The target; paths of the suite go below its URL's path.
    pub target: Reach,
    /// Seed of every random choice.
    pub seed: u64,
    /// Which repetition of the scenario this is; each makes other choices.
    pub round: u64,
    /// Worker threads; 0 means one for each processor.
    pub workers: usize,
    /// The suite's data sets.
    pub data: Vec<Arc<DataSet>>,
    /// Values at the top level of every scope, such as `vars` and `port`.
    pub values: Vec<(String, Value)>,
    /// What no message may show.
    pub secrets: Secrets,
    /// When the whole run began; the scenario's start is told relative to it.
    pub run_started: Instant,
}

/// Why a scenario could not be run.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The target's address cannot be used.
    #[error(transparent)]
    Address(#[from] EndpointError),
    /// Setup failed.
    #[error("setup failed at `{step}`: {message}")]
    Setup {
        /// The step.
        step: String,
        /// What was seen.
        message: String,
    },
    /// It was stopped before the load began.
    #[error("stopped before the load began")]
    Stopped,
    /// A thread or its runtime could not be made.
    #[error("a worker could not be started: {0}")]
    Runtime(#[source] std::io::Error),
    /// The engine itself is wrong.
    #[error("a worker ended unexpectedly: {0}")]
    Panicked(String),
}

/// The load of a scenario in words, for the report.
pub fn describe(scenario: &Scenario) -> String {
    describe::scenario(scenario)
}

/// From the last worker's being ready to the release; time for all of them to begin waiting.
const RUN_UP: Duration = Duration::from_millis(2);

/// Runs a scenario: setup, load, teardown; `watch` looks on during the load. Blocks the calling thread until it is through or was stopped; in both cases what
/// was measured is returned ([`Control::is_stopped`] tells which).
///
/// # Errors
/// Nothing could be measured: see [`EngineError`].
pub fn run(
    scenario: &Arc<Scenario>,
    settings: &Settings,
    control: &Control,
    progress: &Progress,
    watch: &mut dyn Watch,
) -> Result<model::Scenario, EngineError> {
    raise_file_limit();
    let mut shared = Arc::new(share(scenario, settings));
    let scope = setup::run(&shared, &scenario.setup, settings, control)?;
    if control.is_stopped() {
        return Err(EngineError::Stopped);
    }
    if let Some(scope) = &scope {
        let shared = Arc::get_mut(&mut shared).expect("nobody else holds it yet");
        shared.scope = scope.clone();
    }
    let length = length(&shared);
    watch.begin();
    let measured = load(&shared, settings, control, progress, length);
    watch.end();
    let measured = measured?;
    let mut result = merge::scenario(&shared, measured, settings.run_started, length);
    if !scenario.teardown.is_empty() && !control.is_stopped() {
        match setup::tear_down(&shared, settings, control, scope) {
            Ok(failure) => result.failures.extend(failure),
            // What was measured before the stop is whole.
            Err(EngineError::Stopped) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(result)
}

fn share(scenario: &Arc<Scenario>, settings: &Settings) -> Shared {
    let dice = Dice::new(settings.seed, &scenario.name, settings.round);
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let workers = if settings.workers == 0 { cores() } else { settings.workers };
    // Each worker has a share of every pool of connections, and none of them is empty.
    let pools = scenario.classes.iter().filter_map(|class| class.connections.pool_size());
    let workers = pools.fold(workers, |workers, size| workers.min(size as usize)).max(1);
    let mut first_user = 0_u32;
    let classes = scenario.classes.iter().enumerate().map(|(index, class)| {
        let schedule = Schedule::new(&class.load, &dice.at("class", index as u64));
        let users = match &schedule {
            Schedule::Closed(closed) => closed.users(),
            Schedule::Open(open) => open.max_users().saturating_mul(workers as u32),
        };
        let shared = SharedClass::new(schedule, first_user, users);
        first_user = first_user.saturating_add(users);
        shared
    });
    let classes = classes.collect();
    let mut scope = Scope::default();
    for (name, value) in &settings.values {
        scope.set(name, value.clone());
    }
    scope.set("scenario", Value::from(&*scenario.name));
    scope.set("seed", Value::from(settings.seed));
    Shared {
        scenario: scenario.clone(),
        data: settings.data.clone(),
        scope,
        base_path: settings.target.url().path().to_owned(),
        meetings: Meetings::default(),
        baton: scenario.script.as_deref().map(Baton::new),
        canaries: Canaries::new(settings.seed),
        secrets: settings.secrets.clone(),
        dice,
        classes,
        workers,
        lanes: (0..workers).map(|_| Lane::default()).collect(),
    }
}

/// Time during which flows begin, where all classes know it.
fn length(shared: &Shared) -> Option<Duration> {
    let lengths = shared.classes.iter().map(|class| class.schedule.length());
    lengths.collect::<Option<Vec<_>>>()?.into_iter().max()
}

fn load(
    shared: &Arc<Shared>,
    settings: &Settings,
    control: &Control,
    progress: &Progress,
    length: Option<Duration>,
) -> Result<Vec<Measured>, EngineError> {
    let scenario = &shared.scenario;
    let to = length.map_or(Duration::MAX, |length| match scenario.ramp_down {
        Duration::ZERO => Duration::MAX,
        ramp_down => length.saturating_sub(ramp_down),
    });
    let window = Window { from: scenario.warm_up, to };
    let (ready, all_ready) = mpsc::channel();
    let mut workers = Vec::new();
    for number in 0..shared.workers {
        let (release, released) = mpsc::channel();
        let order = Order {
            number,
            shared: shared.clone(),
            reach: settings.target.clone(),
            base: client::Endpoint::resolve(&settings.target)?,
            window,
            control: control.clone(),
            ready: ready.clone(),
            release: released,
        };
        let thread = std::thread::Builder::new().name(format!("worker-{number}"));
        let handle = thread.spawn(move || worker::run(order)).map_err(EngineError::Runtime)?;
        workers.push((handle, release));
    }
    drop(ready);
    let all_are_ready = all_ready.iter().count() == workers.len();
    let released = Instant::now() + RUN_UP;
    if all_are_ready {
        let totals = shared.classes.iter().map(|class| class.schedule.total());
        progress.begin(released, shared.lanes.clone(), totals.sum(), length);
        for (_, release) in &workers {
            // A worker that is gone shows so when it is joined.
            let _ = release.send(released);
        }
    }
    let handles: Vec<_> = workers.into_iter().map(|(handle, _)| handle).collect();
    let mut measured = Vec::new();
    for handle in handles {
        match handle.join() {
            Ok(result) => measured.extend(result?),
            Err(panic) => return Err(EngineError::Panicked(panic_message(&*panic))),
        }
    }
    if measured.is_empty() { Err(EngineError::Stopped) } else { Ok(measured) }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

/// Each user has a connection of its own, so the usual soft limit of 1,024 open files is soon too low. A service inherits it;
/// it is to be raised before the first one starts, so that all of them have the same.
pub(crate) fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Where it cannot be raised, connections beyond it fail with a message that says so.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
