//! Steps that are no requests of the load: a look at the target from outside, or a command.

use std::process::Stdio;
use std::time::Instant;

use http::{HeaderMap, Method};
use loadgate_report::model::FailureKind;

use super::client::{Endpoints, RequestProgram};
use super::exchange::Timing;
use super::hidden::Hidden;
use super::outcome::{Failure, Judged, Outcome, judge_command};
use super::pacer::pause_until;
use super::request::{self, Attempt};
use super::user::User;
use crate::suite::plan::{AsideStep, Body, ProbeSource, RequestStep};
use crate::suite::scope::{Response, Scope};
use crate::suite::text::Text;
use std::sync::Arc;

/// An aside made ready.
#[derive(Debug)]
pub(crate) struct AsideProgram {
    pub(crate) step: Arc<AsideStep>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Probe(Box<RequestProgram>),
    Command(Text),
}

impl AsideProgram {
    pub(crate) fn new(step: &Arc<AsideStep>, base: &str, endpoints: &Endpoints) -> Self {
        let source = match &step.source {
            ProbeSource::Get(path) => {
                let request = Arc::new(as_request(step, path));
                Source::Probe(Box::new(RequestProgram::new(request, base, endpoints)))
            }
            ProbeSource::Command(command) => Source::Command(command.clone()),
        };
        Self { step: step.clone(), source }
    }

    /// Reads, where it is asked for until the checks hold, and records the last reading.
    pub(crate) async fn run(&self, user: &User, scope: &mut Scope) -> Outcome {
        let begun = Instant::now();
        let mut attempt = self.read(user, scope).await;
        if let Some(until) = self.step.until {
            let end = begun + until.within;
            let is_settled = |attempt: &Attempt| match &attempt.result {
                Ok(_) => true,
                Err(failure) => failure.is_cross_talk(),
            };
            while !is_settled(&attempt) && Instant::now() + until.every < end {
                pause_until(Instant::now() + until.every).await;
                attempt = self.read(user, scope).await;
            }
            if let Err(failure) = &mut attempt.result
                && !failure.is_cross_talk()
            {
                failure.kind = FailureKind::Timeout;
                failure.message = format!("not within {:?}: {}", until.within, failure.message);
            }
        }
        let captures = self.step.captures.iter().map(|(name, _)| name.as_str());
        request::keep(scope, captures, &attempt);
        request::record_aside(user, self.step.id, begun, attempt)
    }

    async fn read(&self, user: &User, scope: &Scope) -> Attempt {
        let due = Instant::now();
        match &self.source {
            Source::Probe(program) => request::attempt(user, program, scope, due).await,
            Source::Command(command) => self.command(command, user, scope).await,
        }
    }

    async fn command(&self, command: &Text, user: &User, scope: &Scope) -> Attempt {
        let begun = Instant::now();
        let (result, status) = match self.output(command, scope).await {
            Ok((status, output)) => {
                let headers = HeaderMap::new();
                let latency = begun.elapsed().as_secs_f64() * 1000.0;
                let response = Response::new(status, &headers, &output, latency);
                let judged =
                    judge_command(&self.step.checks, &self.step.captures, scope, &response, Hidden::of(user));
                (judged.map(|captures| (Judged::ok(captures), None)), Some(status))
            }
            Err(failure) => (Err(failure), None),
        };
        let timing = Timing { written: Some(begun), ended: Some(Instant::now()) };
        Attempt { timing, result, status, again: false }
    }

    async fn output(&self, command: &Text, scope: &Scope) -> Result<(u16, Vec<u8>), Failure> {
        let mut text = String::new();
        command.render(scope, &mut text)?;
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let mut process = tokio::process::Command::new(shell);
        process.arg(flag).arg(&text).stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(self.step.timeout, process.output()).await;
        let late = |_| {
            Failure::new(FailureKind::Timeout, format!("`{text}` did not end within {:?}", self.step.timeout))
        };
        let failed = |error| Failure::new(FailureKind::Check, format!("`{text}` cannot be run: {error}"));
        let output = output.map_err(late)?.map_err(failed)?;
        let status = output.status.code().and_then(|code| u16::try_from(code).ok()).unwrap_or(u16::MAX);
        Ok((status, output.stdout))
    }
}

/// The request of a probe.
fn as_request(step: &AsideStep, path: &Text) -> RequestStep {
    RequestStep {
        id: step.id,
        method: Method::GET,
        url: path.clone(),
        headers: Vec::new(),
        body: Body::Empty,
        timeout: step.timeout,
        refused: None,
        checks: step.checks.clone(),
        captures: step.captures.clone(),
        counts: Vec::new(),
        stream: None,
        redirects: 0,
        continue_on_failure: step.continue_on_failure,
        retry: None,
        queue_wait: None,
        place: step.place.clone(),
    }
}
