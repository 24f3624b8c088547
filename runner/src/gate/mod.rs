//! The gate's run loop: target, scenarios, conditions, comparison, confirmation, report.

mod acceptance;
mod arm;
mod conditions;
mod environment;
mod gaps;
mod later;
mod leaks;
pub mod paired;
mod pass;
mod run;
mod search;

use std::sync::Arc;
use std::time::Instant;

use camino::Utf8PathBuf;
use loadgate_report::model;
use minijinja::Value;

pub use self::acceptance::AcceptanceError;
pub use self::environment::read as read_environment;
use self::later::Later;
pub use self::paired::Base;
pub use self::run::{GateError, noise, run};
use crate::engine::{Control, Progress};
use crate::suite::plan::Plan;

/// How a run is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Stored first; where it suspects a regression and the base can be built, paired decides.
    #[default]
    Auto,
    /// With earlier runs out of the baseline file.
    Stored,
    /// With the base revision on the same machine, side by side.
    Paired,
    /// Not at all: conditions alone decide.
    Off,
}

/// What a run needs beside its plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// Overrides the suite's target; the service is taken as already running.
    pub url: Option<String>,
    /// How to compare.
    pub mode: Mode,
    /// Directory of the baselines.
    pub baseline: Utf8PathBuf,
    /// Directory of the outputs.
    pub out: Utf8PathBuf,
    /// What to compare with in pairs, where that is asked for.
    pub base: Option<Base>,
    /// Whether to keep the rounds of a paired comparison, as `rounds.jsonl` in `out`.
    pub keep_rounds: bool,
    /// Directory in which base revisions are checked out and built, each by its commit.
    pub base_cache: Utf8PathBuf,
}

/// What happens while a run goes on. Control only: no measurement travels this way.
#[derive(Debug)]
pub enum Event<'a> {
    /// The service is being started or looked for.
    TargetStarting {
        /// `head` or `base`.
        arm: &'a str,
        /// The command, or `None` where it should be running already.
        command: Option<&'a str>,
    },
    /// A revision is being built.
    Building {
        /// `head` or `base`.
        arm: &'a str,
        /// Its commit.
        commit: &'a str,
    },
    /// A round of paired mode begins.
    Round {
        /// Its number, from 1.
        number: u32,
        /// What it is for.
        purpose: &'a str,
    },
    /// The service answered.
    TargetReady {
        /// `head` or `base`.
        arm: &'a str,
        /// Its base URL.
        url: &'a str,
    },
    /// A scenario begins.
    ScenarioStarted {
        /// The side that it runs against: `head`, or `base` in paired mode.
        arm: &'a str,
        /// Its name.
        name: &'a str,
        /// Its number, from 1.
        number: usize,
        /// Number of scenarios.
        of: usize,
        /// Live counters.
        progress: &'a Progress,
    },
    /// A level of a capacity search ended.
    LevelEnded {
        /// What came of it.
        level: &'a model::SearchLevel,
        /// The level with what it counts.
        words: &'a str,
    },
    /// A scenario ended; its conditions have been judged.
    ScenarioEnded(&'a model::Scenario),
    /// Fresh rounds begin, because something looks worse.
    Confirming {
        /// What is suspected.
        suspects: &'a [String],
        /// Number of this round, from 1.
        round: u32,
        /// Most rounds.
        of: u32,
    },
}

/// Receives what happens. Outputs implement it.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on(&self, event: &Event<'_>);
}

/// What all passes of a run share.
#[derive(Clone)]
struct Context<'a> {
    plan: Arc<Plan>,
    options: &'a Options,
    control: &'a Control,
    observer: &'a dyn Observer,
    started: Instant,
    later: &'a Later,
}

impl<'a> Context<'a> {
    /// The same run with another plan.
    fn with_plan(&self, plan: Arc<Plan>) -> Self {
        Self { plan, ..self.clone() }
    }

    /// The suite's variables as texts see them.
    fn variables(&self) -> Value {
        self.plan.vars.clone()
    }
}

/// Observes nothing.
impl Observer for () {
    fn on(&self, _: &Event<'_>) {}
}
