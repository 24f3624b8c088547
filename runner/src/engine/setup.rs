//! Steps before and after the load, run by one user and not measured.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use loadgate_report::model::FailureSample;
use tokio::runtime::{Builder, LocalOptions};

use super::client::{Endpoint, Endpoints};
use super::control::Control;
use super::flow::End;
use super::hidden::Hidden;
use super::program::{FlowProgram, largest_id};
use super::recorder::{FailureRecord, Recorder, Window};
use super::seat::{Seat, Shared};
use super::user::{SETUP, User};
use super::{EngineError, Settings};
use crate::suite::plan::Step;
use crate::suite::scope::Scope;

/// Runs the setup; the scope that it leaves, `None` where there is none.
pub(crate) fn run(
    shared: &Arc<Shared>,
    steps: &[Step],
    settings: &Settings,
    control: &Control,
) -> Result<Option<Scope>, EngineError> {
    if steps.is_empty() {
        return Ok(None);
    }
    let (end, scope, failure) = steps_once(shared, steps, settings, control, shared.scope.clone())?;
    let failure = failure.map(|record| (step_name(shared, record.step), record.failure.message));
    match (end, failure) {
        (End::Done, _) => Ok(Some(scope)),
        (_, Some((step, message))) => Err(EngineError::Setup { step, message }),
        (_, None) => Err(EngineError::Setup {
            step: "setup".to_owned(),
            message: "it was refused by the target".to_owned(),
        }),
    }
}

/// Runs the teardown with what the setup has captured; what failed in it.
pub(crate) fn tear_down(
    shared: &Arc<Shared>,
    settings: &Settings,
    control: &Control,
    scope: Option<Scope>,
) -> Result<Option<FailureSample>, EngineError> {
    let begun = Instant::now();
    let scope = scope.unwrap_or_else(|| shared.scope.clone());
    let (_, _, failure) = steps_once(shared, &shared.scenario.teardown, settings, control, scope)?;
    Ok(failure.map(|record| FailureSample {
        kind: record.failure.kind,
        step: format!("teardown: {}", step_name(shared, record.step)),
        user: "setup".to_owned(),
        at_s: begun.saturating_duration_since(settings.run_started).as_secs_f64(),
        message: Hidden::secrets(&shared.secrets).beginning(&record.failure.message, 300),
        foreign_user: None,
    }))
}

fn step_name(shared: &Shared, step: usize) -> String {
    shared
        .scenario
        .unmeasured_steps
        .get(step)
        .map_or_else(|| format!("step {}", step + 1), |info| info.name.clone())
}

fn steps_once(
    shared: &Arc<Shared>,
    steps: &[Step],
    settings: &Settings,
    control: &Control,
    mut scope: Scope,
) -> Result<(End, Scope, Option<FailureRecord>), EngineError> {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().build_local(LocalOptions::default()).map_err(EngineError::Runtime)?;
    let endpoints = Endpoints::new(settings.target.clone(), Endpoint::resolve(&settings.target)?);
    let endpoints = Rc::new(endpoints);
    let scenario = &shared.scenario;
    let everything = Window { from: Duration::ZERO, to: Duration::MAX };
    let steps_known = scenario.steps.len().max(largest_id(steps).map_or(0, |id| id + 1));
    let recorder = Recorder::new(
        Instant::now(),
        everything,
        steps_known,
        scenario.classes.len().max(1),
        scenario.counters.len(),
    );
    let program = FlowProgram::of_steps(steps, &shared.base_path, &endpoints);
    let seat = Rc::new(Seat::unpeopled(shared, endpoints, recorder));
    let user = User::new(&seat, 0, 0, SETUP);
    for name in ["user", "canary"] {
        if let Some(value) = user.scope().get(name) {
            scope.set(name, value.clone());
        }
    }
    let run = async {
        let end = user.steps(&program, &mut scope, shared.dice.at("setup", 0), None).await;
        user.sockets.end(&user, true).await;
        end
    };
    let end = runtime.block_on(async {
        tokio::select! {
            biased;
            () = control.stopped() => Err(EngineError::Stopped),
            end = run => Ok(end),
        }
    })?;
    let failure = seat.recorder.borrow_mut().failures.pop();
    Ok((end, scope, failure))
}
