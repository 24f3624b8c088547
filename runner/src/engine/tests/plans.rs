//! Small plans.

use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use http::Method;
use loadgate_report::model::{self, Place};
use url::Url;

use crate::engine::{Control, EngineError, Progress, Reach, Settings, run};
use crate::output::Secrets;
use crate::suite::expression::{Expression, Predicate};
use crate::suite::plan::{
    Body, Class, Connections, Flow, Load, RequestStep, Scenario, Start, Step, StepInfo,
};
use crate::suite::text::Text;
use crate::suite::{LoadOptions, load_text};

pub(super) fn text(source: &str) -> Text {
    Text::compile(source).unwrap()
}

pub(super) fn predicate(source: &str) -> Predicate {
    Predicate::compile(source).unwrap()
}

pub(super) fn expression(source: &str) -> Expression {
    Expression::compile(source).unwrap()
}

/// A request step under construction.
#[derive(Clone)]
pub(super) struct Ask(pub(super) RequestStep);

impl Ask {
    pub(super) fn get(url: &str) -> Self {
        Self(RequestStep {
            id: 0,
            method: Method::GET,
            url: text(url),
            headers: Vec::new(),
            body: Body::Empty,
            timeout: Duration::from_secs(20),
            refused: None,
            checks: Vec::new(),
            captures: Vec::new(),
            counts: Vec::new(),
            stream: None,
            redirects: 0,
            continue_on_failure: false,
            retry: None,
            queue_wait: None,
            place: nowhere(),
        })
    }

    pub(super) fn post(url: &str, body: &str) -> Self {
        let mut ask = Self::get(url);
        ask.0.method = Method::POST;
        ask.0.body = Body::Text(text(body));
        ask
    }

    pub(super) fn check(mut self, source: &str) -> Self {
        self.0.checks.push(predicate(source));
        self
    }

    pub(super) fn refused(mut self, source: &str) -> Self {
        self.0.refused = Some(predicate(source));
        self
    }

    pub(super) fn capture(mut self, name: &str, source: &str) -> Self {
        self.0.captures.push((name.to_owned(), expression(source)));
        self
    }

    pub(super) fn count(mut self, source: &str) -> Self {
        self.0.counts.push((0, predicate(source)));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers.push((http::HeaderName::from_static(name), text(value)));
        self
    }

    pub(super) fn timeout(mut self, ms: u64) -> Self {
        self.0.timeout = Duration::from_millis(ms);
        self
    }

    pub(super) fn step(self) -> Step {
        Step::Request(Arc::new(self.0))
    }
}

/// Numbers the requests of steps as deciding a suite does.
fn number(steps: &mut [Step], infos: &mut Vec<StepInfo>) {
    for step in steps {
        match step {
            Step::Request(request) => {
                let mut numbered = (**request).clone();
                numbered.id = infos.len();
                let name = format!("{} {}", request.method, request.url.source());
                infos.push(StepInfo { name: name.clone(), request: name, aside: false, goodput: None });
                *request = Arc::new(numbered);
            }
            Step::Think { .. } | Step::Meet(_) | Step::Aside(_) | Step::Socket(_) => {}
            Step::Repeat { steps, .. } => number(steps, infos),
            Step::If { then, otherwise, .. } => {
                number(then, infos);
                number(otherwise, infos);
            }
            Step::Parallel(branches) => branches.iter_mut().for_each(|steps| number(steps, infos)),
        }
    }
}

pub(super) fn class(name: Option<&str>, load: Load, mix: Vec<(u32, Vec<Step>)>) -> Class {
    let flows = mix
        .into_iter()
        .enumerate()
        .map(|(n, (weight, steps))| (weight, Arc::new(Flow { name: format!("flow-{n}"), steps })));
    Class { name: name.map(str::to_owned), load, mix: flows.collect(), connections: Connections::PerUser }
}

pub(super) fn scenario(classes: Vec<Class>) -> Scenario {
    let mut steps = Vec::new();
    let classes = classes.into_iter().map(|mut class| {
        for (_, flow) in &mut class.mix {
            let mut own = (**flow).clone();
            number(&mut own.steps, &mut steps);
            *flow = Arc::new(own);
        }
        class
    });
    let classes = classes.collect();
    Scenario {
        name: "test".to_owned(),
        description: None,
        requirements: Vec::new(),
        classes,
        steps,
        unmeasured_steps: vec![
            StepInfo {
                name: "unmeasured".to_owned(),
                request: "unmeasured".to_owned(),
                aside: false,
                goodput: None,
            };
            2
        ],
        script: None,
        search: None,
        counters: vec!["hit".to_owned()],
        setup: Vec::new(),
        teardown: Vec::new(),
        warm_up: Duration::ZERO,
        ramp_down: Duration::ZERO,
        conditions: Vec::new(),
        canary_scan: true,
        settle: Duration::ZERO,
        place: nowhere(),
    }
}

pub(super) const fn iterations(users: u32, iterations: u32) -> Load {
    Load::Iterations { users, iterations, start: Start::Together }
}

pub(super) fn settings(base: &str) -> Settings {
    Settings {
        target: Reach::new(Url::parse(base).unwrap()),
        seed: 1,
        round: 0,
        workers: 2,
        data: Vec::new(),
        values: Vec::new(),
        secrets: Secrets::default(),
        run_started: Instant::now(),
    }
}

pub(super) fn try_run(scenario: Scenario, settings: &Settings) -> Result<model::Scenario, EngineError> {
    run(&Arc::new(scenario), settings, &Control::new(), &Progress::new(), &mut ())
}

/// Runs one flow under a load.
pub(super) fn run_flow(base: &str, load: Load, steps: Vec<Step>) -> model::Scenario {
    try_run(scenario(vec![class(None, load, vec![(1, steps)])]), &settings(base)).unwrap()
}

fn nowhere() -> Place {
    Place { file: "test.yaml".into(), line: 1, column: 1 }
}

/// Runs the only scenario of a suite whose keys below `scenarios: one:` are these.
pub(super) fn run_scenario(base: &str, scenario: &str) -> model::Scenario {
    run_scenario_at(Reach::new(Url::parse(base).unwrap()), scenario)
}

/// The same against a target that is reached in a way of its own.
pub(super) fn run_scenario_at(target: Reach, scenario: &str) -> model::Scenario {
    let base = target.url().clone();
    let indented: String = scenario.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("name: s\ntarget: {{ url: '{base}' }}\nscenarios:\n  one:\n{indented}");
    let plan = load_text("s.yaml", &text, Utf8Path::new(""), &LoadOptions::default())
        .unwrap_or_else(|wrong| panic!("{wrong}"));
    let settings = Settings { target, data: plan.data, ..settings(base.as_str()) };
    try_run((*plan.scenarios[0]).clone(), &settings).unwrap()
}
