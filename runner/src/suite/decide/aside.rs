//! Steps that are no requests of the load: meetings, probes, commands. And what a request does when it fails.

use std::sync::Arc;
use std::time::Duration;

use super::Decider;
use super::flow::Parts;
use super::known::Known;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::expression::Predicate;
use crate::suite::file::{AsideFile, At, MeetFile, OnFailure, RetryFile};
use crate::suite::plan::{AsideStep, Meet, ProbeSource, Retry, Step, StepInfo, Until};

const MEET_WITHIN: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const EVERY: Duration = Duration::from_millis(200);
const RETRY_WAIT: Duration = Duration::from_millis(100);
const LONGEST_NAME: usize = 60;

impl Decider<'_> {
    pub(super) fn meet(&mut self, file: &MeetFile, parts: &mut Parts) -> Option<Step> {
        let within = self.positive(file.within.get(), "nobody can be waited for within no time");
        let users = match file.users.get() {
            Some(users) if users.value < 2 => {
                let message = "nobody meets alone";
                self.error(Diagnostic::new(users.span, message).help("write a number of users from 2"));
                None
            }
            Some(users) => {
                let count = u32::try_from(users.value).unwrap_or(u32::MAX);
                parts.meetings.push((count, users.span));
                Some(count)
            }
            None => None,
        };
        let name = file.meet.get()?.value.0.clone();
        Some(Step::Meet(Arc::new(Meet { name, users, within: within.unwrap_or(MEET_WITHIN) })))
    }

    pub(super) fn aside(&mut self, file: &AsideFile, parts: &mut Parts) -> Option<Step> {
        let known = parts.known.clone();
        let response = known.with_response(false);
        let source = match (file.probe.get(), file.command.get()) {
            (Some(path), _) => self.path(path, &known).map(ProbeSource::Get),
            (None, Some(command)) => self.text(command, &known).map(ProbeSource::Command),
            (None, None) => None,
        };
        let checks = self.predicates(file.check.get(), &response);
        let captures = self.captures(file.capture.get(), &response);
        let timeout = self.positive(file.timeout.get(), "nothing can be read within no time");
        let every = self.positive(file.every.get(), "it cannot be read all the time");
        let within = self.positive(file.within.get(), "nothing can be waited for within no time");
        if file.within.is_absent()
            && let Some(every) = file.every.get()
        {
            let message = "`every` goes with `within`: without it, there is one reading";
            self.error(Diagnostic::new(every.span, message));
        }
        if within.is_some() && checks.is_empty() && file.check.is_absent() {
            let message = "it is not said what is waited for";
            self.error(Diagnostic::new(file.span, message).help("say it with `check`"));
        }
        let request = match (file.probe.get(), file.command.get()) {
            (Some(path), _) => format!("probe {}", path.value),
            (None, command) => format!("command {}", command.map_or("", |command| command.value.trim())),
        };
        let short: String = request.chars().take(LONGEST_NAME).collect();
        let name = self.step_name(file.name.get(), &short, parts);
        let id = parts.steps.len();
        parts.steps.push(StepInfo { name, request, aside: true, goodput: None });
        Some(Step::Aside(Arc::new(AsideStep {
            id,
            source: source?,
            until: within.map(|within| Until { every: every.unwrap_or(EVERY), within }),
            timeout: timeout.unwrap_or(TIMEOUT),
            checks,
            captures,
            continue_on_failure: file.on_failure.get() == Some(&OnFailure::Continue),
            place: self.place(file.span),
        })))
    }

    pub(super) fn retry(&mut self, file: &RetryFile, known: &Known) -> Option<Retry> {
        let times = file.times.get()?;
        if times.value == 0 || times.value > 100 {
            let message = format!("a request cannot be sent again {} times", times.value);
            self.error(Diagnostic::new(times.span, message).help("write a number from 1 to 100"));
        }
        let factor = file.factor.get().map_or(2.0, |factor| factor.value);
        if factor < 1.0 {
            let span = file.factor.get().map_or(file.span, |at| at.span);
            self.error(Diagnostic::new(span, "pauses cannot become shorter").help("write a factor from 1"));
        }
        Some(Retry {
            times: u32::try_from(times.value).unwrap_or(1),
            when: self.any_of(file.when.get(), known),
            wait: file.wait.get().map_or(RETRY_WAIT, |wait| wait.value),
            factor,
        })
    }

    /// A predicate that holds where any of these holds.
    pub(super) fn any_of(
        &mut self,
        given: Option<&crate::suite::file::OneOrMany<At<String>>>,
        known: &Known,
    ) -> Option<Predicate> {
        let each = self.predicates(given, known);
        match &each[..] {
            [] => None,
            [one] => Some(one.clone()),
            many => {
                let sources: Vec<String> = many.iter().map(|one| format!("({})", one.source())).collect();
                Predicate::compile(&sources.join(" or ")).ok()
            }
        }
    }

    /// Meetings that can never take place.
    pub(super) fn meetings_can_be(&mut self, parts: &Parts, users: u32) {
        for (wanted, span) in &parts.meetings {
            if *wanted > users {
                let message = format!("{wanted} users never meet: the scenario has {users}");
                self.error(Diagnostic::new(*span, message));
            }
        }
    }
}
