//! One request of one user: sent, judged, recorded.

use std::time::{Duration, Instant};

use http::HeaderMap;
use loadgate_report::model::FailureKind;

use super::client::RequestProgram;
use super::exchange::{Exchange, Reply, Timing};
use super::outcome::{Failure, Judged, Outcome, Scan, judge};
use super::recorder::Sample;
use super::stream::Streamed;
use super::user::{Line, User};
use crate::suite::scope::{Response, Scope};

/// Sends a request, judges the response, records both; captured values go into `scope`. `due` is when it was to be sent,
/// where that is not now.
pub(crate) async fn run(
    user: &User,
    program: &RequestProgram,
    scope: &mut Scope,
    due: Option<Instant>,
) -> Outcome {
    let mut line = user.take_line();
    let Line { connections, deadline, scratch } = &mut *line;
    let seat = &*user.seat;
    let prepared = {
        let jar = user.jar.borrow();
        program.prepare(scope, &seat.shared.base_path, &seat.endpoints, jar.as_deref(), scratch)
    };
    let due = due.unwrap_or_else(Instant::now);
    let timeout = program.step.timeout;
    let mut timing = Timing::default();
    let (result, status) = match prepared {
        Err(error) => (Err(Failure::from(error)), None),
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
                    let judged = judge_reply(user, program, scope, &reply, ended - due);
                    let status = reply.head.status;
                    let streamed = reply.streamed.take();
                    reply.give_back(user, connections);
                    (judged.map(|judged| (judged, streamed)), Some(status))
                }
                Ok(Err(failure)) => (Err(failure), None),
                Err(_elapsed) => {
                    timing.ended = Some(due + timeout);
                    (Err(timed_out(timeout, timing.written.is_some())), None)
                }
            }
        }
    };
    user.give_back(line);
    record(user, program, scope, due, timing, result, status)
}

fn record(
    user: &User,
    program: &RequestProgram,
    scope: &mut Scope,
    due: Instant,
    timing: Timing,
    result: Result<(Judged, Option<Streamed>), Failure>,
    status: Option<u16>,
) -> Outcome {
    let step = &*program.step;
    let (outcome, captures, counts, failure, streamed) = match result {
        Ok((Judged::Ok { captures, counts }, streamed)) => (Outcome::Ok, captures, counts, None, streamed),
        Ok((Judged::Refused { captures }, _)) => (Outcome::Refused, captures, Vec::new(), None, None),
        Err(failure) => (Outcome::Failed(failure.kind), Vec::new(), Vec::new(), Some(failure), None),
    };
    for ((name, _), value) in step.captures.iter().zip(captures) {
        if !value.is_undefined() {
            scope.set(name, value);
        }
    }
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
        step: step.id,
        class: user.class,
        user: user.record,
        due,
        written: timing.written,
        ended: timing.ended.unwrap_or_else(Instant::now),
        outcome,
        failure,
        status,
        counts: &mut step.counts.iter().map(|(counter, _)| *counter).zip(counts),
        arrivals: streamed.as_ref().map_or(&[], |streamed| &streamed.arrivals),
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
    reply: &Reply,
    latency: Duration,
) -> Result<Judged, Failure> {
    let shared = &user.seat.shared;
    let headers = if program.reads_headers { reply.connection.headers() } else { HeaderMap::new() };
    let [head, raw] = reply.connection.parts();
    let content = reply.streamed.as_ref().map_or(&[][..], |streamed| &streamed.content);
    let body = if reply.streamed.is_some() { content } else { raw };
    let response = Response::new(reply.head.status, &headers, body, latency.as_secs_f64() * 1000.0);
    let places = [("in the streamed text", content), ("in the body", raw), ("in the headers", head)];
    let name = |index: u32| (index < shared.users).then(|| shared.user_name(index));
    let scan = Scan { canaries: &shared.canaries, own: user.index, places: &places, name: &name };
    judge(
        program,
        scope,
        &response,
        shared.scenario.canary_scan.then_some(&scan),
        stream_problem(program, reply),
    )
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
