//! Flows: which steps a user runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Decider;
use super::known::{Fields, Known};
use super::socket::name_of;
use crate::suite::diagnostics::{Diagnostic, instead};
use crate::suite::file::{At, Fixed, FlowRef, Maybe, OneOrMany, StepFile, Table};
use crate::suite::plan::{Flow, Limits, Step, StepInfo};
use crate::suite::source::Span;

/// What the flows of one scenario share: the numbering of its steps and counters, and the names that they know.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) known: Known,
    pub(super) steps: Vec<StepInfo>,
    pub(super) counters: Vec<String>,
    /// What the requests of the scenario keep to, in steps that do not say otherwise.
    pub(super) goodput: Option<Limits>,
    /// Whether it stands around the load: what is not measured is not counted either.
    pub(super) unmeasured: bool,
    /// Names that the suite gave to steps, with the first place.
    pub(super) named: BTreeMap<String, Span>,
    /// Names of the sockets that steps open.
    pub(super) sockets: Vec<String>,
    /// Users that meetings wait for, with the places.
    pub(super) meetings: Vec<(u32, Span)>,
    /// Flows of the suite that are decided already: used twice, they are the same steps.
    pub(super) flows: BTreeMap<String, Vec<Step>>,
    /// Flows that are being decided, to find one that contains itself.
    pub(super) open: Vec<String>,
}

/// What steps give to those after them.
#[derive(Debug, Default)]
struct Given {
    captures: Vec<String>,
    sockets: Vec<String>,
}

impl Given {
    fn captured(&mut self, table: &Maybe<Table<At<String>>>) {
        let entries = table.get().into_iter().flat_map(|table| &table.entries);
        self.captures.extend(entries.map(|(name, _)| name.value.clone()));
    }
}

impl Decider<'_> {
    /// The numbering for a scenario whose flows are these, and the names that they capture.
    pub(super) fn parts<'f>(&mut self, flows: impl IntoIterator<Item = &'f FlowRef>) -> Parts {
        let mut known = self.known_of_user();
        let mut given = Given::default();
        for flow in flows {
            self.given_by(flow, &mut given);
        }
        given.captures.iter().for_each(|name| known.add(name, Fields::Any));
        Parts { known, sockets: given.sockets, ..Parts::default() }
    }

    fn given_by(&self, flow: &FlowRef, into: &mut Given) {
        let mut seen = Vec::new();
        match flow {
            FlowRef::Name(name) => self.given_by_named(&name.value.0, into, &mut seen),
            FlowRef::Inline(flow) => self.given_by_steps(&flow.steps, into, &mut seen),
        }
    }

    fn given_by_named(&self, name: &str, into: &mut Given, seen: &mut Vec<String>) {
        if seen.iter().any(|known| known == name) {
            return;
        }
        seen.push(name.to_owned());
        let flows = self.file.flows.get();
        let flow = flows.and_then(|flows| flows.iter().find(|(known, _)| known.value == name));
        if let Some((_, flow)) = flow {
            self.given_by_steps(&flow.steps, into, seen);
        }
    }

    fn given_by_steps(&self, steps: &[StepFile], into: &mut Given, seen: &mut Vec<String>) {
        for step in steps {
            match step {
                StepFile::Request(request) => into.captured(&request.capture),
                StepFile::Repeat(repeat) => {
                    self.given_by_steps(repeat.steps.get().map_or(&[][..], Vec::as_slice), into, seen);
                }
                StepFile::If(branch) => {
                    for steps in [&branch.then, &branch.r#else] {
                        self.given_by_steps(steps.get().map_or(&[][..], Vec::as_slice), into, seen);
                    }
                }
                StepFile::Parallel(parallel) => {
                    for OneOrMany(steps) in parallel.parallel.get().into_iter().flatten() {
                        self.given_by_steps(steps, into, seen);
                    }
                }
                StepFile::Flow(flow) => {
                    if let Some(name) = flow.flow.get() {
                        self.given_by_named(&name.value.0, into, seen);
                    }
                }
                StepFile::Aside(aside) => into.captured(&aside.capture),
                StepFile::Connect(connect) => {
                    into.captured(&connect.capture);
                    into.sockets.push(name_of(connect.socket.get()));
                }
                StepFile::Await(wait) => into.captured(&wait.capture),
                StepFile::Think(_) | StepFile::Meet(_) | StepFile::Send(_) | StepFile::Close(_) => {}
            }
        }
    }

    /// A flow by name, or the steps themselves.
    pub(super) fn flow(&mut self, flow: &FlowRef, own_name: &str, parts: &mut Parts) -> Option<Arc<Flow>> {
        let (name, steps) = match flow {
            FlowRef::Name(name) => (name.value.0.clone(), self.named_steps(name, parts)?),
            FlowRef::Inline(flow) => (own_name.to_owned(), self.steps(&flow.steps, parts)),
        };
        Some(Arc::new(Flow { name, steps }))
    }

    /// The steps of a flow of the suite.
    pub(super) fn named_steps(&mut self, name: &At<Fixed>, parts: &mut Parts) -> Option<Vec<Step>> {
        let wanted = name.value.0.as_str();
        if let Some(steps) = parts.flows.get(wanted) {
            return Some(steps.clone());
        }
        if parts.open.iter().any(|open| open == wanted) {
            let message = format!("the flow `{wanted}` contains itself");
            self.error(Diagnostic::new(name.span, message));
            return None;
        }
        let flows = self.file.flows.get().map(|table| table.entries.as_slice()).unwrap_or_default();
        let Some((_, flow)) = flows.iter().find(|(known, _)| known.value == wanted) else {
            if !self.file.flows.is_invalid() {
                let help = instead(wanted, flows.iter().map(|(name, _)| name.value.as_str()));
                self.error(Diagnostic::new(name.span, format!("there is no flow `{wanted}`")).help(help));
            }
            return None;
        };
        parts.open.push(wanted.to_owned());
        let steps = self.steps(&flow.as_ref()?.steps, parts);
        parts.open.pop();
        parts.flows.insert(wanted.to_owned(), steps.clone());
        Some(steps)
    }

    pub(super) fn steps(&mut self, steps: &[StepFile], parts: &mut Parts) -> Vec<Step> {
        let mut decided = Vec::with_capacity(steps.len());
        for step in steps {
            match step {
                StepFile::Flow(flow) => {
                    let steps = flow.flow.get().and_then(|name| self.named_steps(name, parts));
                    decided.extend(steps.unwrap_or_default());
                }
                _ => decided.extend(self.step(step, parts)),
            }
        }
        decided
    }

    fn step(&mut self, step: &StepFile, parts: &mut Parts) -> Option<Step> {
        match step {
            StepFile::Request(request) => {
                self.request(request, parts).map(|step| Step::Request(Arc::new(step)))
            }
            StepFile::Think(think) => {
                let pause = think.think.get()?.value;
                Some(Step::Think { min: pause.min, max: pause.max })
            }
            StepFile::Repeat(repeat) => {
                let times = repeat.repeat.get().and_then(|times| {
                    let expression = self.expression(times, &parts.known)?;
                    let constant = expression.constant();
                    if constant.is_some_and(|value| value.as_i64().is_none_or(|times| times < 1)) {
                        let message = format!("`{}` is no number of times", times.value);
                        self.error(Diagnostic::new(times.span, message).help("write a whole number from 1"));
                    }
                    Some(expression)
                });
                let outside = parts.known.clone();
                parts.known.add("repeat", Fields::These(vec!["index".to_owned()]));
                let steps = self.inner_steps(repeat.steps.get(), parts);
                parts.known = outside;
                Some(Step::Repeat { times: times?, steps })
            }
            StepFile::If(branch) => {
                let predicate = branch.r#if.get().and_then(|text| self.predicate(text, &parts.known));
                let then = self.inner_steps(branch.then.get(), parts);
                let otherwise = self.inner_steps(branch.r#else.get(), parts);
                Some(Step::If { predicate: predicate?, then, otherwise })
            }
            StepFile::Parallel(parallel) => {
                let branches: Vec<Vec<Step>> = parallel
                    .parallel
                    .get()
                    .into_iter()
                    .flatten()
                    .map(|OneOrMany(steps)| self.steps(steps, parts))
                    .collect();
                if branches.is_empty() {
                    self.error(Diagnostic::new(parallel.span, "`parallel` has no branches"));
                }
                Some(Step::Parallel(branches))
            }
            StepFile::Meet(meet) => self.meet(meet, parts),
            StepFile::Aside(aside) => self.aside(aside, parts),
            StepFile::Connect(connect) => self.connect(connect, parts),
            StepFile::Send(send) => self.send(send, parts),
            StepFile::Await(wait) => self.wait(wait, parts),
            StepFile::Close(close) => self.close(close, parts),
            StepFile::Flow(_) => None,
        }
    }

    fn inner_steps(&mut self, steps: Option<&Vec<StepFile>>, parts: &mut Parts) -> Vec<Step> {
        steps.map(|steps| self.steps(steps, parts)).unwrap_or_default()
    }

    /// A flow that no scenario uses is checked all the same: it may be the one that is being written.
    pub(super) fn unused_flows_are_checked_too(&mut self) {
        let flows = self.file.flows.get().map(|table| table.entries.as_slice()).unwrap_or_default();
        let names: Vec<At<Fixed>> =
            flows.iter().map(|(name, _)| At { value: Fixed(name.value.clone()), span: name.span }).collect();
        for name in names {
            let flow = FlowRef::Name(name);
            // Any capture of the suite may be meant to be there when this flow is used.
            let all: Vec<FlowRef> = flows
                .iter()
                .map(|(name, _)| FlowRef::Name(At { value: Fixed(name.value.clone()), span: name.span }))
                .collect();
            let mut parts = self.parts(&all);
            self.flow(&flow, "", &mut parts);
        }
    }
}
