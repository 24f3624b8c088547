//! One request of one user: sent, judged, recorded.

use std::time::{Duration, Instant};

use http::HeaderMap;
use loadgate_report::model::FailureKind;

use super::client::RequestProgram;
use super::exchange::{Exchange, Reply, Timing};
use super::hidden::Hidden;
use super::outcome::{Failure, Judged, Outcome, Rules, Scan, judge};
use super::pacer::pause_until;
use super::recorder::Sample;
use super::stream::Streamed;
use super::user::{Line, User};
use crate::suite::expression::Predicate;
use crate::suite::scope::{Response, Scope};

/// One request and what came of it, before it is recorded.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) timing: Timing,
    pub(crate) result: Result<(Judged, Option<Streamed>), Failure>,
    pub(crate) status: Option<u16>,
    /// Whether the step wants it sent again.
    pub(crate) again: bool,
}

/// Sends a request, again where the step asks for it, and records what came of it; captured values go into `scope`. `due` is
/// when it was to be sent, where that is not now.
pub(crate) async fn run(
    user: &User,
    program: &RequestProgram,
    scope: &mut Scope,
    due: Option<Instant>,
) -> Outcome {
    let due = due.unwrap_or_else(Instant::now);
    let mut attempt = attempt(user, program, scope, due).await;
    let mut retries = 0;
    if let Some(retry) = &program.step.retry {
        let mut pause = retry.wait;
        while attempt.again && retries < retry.times {
            pause_until(Instant::now() + pause).await;
            pause = pause.mul_f64(retry.factor);
            retries += 1;
            let written = attempt.timing.written;
            attempt = self::attempt(user, program, scope, Instant::now()).await;
            // It is one request, which was first written back then.
            attempt.timing.written = written.or(attempt.timing.written);
        }
    }
    keep(scope, program.step.captures.iter().map(|(name, _)| name.as_str()), &attempt);
    record(user, program.step.id, &program.step.counts, due, attempt, retries)
}

/// Sends a request and judges the response.
pub(crate) async fn attempt(user: &User, program: &RequestProgram, scope: &Scope, due: Instant) -> Attempt {
    let mut line = user.take_line();
    let Line { connections, deadline, scratch } = &mut *line;
    let seat = &*user.seat;
    let prepared = {
        let jar = user.jar.borrow();
        program.prepare(scope, &seat.shared.base_path, &seat.endpoints, jar.as_deref(), scratch)
    };
    let timeout = program.step.timeout;
    let mut timing = Timing::default();
    let on_every_failure = program.step.retry.as_ref().is_some_and(|retry| retry.when.is_none());
    let (result, status, again) = match prepared {
        Err(error) => (Err(Failure::from(error)), None, false),
        Ok(prepared) => {
            let exchange = Exchange {
                user,
                step: &program.step,
                scope,
                connections: &mut *connections,
                timing: &mut timing,
            };
            match deadline.within(due + timeout, exchange.run(&prepared)).await {
                Ok(Ok(mut reply)) => {
                    let ended = *timing.ended.get_or_insert_with(Instant::now);
                    let uncounted = match (&program.step.stream, &mut reply.streamed) {
                        (Some(stream), Some(streamed)) => streamed.finish(&stream.tokens).err(),
                        _ => None,
                    };
                    let hidden = Hidden::of(user).and_of(prepared.head);
                    let (judged, again) =
                        judge_reply(user, program, scope, hidden, &reply, ended - due, uncounted);
                    let status = reply.head.status;
                    let streamed = reply.streamed.take();
                    reply.give_back(user, connections);
                    (judged.map(|judged| (judged, streamed)), Some(status), again)
                }
                Ok(Err(failure)) => {
                    let failure = failure.without(Hidden::of(user).and_of(prepared.head));
                    (Err(failure), None, on_every_failure)
                }
                Err(_elapsed) => {
                    timing.ended = Some(due + timeout);
                    (Err(timed_out(timeout, timing.written.is_some())), None, on_every_failure)
                }
            }
        }
    };
    user.give_back(line);
    let leaked = result.as_ref().is_err_and(Failure::is_cross_talk);
    Attempt { timing, result, status, again: again && !leaked }
}

/// Keeps captured values for later steps.
pub(crate) fn keep<'n>(scope: &mut Scope, names: impl Iterator<Item = &'n str>, attempt: &Attempt) {
    let Ok((Judged::Ok { captures, .. } | Judged::Refused { captures }, _)) = &attempt.result else { return };
    for (name, value) in names.zip(captures) {
        if !value.is_undefined() {
            scope.set(name, value.clone());
        }
    }
}

/// Records a request of the step with this number, which was due at `due`.
pub(crate) fn record(
    user: &User,
    step: usize,
    counters: &[(usize, Predicate)],
    due: Instant,
    attempt: Attempt,
    retries: u32,
) -> Outcome {
    let Attempt { timing, result, status, .. } = attempt;
    let mut queue_wait = None;
    let (outcome, counts, failure, streamed) = match result {
        Ok((Judged::Ok { counts, waited, .. }, streamed)) => {
            queue_wait = waited;
            (Outcome::Ok, counts, None, streamed)
        }
        Ok((Judged::Refused { .. }, _)) => (Outcome::Refused, Vec::new(), None, None),
        Err(failure) => (Outcome::Failed(failure.kind), Vec::new(), Some(failure), None),
    };
    let lane = user.seat.lane();
    match outcome {
        Outcome::Ok => lane.ok.add_one(),
        Outcome::Refused => lane.refused.add_one(),
        Outcome::Failed(_) => lane.failed.add_one(),
    }
    let mut recorder = user.seat.recorder.borrow_mut();
    if user.released.take()
        && let Some(written) = timing.written
    {
        recorder.first_send(written);
    }
    recorder.record(Sample {
        step,
        class: user.class,
        user: user.record,
        due,
        written: timing.written,
        ended: timing.ended.unwrap_or_else(Instant::now),
        outcome,
        failure,
        status,
        counts: &mut counters.iter().map(|(counter, _)| *counter).zip(counts),
        arrivals: streamed.as_ref().map_or(&[], |streamed| &streamed.arrivals),
        tokens: streamed.as_ref().map_or(0.0, |streamed| streamed.tokens),
        retries,
        queue_wait,
        aside: false,
    });
    outcome
}

/// Records an aside that began at `due`.
pub(crate) fn record_aside(user: &User, step: usize, due: Instant, attempt: Attempt) -> Outcome {
    let failure = attempt.result.err();
    let outcome = failure.as_ref().map_or(Outcome::Ok, |failure| Outcome::Failed(failure.kind));
    if failure.is_some() {
        user.seat.lane().failed.add_one();
    }
    user.seat.recorder.borrow_mut().record(Sample {
        step,
        class: user.class,
        user: user.record,
        due,
        written: attempt.timing.written,
        ended: attempt.timing.ended.unwrap_or_else(Instant::now),
        outcome,
        failure,
        status: attempt.status,
        counts: &mut std::iter::empty(),
        arrivals: &[],
        tokens: 0.0,
        retries: 0,
        queue_wait: None,
        aside: true,
    });
    outcome
}

/// Records a request that could not even be sent.
pub(crate) fn unsent(user: &User, step: usize, failure: Failure) {
    let now = Instant::now();
    user.seat.lane().failed.add_one();
    user.seat.recorder.borrow_mut().record(Sample {
        step,
        class: user.class,
        user: user.record,
        due: now,
        written: None,
        ended: now,
        outcome: Outcome::Failed(failure.kind),
        failure: Some(failure),
        status: None,
        counts: &mut std::iter::empty(),
        arrivals: &[],
        tokens: 0.0,
        retries: 0,
        queue_wait: None,
        aside: false,
    });
}

fn timed_out(timeout: Duration, written: bool) -> Failure {
    let what = if written { "no complete response" } else { "no connection" };
    Failure::new(FailureKind::Timeout, format!("{what} within {timeout:?}"))
}

fn judge_reply(
    user: &User,
    program: &RequestProgram,
    scope: &Scope,
    hidden: Hidden<'_>,
    reply: &Reply,
    latency: Duration,
    uncounted: Option<Failure>,
) -> (Result<Judged, Failure>, bool) {
    let headers = if program.reads_headers { reply.connection.headers() } else { HeaderMap::new() };
    let [head, raw] = reply.connection.parts();
    let content = reply.streamed.as_ref().map_or(&[][..], |streamed| &streamed.content);
    let body = if reply.streamed.is_some() { content } else { raw };
    let response = Response::new(reply.head.status, &headers, body, latency.as_secs_f64() * 1000.0);
    let places = [("in the streamed text", content), ("in the body", raw), ("in the headers", head)];
    let problem = stream_problem(program, reply).or(uncounted).map(|problem| problem.without(hidden));
    let judged = scan(user, hidden, &places)
        .and_then(|()| judge(&Rules::of(program, hidden), scope, &response, problem));
    let again = program.step.retry.as_ref().is_some_and(|retry| match &retry.when {
        Some(when) => when.holds(scope, Some(&response)).unwrap_or_default(),
        None => judged.is_err(),
    });
    (judged, again)
}

/// Looks for the canaries of other users, where the scenario does not do without.
pub(crate) fn scan(user: &User, hidden: Hidden<'_>, places: &[(&'static str, &[u8])]) -> Result<(), Failure> {
    let shared = &user.seat.shared;
    if !shared.scenario.canary_scan {
        return Ok(());
    }
    let name = |index| shared.user_name(index);
    Scan { canaries: &shared.canaries, own: user.index, places, name: &name, hidden }.run()
}

/// What is wrong with the stream that a step asks for, if anything is.
fn stream_problem(program: &RequestProgram, reply: &Reply) -> Option<Failure> {
    let stream = program.step.stream.as_ref()?;
    match &reply.streamed {
        Some(streamed) => streamed.problem(stream),
        None if reply.head.status < 400 => {
            Some(Failure::new(FailureKind::Protocol, "the response is no `text/event-stream`"))
        }
        // An error status speaks for itself.
        None => None,
    }
}
