//! Scenarios and their classes.

use std::sync::Arc;
use std::time::Duration;

use loadgate_report::figure::{self, Names};
use loadgate_report::model::Level;

use super::Decider;
use super::flow::Parts;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::file::{
    ActFile, At, ClassFile, ConnectionsFile, Fixed, FlowRef, Mapping as _, Maybe, OneOrMany, ScenarioFile,
    Table, TurnFile,
};
use crate::suite::plan::{
    Class, ConditionRule, Connections, Flow, Load, Probe, Scenario, Script, Search, SearchOver, Start, Step,
};

const SETTLE: Duration = Duration::from_secs(1);

/// The load and the flows of a class, or of a scenario without classes.
struct Work<'f> {
    name: Option<&'f At<String>>,
    load: &'f Maybe<crate::suite::file::LoadFile>,
    flow: &'f Maybe<FlowRef>,
    mix: &'f Maybe<Table<At<u64>>>,
    connections: Connections,
}

impl Decider<'_> {
    /// All scenarios; `None` for those that are wrong.
    pub(super) fn scenarios(&mut self) -> Vec<Option<Arc<Scenario>>> {
        let table = self.file.scenarios.get();
        let entries = table.map(|table| table.entries.as_slice()).unwrap_or_default();
        if entries.is_empty()
            && let Some(scenarios) = table.map(|_| self.file.span())
        {
            self.error(Diagnostic::new(scenarios, "the suite has no scenarios"));
        }
        entries.iter().map(|(name, file)| self.scenario(name, file.as_ref()?).map(Arc::new)).collect()
    }

    fn scenario(&mut self, name: &At<String>, file: &ScenarioFile) -> Option<Scenario> {
        let before = self.errors.len();
        let work = if file.script.is_absent() { self.work_of(name, file) } else { Vec::new() };
        let mixed: Vec<FlowRef> = work.iter().flat_map(flow_refs).collect();
        let around = [file.setup.get(), file.teardown.get()];
        let acts = file.script.get().map(Vec::as_slice).unwrap_or_default();
        let acted = acts.iter().flat_map(turns_of).filter_map(|turn| turn.r#do.get());
        let all = mixed.iter().chain(acted).chain(around.into_iter().flatten());
        let mut parts = self.parts(all);
        self.used.clear();
        parts.goodput = file.goodput.get().and_then(|limits| self.limits(limits));
        let script = file.script.get().map(|acts| self.script(acts, &mut parts));
        let mut classes: Vec<Option<Class>> =
            work.iter().map(|work| self.class(work, &name.value, &mut parts)).collect();
        if let Some(script) = &script {
            classes = vec![self.class_of_script(name, file, script)];
        }
        self.meetings_can_be(&parts, classes.iter().flatten().map(|class| class.load.most_users()).sum());
        self.something_can_be_good(file, &parts);
        let (known, sockets) = (parts.known.clone(), parts.sockets.clone());
        let mut outside = Parts { known, sockets, unmeasured: true, ..Parts::default() };
        let setup = self.around(file.setup.get(), "setup", &mut outside);
        let teardown = self.around(file.teardown.get(), "teardown", &mut outside);
        let complete = self.errors.len() == before;
        let mut names = self.names(name, &parts, file.classes.get());
        names.searches = file.load.get().is_some_and(|load| !load.search.is_absent());
        names.scorecards = self.cards_on(&name.value);
        let search = self.search(file, &names);
        let highest = search.as_ref().filter(|search| search.over == SearchOver::Users);
        let users = classes.iter().flatten().map(|class| u64::from(class.load.most_users())).sum();
        // Levels are whole and at most a million.
        let users = highest.map_or(users, |search| search.to as u64);
        self.enough_rows(users, &work, name);
        let requirements: Vec<String> = texts(file.requirement.get());
        let mut conditions: Vec<Option<ConditionRule>> = Vec::new();
        for (given, level) in [(file.expect.get(), Level::Critical), (file.warn.get(), Level::Warn)] {
            for condition in given.map(|OneOrMany(all)| all.as_slice()).unwrap_or_default() {
                conditions.push(self.condition(condition, level, requirements.first(), (&names, complete)));
            }
        }
        let (warm_up, ramp_down) = (time(&file.warm_up), time(&file.ramp_down));
        let classes: Vec<Class> = classes.into_iter().collect::<Option<_>>()?;
        self.something_is_measured(file, &classes, warm_up + ramp_down);
        Some(Scenario {
            name: name.value.clone(),
            description: file.description.get().map(|text| text.value.0.clone()),
            requirements,
            classes,
            script: script.map(Arc::new),
            search,
            steps: parts.steps,
            unmeasured_steps: outside.steps,
            counters: parts.counters,
            setup,
            teardown,
            warm_up,
            ramp_down,
            conditions: conditions.into_iter().collect::<Option<_>>()?,
            canary_scan: file.canary_scan.get().is_none_or(|scan| scan.value),
            settle: file.settle.get().map_or(SETTLE, |settle| settle.value),
            place: self.place(name.span),
        })
    }

    fn work_of<'f>(&mut self, name: &At<String>, file: &'f ScenarioFile) -> Vec<Work<'f>> {
        let own =
            [("load", file.load.is_absent()), ("flow", file.flow.is_absent()), ("mix", file.mix.is_absent())];
        if file.classes.is_absent() {
            if file.load.is_absent() {
                let message = format!(
                    "the scenario `{}` needs `load`, or `classes` with loads of their own",
                    name.value
                );
                self.error(Diagnostic::new(name.span, message));
            }
            let connections = self.connections(file.connections.get(), 0);
            return vec![Work {
                name: None,
                load: &file.load,
                flow: &file.flow,
                mix: &file.mix,
                connections,
            }];
        }
        for (key, _) in own.iter().filter(|(_, absent)| !absent) {
            let message = format!("the scenario `{}` has both `{key}` and `classes`", name.value);
            self.error(Diagnostic::new(name.span, message).help(format!("each class has its own `{key}`")));
        }
        let classes: Vec<(&At<String>, &ClassFile)> =
            file.classes.get().into_iter().flat_map(|table| table.iter()).collect();
        let of_all = self.connections(file.connections.get(), 0);
        classes
            .into_iter()
            .zip(1..)
            .map(|((name, class), pool)| {
                self.condition_name(&name.value, name.span, "class");
                let own = class.connections.get();
                let connections = own.map_or(of_all, |own| self.connections(Some(own), pool));
                Work { name: Some(name), load: &class.load, flow: &class.flow, mix: &class.mix, connections }
            })
            .collect()
    }

    fn class(&mut self, work: &Work<'_>, scenario: &str, parts: &mut Parts) -> Option<Class> {
        let load = work.load.get().and_then(|load| self.load(load));
        let name = work.name.map(|name| name.value.clone());
        let mix = match (work.flow.get(), work.mix.get()) {
            (Some(flow), None) => {
                let own_name = name.as_deref().unwrap_or(scenario);
                self.flow(flow, own_name, parts).map(|flow| vec![(1, flow)])
            }
            (None, Some(mix)) => self.mix(mix, parts),
            (flow, mix) => {
                if !work.flow.is_invalid() && !work.mix.is_invalid() {
                    let what = if flow.is_some() && mix.is_some() {
                        "either `flow` or `mix`"
                    } else {
                        "`flow` or `mix`"
                    };
                    let (owner, span) = match work.name {
                        Some(name) => (format!("the class `{}`", name.value), name.span),
                        None => (format!("the scenario `{scenario}`"), self.scenario_span(scenario)),
                    };
                    self.error(Diagnostic::new(span, format!("{owner} needs {what}")));
                }
                None
            }
        };
        Some(Class { name, load: load?, mix: mix?, connections: work.connections })
    }

    /// Which connections are taken; `pool` is the number of the pool where users share them.
    fn connections(&mut self, given: Option<&ConnectionsFile>, pool: usize) -> Connections {
        match given {
            Some(ConnectionsFile::PerRequest) => Connections::PerRequest,
            Some(ConnectionsFile::PerUser) | None => Connections::PerUser,
            Some(ConnectionsFile::Shared(size)) => match u32::try_from(size.value) {
                Ok(size @ 1..) => Connections::Shared { pool, size },
                _ => {
                    let message = format!("{} connections cannot be shared", size.value);
                    let help = "write a whole number from 1, or `per_request` for a new one each time";
                    self.error(Diagnostic::new(size.span, message).help(help));
                    Connections::PerUser
                }
            },
        }
    }

    /// The only class of a script: its users, each with one iteration.
    fn class_of_script(&mut self, name: &At<String>, file: &ScenarioFile, script: &Script) -> Option<Class> {
        let own = [
            ("load", file.load.is_absent()),
            ("flow", file.flow.is_absent()),
            ("mix", file.mix.is_absent()),
            ("classes", file.classes.is_absent()),
        ];
        for (key, _) in own.iter().filter(|(_, absent)| !absent) {
            let message = format!("the scenario `{}` has both `{key}` and `script`", name.value);
            self.error(Diagnostic::new(name.span, message).help("a script says itself who does what"));
        }
        if script.users.is_empty() {
            self.error(Diagnostic::new(name.span, format!("nobody acts in the script of `{}`", name.value)));
            return None;
        }
        let connections = self.connections(file.connections.get(), 0);
        let users = u32::try_from(script.users.len()).ok()?;
        let load = Load::Iterations { users, iterations: 1, start: Start::Together };
        Some(Class { name: None, load, mix: Vec::new(), connections })
    }

    fn search(&mut self, file: &ScenarioFile, names: &Names) -> Option<Search> {
        for (_, class) in file.classes.get().into_iter().flat_map(|table| table.iter()) {
            if let Some(search) = class.load.get().and_then(|load| load.search.get()) {
                let message = "one class alone cannot search for a capacity";
                self.error(
                    Diagnostic::new(search.span, message).help("search in a scenario without classes"),
                );
            }
        }
        let search = file.load.get()?.search.get()?;
        // What is wrong with the levels was recorded when the load was decided; the same mistake twice is told once.
        let mut decided = self.search_levels(search)?;
        self.search_limits(search, names, &mut decided);
        Some(decided)
    }

    fn scenario_span(&self, name: &str) -> crate::suite::source::Span {
        let entries = self.file.scenarios.get().map(|table| table.entries.as_slice()).unwrap_or_default();
        entries.iter().find(|(at, _)| at.value == name).map_or(self.file.span(), |(at, _)| at.span)
    }

    fn mix(&mut self, mix: &Table<At<u64>>, parts: &mut Parts) -> Option<Vec<(u32, Arc<Flow>)>> {
        let mut flows = Vec::new();
        let mut right = true;
        for (name, weight) in mix.iter() {
            let reference = FlowRef::Name(At { value: Fixed(name.value.clone()), span: name.span });
            let flow = self.flow(&reference, &name.value, parts);
            let Some(weight) = u32::try_from(weight.value).ok().filter(|weight| *weight > 0) else {
                let message = "a weight is a whole number from 1";
                self.error(
                    Diagnostic::new(weight.span, message).help("leave the flow out of the mix instead"),
                );
                right = false;
                continue;
            };
            match flow {
                Some(flow) => flows.push((weight, flow)),
                None => right = false,
            }
        }
        (right && !flows.is_empty()).then_some(flows)
    }

    fn around(&mut self, flow: Option<&FlowRef>, name: &str, parts: &mut Parts) -> Vec<Step> {
        flow.and_then(|flow| self.flow(flow, name, parts)).map(|flow| flow.steps.clone()).unwrap_or_default()
    }

    /// The names that conditions can use; each must mean one thing.
    fn names(&mut self, scenario: &At<String>, parts: &Parts, classes: Option<&Table<ClassFile>>) -> Names {
        let usable = |name: &String| figure::is_valid_name(name);
        let classes = classes.map(|table| table.entries.as_slice()).unwrap_or_default();
        let classes: Vec<String> =
            classes.iter().map(|(name, _)| name.value.clone()).filter(usable).collect();
        let probes: Vec<String> = self.probes.iter().map(|probe| probe.name.clone()).filter(usable).collect();
        let kinds: [(&str, &[String]); 3] =
            [("class", &classes), ("counter", &parts.counters), ("probe", &probes)];
        let mut taken: Vec<(&str, &str)> = parts.named.keys().map(|name| (name.as_str(), "step")).collect();
        for (kind, names) in kinds {
            for name in names {
                if let Some((_, other)) = taken.iter().find(|(known, _)| known == name) {
                    let span = parts.named.get(name).copied().unwrap_or(scenario.span);
                    let message = format!("`{name}` is the name of a {other} and of a {kind}");
                    self.errors.push(
                        Diagnostic::new(span, message)
                            .help("conditions could mean either; rename one of them"),
                    );
                }
                taken.push((name, kind));
            }
        }
        let steps = parts.steps.iter().map(|step| step.name.clone()).filter(usable);
        Names {
            steps: steps.collect(),
            classes,
            counters: parts.counters.clone(),
            probes,
            ..Names::default()
        }
    }

    /// A data set of which each user keeps a row needs a row for each.
    fn enough_rows(&mut self, users: u64, work: &[Work<'_>], scenario: &At<String>) {
        for name in self.used.clone() {
            let Some(Some(data)) = self.data.get(&name) else { continue };
            let rows = data.set.rows.len() as u64;
            if data.set.per_user && users > rows {
                let load = work.iter().find_map(|work| work.load.get());
                let span = load.and_then(|load| load.users.get()).map_or(scenario.span, |users| users.span);
                let message = format!("{users} users need {users} rows of `{name}`, which has {rows}");
                let help = "add rows, or leave out `unique: per_user` and let users share them";
                self.error(Diagnostic::new(span, message).help(help));
            }
        }
    }

    /// Limits that no step can break say nothing.
    fn something_can_be_good(&mut self, file: &ScenarioFile, parts: &Parts) {
        let Some(given) = file.goodput.get() else { return };
        let limited = parts.steps.iter().any(|step| step.goodput.is_some());
        let of_streams = !given.ttft.is_absent() || !given.itl.is_absent();
        if of_streams && !limited && !parts.steps.is_empty() {
            let message = "`ttft` and `itl` are times within a stream, and no step of this scenario has one";
            self.error(Diagnostic::new(given.span, message).help("limit `latency`, or say what is streamed"));
        }
    }

    fn something_is_measured(&mut self, file: &ScenarioFile, classes: &[Class], cut: Duration) {
        let longest = classes.iter().map(|class| class.load.time()).collect::<Option<Vec<_>>>();
        let Some(longest) = longest.and_then(|times| times.into_iter().max()) else { return };
        if cut >= longest && !cut.is_zero() {
            let at = file.warm_up.get().or(file.ramp_down.get());
            let span = at.map_or(file.span, |at| at.span);
            let message = format!("warm-up and ramp-down take {cut:?} of a load of {longest:?}");
            self.error(Diagnostic::new(span, message).help("nothing is left to be measured; shorten them"));
        }
    }
}

/// The turns of an act.
fn turns_of(act: &ActFile) -> &[TurnFile] {
    match act {
        ActFile::Turn(turn) => std::slice::from_ref(turn),
        ActFile::Together(together) => together.together.get().map(Vec::as_slice).unwrap_or_default(),
        ActFile::Wait(_) => &[],
    }
}

fn flow_refs(work: &Work<'_>) -> Vec<FlowRef> {
    let mixed = work.mix.get().into_iter().flat_map(|mix| &mix.entries);
    let mixed =
        mixed.map(|(name, _)| FlowRef::Name(At { value: Fixed(name.value.clone()), span: name.span }));
    work.flow.get().cloned().into_iter().chain(mixed).collect()
}

fn texts(given: Option<&OneOrMany<At<Fixed>>>) -> Vec<String> {
    given.map(|OneOrMany(all)| all.iter().map(|at| at.value.0.clone()).collect()).unwrap_or_default()
}

fn time(given: &Maybe<At<Duration>>) -> Duration {
    given.get().map_or(Duration::ZERO, |time| time.value)
}

/// The names of a decided scenario.
pub(super) fn names_of(scenario: &Scenario, probes: &[Arc<Probe>]) -> Names {
    Names {
        steps: scenario.steps.iter().map(|step| step.name.clone()).collect(),
        classes: scenario.classes.iter().filter_map(|class| class.name.clone()).collect(),
        counters: scenario.counters.clone(),
        probes: probes.iter().map(|probe| probe.name.clone()).collect(),
        scorecards: Vec::new(),
        searches: scenario.search.is_some(),
    }
}

impl Load {
    /// Most users at once.
    pub fn most_users(&self) -> u32 {
        match self {
            Self::Iterations { users, .. }
            | Self::Shared { users, .. }
            | Self::Duration { users, .. }
            | Self::Bursts { users, .. } => *users,
            Self::Stages { from, stages } => {
                stages.iter().map(|(_, users)| *users).chain([*from]).max().unwrap_or(0)
            }
            Self::ArrivalRate { max_users, .. } | Self::Replay { max_users, .. } => *max_users,
        }
    }

    /// The time that the suite sets for it; `None` where its end depends on the service.
    pub fn time(&self) -> Option<Duration> {
        match self {
            Self::Iterations { .. } | Self::Shared { .. } => None,
            Self::Duration { duration, .. } => Some(*duration),
            Self::Stages { stages, .. } => Some(stages.iter().map(|(over, _)| *over).sum()),
            Self::ArrivalRate { stages, .. } => Some(stages.iter().map(|(over, _)| *over).sum()),
            Self::Bursts { count, gap, .. } => Some(*gap * (*count).saturating_sub(1)),
            Self::Replay { at, .. } => Some(at.last().copied().unwrap_or_default()),
        }
    }
}
