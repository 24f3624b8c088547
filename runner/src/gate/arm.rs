//! A running arm: the target of one revision, loaded scenario by scenario.

use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use loadgate_report::Verdict;
use loadgate_report::model::{FailureKind, Scenario, TargetInfo};
use minijinja::Value;

use super::{Context, Event};
use crate::engine::{self, Control, Progress, Settings};
use crate::monitor::{Observed, Watched, Watching};
use crate::output::Secrets;
use crate::suite::plan;
use crate::target::{self, Arm, Target, TargetError};

/// A dead target is left this long to its users, so that what they see of its death is measured; then the scenario ends.
const AFTER_DEATH: Duration = Duration::from_secs(1);
/// A target that listens takes a connection within this time, however busy it is.
const KNOCK: Duration = Duration::from_secs(5);
/// How often the target's process is looked at.
const WATCH: Duration = Duration::from_millis(100);

/// A target that answers, and what is needed to load it.
pub(super) struct RunningArm<'a> {
    pub(super) context: &'a Context<'a>,
    arm: Arm,
    target: Target,
    variables: Value,
}

impl<'a> RunningArm<'a> {
    /// Starts the service of an arm, or finds it at `url`.
    pub(super) async fn start(
        context: &'a Context<'a>,
        arm: Arm,
        url: Option<&str>,
        log: &Utf8Path,
    ) -> Result<Self, TargetError> {
        let plan = &context.plan.target;
        let variables = context.variables();
        let command = url.is_none().then_some(plan.start.as_ref()).flatten();
        context
            .observer
            .on(&Event::TargetStarting { arm: arm.name, command: command.map(|text| text.source()) });
        let target = Target::start(plan, &arm, url, &variables, log, context.control).await?;
        context.observer.on(&Event::TargetReady { arm: arm.name, url: target.url.as_str() });
        Ok(Self { context, arm, target, variables })
    }

    pub(super) fn info(&self) -> TargetInfo {
        TargetInfo {
            url: self.target.url.to_string(),
            command: self.target.command.clone(),
            ready_ms: self.target.ready_after.map(|time| time.as_secs_f64() * 1000.0),
            ..TargetInfo::default()
        }
    }

    /// `head` or `base`.
    pub(super) fn name(&self) -> &'static str {
        self.arm.name
    }

    fn is_under_test(&self) -> bool {
        self.arm.name == Arm::head().name
    }

    pub(super) async fn stop(mut self) {
        self.target.stop().await;
    }

    /// Runs the scenario of that number, watched. Its conditions are not judged here.
    pub(super) async fn scenario(&mut self, index: usize, round: u32) -> Scenario {
        let scenario = Arc::clone(&self.context.plan.scenarios[index]);
        let result = match &scenario.search {
            None => self.load(index, &scenario, &scenario.name, u64::from(round)).await,
            Some(search) => self.search(index, search, round).await,
        };
        match (round, self.is_under_test()) {
            (0, _) => {}
            (_, true) => self.context.later.saw(&result),
            (_, false) => self.context.later.saw_of_base(&result),
        }
        result
    }

    /// Makes the load of a scenario, watched. It is the one of that number, or a level of it, shown under `name`.
    pub(super) async fn load(
        &mut self,
        index: usize,
        scenario: &Arc<plan::Scenario>,
        name: &str,
        round: u64,
    ) -> Scenario {
        let plan = &self.context.plan;
        let progress = Progress::new();
        self.context.observer.on(&Event::ScenarioStarted {
            arm: self.arm.name,
            name,
            number: index + 1,
            of: plan.scenarios.len(),
            progress: &progress,
        });
        let port = self.target.port;
        let scope = target::scope(&self.arm, port, &self.variables);
        let settings = Settings {
            target: self.target.reach.clone(),
            seed: plan.seed,
            round,
            workers: 0,
            data: plan.data.clone(),
            values: target::values(&self.arm, port, &self.variables),
            secrets: Secrets::new(&plan.secrets),
            run_started: self.context.started,
        };
        // The scenario's own switch: the run's stops it, and so does the target's death.
        let control = Control::new();
        let mut watching = Watching::new(Watched {
            pid: self.target.pid(),
            probes: plan.target.probes.clone(),
            reach: self.target.reach.clone(),
            scope,
            settle: scenario.settle,
            control: control.clone(),
        });
        let run = tokio::task::spawn_blocking({
            let (scenario, control) = (Arc::clone(scenario), control.clone());
            move || {
                let outcome = engine::run(&scenario, &settings, &control, &progress, &mut watching);
                (outcome, watching.into_observed())
            }
        });
        let (mut result, observed) = match self.watch(run, &control).await {
            Ok((Ok(result), observed)) => (result, observed),
            Ok((Err(error), observed)) => (not_run(scenario, &error.to_string()), observed),
            Err(panic) => {
                let reason = format!("the engine broke down, which is an error in loadgate: {panic}");
                (not_run(scenario, &reason), Observed::default())
            }
        };
        observed.fill_series(&mut result.series);
        result.resources = observed.resources;
        result.probes = observed.probes;
        result
    }

    /// Waits for the engine, and stops it when the run is interrupted or the target has died.
    async fn watch<T>(
        &mut self,
        mut run: tokio::task::JoinHandle<T>,
        control: &Control,
    ) -> Result<T, tokio::task::JoinError> {
        let mut died_at: Option<Instant> = None;
        loop {
            tokio::select! {
                outcome = &mut run => return outcome,
                () = tokio::time::sleep(WATCH) => {}
            }
            if self.context.control.is_stopped() {
                control.stop("interrupted");
            }
            if died_at.is_none() && self.target.ended().is_some() {
                died_at = Some(Instant::now());
            }
            if died_at.is_some_and(|at| at.elapsed() >= AFTER_DEATH) {
                control.stop("the target ended");
            }
        }
    }

    /// How the target ended, if it did: seen at its process, or, where loadgate did not start it, by nobody listening
    /// any more after requests that found nobody.
    pub(super) async fn died(&mut self, result: &Scenario) -> Option<String> {
        let status = self.end(result).await?;
        if self.is_under_test() {
            self.context.later.died(&result.name, &status);
        }
        Some(status)
    }

    async fn end(&mut self, result: &Scenario) -> Option<String> {
        if let Some(status) = self.target.ended() {
            let lines = self.target.last_lines();
            let tail = if lines.is_empty() { String::new() } else { format!("; its last lines:\n{lines}") };
            return Some(format!("{status}{tail}"));
        }
        let unreachable = result.failed.get(&FailureKind::Connect).is_some_and(|n| *n > 0);
        if !unreachable {
            return None;
        }
        match engine::look::knock(&self.target.reach, KNOCK).await {
            Err(error) => Some(format!("nobody listens any more: {error}")),
            // A supervisor that starts it again hides the end of the process, and not that for a while nobody listened.
            Ok(()) if refused(result) => {
                Some("for a while nobody listened, and then somebody did again: it was restarted".to_owned())
            }
            Ok(()) => None,
        }
    }
}

/// Whether somebody knocked and the system itself said that nobody listens; a listener that is only slow never has it say so.
fn refused(result: &Scenario) -> bool {
    let connect = result.failures.iter().filter(|failure| failure.kind == FailureKind::Connect);
    connect.into_iter().any(|failure| failure.message.contains("refused"))
}

/// The entry of a scenario that measured nothing.
pub(super) fn not_run(scenario: &plan::Scenario, reason: &str) -> Scenario {
    Scenario {
        name: scenario.name.clone(),
        description: scenario.description.clone(),
        requirements: scenario.requirements.clone(),
        verdict: Verdict::Invalid,
        not_run: Some(reason.to_owned()),
        ..Scenario::default()
    }
}
