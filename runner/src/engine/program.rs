//! Flows made ready for being run many times.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::aside::AsideProgram;
use super::client::{Endpoints, RequestProgram};
use super::websocket::SocketProgram;
use crate::suite::expression::{Expression, Predicate};
use crate::suite::plan::{
    AsideStep, Body, Flow, Meet, Outgoing, PartContent, ProbeSource, RequestStep, SocketAction, SocketStep,
    Step, Tokens,
};
use crate::suite::text::Text;

/// A flow made ready.
#[derive(Debug)]
pub(crate) struct FlowProgram {
    /// What to do, in order.
    pub(crate) acts: Vec<Act>,
    /// First words of all names that it fills in or asks for, so that values that nobody reads need not be set.
    names: BTreeSet<String>,
}

/// What a user does.
#[derive(Debug)]
pub(crate) enum Act {
    Request(Box<RequestProgram>),
    Think { min: Duration, max: Duration },
    Repeat { times: Expression, acts: Vec<Act> },
    If { predicate: Predicate, then: Vec<Act>, otherwise: Vec<Act> },
    Parallel(Vec<Vec<Act>>),
    Meet(Arc<Meet>),
    Aside(Box<AsideProgram>),
    Socket(Box<SocketProgram>),
}

impl FlowProgram {
    /// Makes a flow ready. `base` is the path of the target's URL.
    pub(crate) fn new(flow: &Flow, base: &str, endpoints: &Endpoints) -> Self {
        Self::of_steps(&flow.steps, base, endpoints)
    }

    /// Makes steps ready.
    pub(crate) fn of_steps(steps: &[Step], base: &str, endpoints: &Endpoints) -> Self {
        let mut names = BTreeSet::new();
        let acts = Compiler { base, endpoints, names: &mut names }.acts(steps);
        Self { acts, names }
    }

    /// Whether it reads a value of that name.
    pub(crate) fn reads(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// The number of the first request among acts; failures of what stands around requests are told with it.
pub(crate) fn first_request(acts: &[Act]) -> Option<usize> {
    acts.iter().find_map(|act| match act {
        Act::Request(program) => Some(program.step.id),
        Act::Aside(program) => Some(program.step.id),
        Act::Socket(program) => Some(program.step.id),
        Act::Think { .. } | Act::Meet(_) => None,
        Act::Repeat { acts, .. } => first_request(acts),
        Act::If { then, otherwise, .. } => first_request(then).or_else(|| first_request(otherwise)),
        Act::Parallel(branches) => branches.iter().find_map(|acts| first_request(acts)),
    })
}

/// The largest number of a request among steps.
pub(crate) fn largest_id(steps: &[Step]) -> Option<usize> {
    let ids = steps.iter().filter_map(|step| match step {
        Step::Request(request) => Some(request.id),
        Step::Think { .. } => None,
        Step::Repeat { steps, .. } => largest_id(steps),
        Step::If { then, otherwise, .. } => largest_id(then).max(largest_id(otherwise)),
        Step::Parallel(branches) => branches.iter().filter_map(|steps| largest_id(steps)).max(),
        Step::Meet(_) => None,
        Step::Aside(aside) => Some(aside.id),
        Step::Socket(socket) => Some(socket.id),
    });
    ids.max()
}

struct Compiler<'a> {
    base: &'a str,
    endpoints: &'a Endpoints,
    names: &'a mut BTreeSet<String>,
}

impl Compiler<'_> {
    fn acts(&mut self, steps: &[Step]) -> Vec<Act> {
        steps.iter().map(|step| self.act(step)).collect()
    }

    fn act(&mut self, step: &Step) -> Act {
        match step {
            Step::Request(request) => {
                self.request_names(request);
                Act::Request(Box::new(RequestProgram::new(request.clone(), self.base, self.endpoints)))
            }
            Step::Think { min, max } => Act::Think { min: *min, max: *max },
            Step::Repeat { times, steps } => {
                self.note(times.names());
                Act::Repeat { times: times.clone(), acts: self.acts(steps) }
            }
            Step::If { predicate, then, otherwise } => {
                self.note(predicate.names());
                Act::If {
                    predicate: predicate.clone(),
                    then: self.acts(then),
                    otherwise: self.acts(otherwise),
                }
            }
            Step::Parallel(branches) => {
                Act::Parallel(branches.iter().map(|steps| self.acts(steps)).collect())
            }
            Step::Meet(meet) => Act::Meet(meet.clone()),
            Step::Aside(aside) => {
                self.aside_names(aside);
                Act::Aside(Box::new(AsideProgram::new(aside, self.base, self.endpoints)))
            }
            Step::Socket(socket) => {
                self.socket_names(socket);
                Act::Socket(Box::new(SocketProgram::new(socket, self.base, self.endpoints)))
            }
        }
    }

    fn tokens(&mut self, tokens: &Tokens) {
        if let Tokens::Told(expression) = tokens {
            self.note(expression.names());
        }
    }

    fn note(&mut self, names: &[String]) {
        for name in names {
            let first = name.split('.').next().unwrap_or_default();
            self.names.insert(first.to_owned());
        }
    }

    fn aside_names(&mut self, aside: &AsideStep) {
        let (ProbeSource::Get(text) | ProbeSource::Command(text)) = &aside.source;
        self.note(text.names());
        aside.checks.iter().for_each(|check| self.note(check.names()));
        aside.captures.iter().for_each(|(_, capture)| self.note(capture.names()));
    }

    fn socket_names(&mut self, step: &SocketStep) {
        match &step.action {
            SocketAction::Connect(connect) => self.request_names(&connect.request),
            SocketAction::Send(Outgoing::Text(text) | Outgoing::Base64(text)) => self.note(text.names()),
            SocketAction::Send(Outgoing::Binary(_)) | SocketAction::Close => {}
            SocketAction::Await(wait) => {
                let counts = wait.counts.iter().map(|(_, predicate)| predicate);
                let predicates = wait.checks.iter().chain(&wait.refused).chain([&wait.until]).chain(counts);
                predicates.for_each(|predicate| self.note(predicate.names()));
                let captures = wait.captures.iter().map(|(_, capture)| capture);
                captures.chain(&wait.content).for_each(|expression| self.note(expression.names()));
                self.tokens(&wait.tokens);
            }
        }
    }

    fn request_names(&mut self, request: &RequestStep) {
        let mut texts: Vec<&Text> = vec![&request.url];
        texts.extend(request.headers.iter().map(|(_, text)| text));
        match &request.body {
            Body::Empty => {}
            Body::Text(text) | Body::Json(text) => texts.push(text),
            Body::Form(fields) => texts.extend(fields.iter().map(|(_, text)| text)),
            Body::Multipart(parts) => texts.extend(parts.iter().filter_map(|part| match &part.content {
                PartContent::Text(text) => Some(text),
                PartContent::File { .. } => None,
            })),
        }
        texts.into_iter().for_each(|text| self.note(text.names()));
        let counts = request.counts.iter().map(|(_, predicate)| predicate);
        let predicates = request.checks.iter().chain(&request.refused).chain(counts);
        predicates.for_each(|predicate| self.note(predicate.names()));
        request.captures.iter().for_each(|(_, capture)| self.note(capture.names()));
        request.queue_wait.iter().for_each(|wait| self.note(wait.names()));
        let when = request.retry.iter().filter_map(|retry| retry.when.as_ref());
        when.for_each(|when| self.note(when.names()));
        if let Some(stream) = &request.stream {
            self.note(stream.content.names());
            self.note(stream.done.names());
            self.tokens(&stream.tokens);
        }
    }
}
