//! From what the workers measured to the report's scenario.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use loadgate_report::Histogram;
use loadgate_report::model::{self, Distribution, FailureKind, FailureSample, Generator};

use super::describe;
use super::health::{self, Vitals};
use super::hidden::Hidden;
use super::recorder::{
    ClassRecord, CounterRecord, FailureRecord, Outcomes, Recorder, StepRecord, UserRecord,
};
use super::seat::Shared;
use super::spans::FineSpans;
use super::worker::Measured;

/// Most users that the report lists.
const USERS: usize = 500;
/// Most failure samples of one kind.
const FAILURES: usize = 5;

/// Adds up the workers. `run_started` is the run's own begin, `length` that of the load where it is known.
pub(crate) fn scenario(
    shared: &Shared,
    measured: Vec<Measured>,
    run_started: Instant,
    length: Option<Duration>,
) -> model::Scenario {
    let lasted = measured.iter().map(|m| m.lasted).max().unwrap_or_default();
    let cpu = measured.iter().map(|m| m.cpu).sum::<Duration>();
    // Of the whole length: a worker whose users ended early had all the rest of it to spare.
    let share = |m: &Measured| m.cpu.as_secs_f64() / lasted.as_secs_f64().max(1e-9);
    let busiest = measured.iter().map(share).fold(0.0, f64::max);
    let stall = measured.iter().map(|m| m.stall).max().unwrap_or_default();
    let workers = measured.len();
    let all = measured.into_iter().map(|m| m.recorder).reduce(merge).expect("there is at least one worker");

    let plan = &*shared.scenario;
    let mut outcomes = Outcomes::default();
    let (mut latency, mut service_time) = (Histogram::default(), Histogram::default());
    for (step, info) in all.steps.iter().zip(&plan.steps) {
        if info.aside {
            // What is right beside the load is none of it.
            outcomes.merge(&Outcomes { ok: 0, refused: 0, ..step.outcomes.clone() });
            continue;
        }
        outcomes.merge(&step.outcomes);
        latency.merge(&Histogram::from(&step.latency));
        service_time.merge(&Histogram::from(&step.service_time));
    }
    let to = all.window.to.min(all.last_end);
    let duration_s = to.saturating_sub(all.window.from).as_secs_f64();
    let counts = Counts::from(&outcomes);
    let mut limited = (Outcomes::default(), 0);
    for step in all.steps.iter().filter(|step| step.limits.is_some()) {
        limited.0.merge(&step.outcomes);
        limited.1 += step.good;
    }
    let goodput = Counts::from(&limited.0).share(limited.1);
    let per_second = |counts: &Counts| {
        let completed = counts.ok + counts.refused;
        (completed > 0 && duration_s > 0.0).then(|| completed as f64 / duration_s)
    };
    let latency_ms = Distribution::from(latency);
    let generator = generator(&all, &latency_ms, lasted, cpu, busiest, stall, workers);
    let classes = plan.classes.iter().zip(&shared.classes).zip(&all.classes);
    let classes = classes.filter_map(|((class, shared), record)| {
        let counts = Counts::from(&record.outcomes);
        Some(model::Class {
            name: class.name.clone()?,
            users: shared.peak(),
            iterations: record.iterations,
            requests: counts.requests(),
            ok: counts.ok,
            refused: counts.refused,
            success_rate: counts.success_rate(),
            throughput: per_second(&counts),
            latency_ms: Histogram::from(&record.latency).into(),
            failed: counts.failed,
        })
    });
    let (users, users_left_out) = users(shared, &all.users);
    model::Scenario {
        name: plan.name.clone(),
        description: plan.description.clone(),
        requirements: plan.requirements.clone(),
        load: describe::scenario(plan),
        users_peak: shared.classes.iter().map(super::seat::SharedClass::peak).sum(),
        started_s: all.released.saturating_duration_since(run_started).as_secs_f64(),
        duration_s,
        iterations: all.classes.iter().map(|class| class.iterations).sum(),
        requests: counts.requests(),
        ok: counts.ok,
        refused: counts.refused,
        success_rate: counts.success_rate(),
        goodput,
        throughput: per_second(&counts),
        latency_ms,
        service_time_ms: service_time.into(),
        steps: plan.steps.iter().zip(&all.steps).map(|(info, record)| step(info, record)).collect(),
        classes: classes.collect(),
        counters: plan
            .counters
            .iter()
            .zip(&all.counters)
            .map(|(name, record)| counter(name, record))
            .collect(),
        users,
        users_left_out,
        failures: failures(shared, &all.failures),
        generator,
        phases: describe::phases(plan, length, lasted),
        series: all.intervals.report(),
        failed: counts.failed,
        ..model::Scenario::default()
    }
}

struct Counts {
    ok: u64,
    refused: u64,
    failed: BTreeMap<FailureKind, u64>,
}

impl From<&Outcomes> for Counts {
    fn from(outcomes: &Outcomes) -> Self {
        Self { ok: outcomes.ok, refused: outcomes.refused, failed: outcomes.failed.clone() }
    }
}

impl Counts {
    fn failed_total(&self) -> u64 {
        self.failed.values().sum()
    }

    fn requests(&self) -> u64 {
        self.ok + self.refused + self.failed_total()
    }

    fn success_rate(&self) -> Option<f64> {
        self.share(self.ok)
    }

    /// So many of those that were ok or failed.
    fn share(&self, of_them: u64) -> Option<f64> {
        let judged = self.ok + self.failed_total();
        (judged > 0).then(|| of_them as f64 / judged as f64)
    }
}

fn merge(mut into: Recorder, from: Recorder) -> Recorder {
    for (own, other) in into.steps.iter_mut().zip(from.steps) {
        merge_step(own, other);
    }
    for (own, other) in into.classes.iter_mut().zip(from.classes) {
        let ClassRecord { outcomes, iterations, latency } = other;
        own.outcomes.merge(&outcomes);
        own.iterations += iterations;
        own.latency.merge(&latency);
    }
    for (own, other) in into.counters.iter_mut().zip(from.counters) {
        own.latency_true.merge(&other.latency_true);
        own.latency_false.merge(&other.latency_false);
    }
    into.users.extend(from.users);
    into.failures.extend(from.failures);
    into.intervals.merge(from.intervals);
    into.lateness.merge(&from.lateness);
    into.dropped += from.dropped;
    into.first_sends = match (into.first_sends, from.first_sends) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (one, other) => one.or(other),
    };
    into.last_end = into.last_end.max(from.last_end);
    into
}

fn merge_step(into: &mut StepRecord, from: StepRecord) {
    into.outcomes.merge(&from.outcomes);
    into.latency.merge(&from.latency);
    into.service_time.merge(&from.service_time);
    into.queue_wait.merge(&from.queue_wait);
    into.retries += from.retries;
    into.ttft.merge(&from.ttft);
    into.itl.merge(&from.itl);
    into.tokens += from.tokens;
    into.tokens_time += from.tokens_time;
    into.streams += from.streams;
    into.unstreamed += from.unstreamed;
    into.good += from.good;
    for (status, n) in from.statuses {
        match into.statuses.iter_mut().find(|(known, _)| *known == status) {
            Some((_, own)) => *own += n,
            None => into.statuses.push((status, n)),
        }
    }
}

fn step(info: &crate::suite::plan::StepInfo, record: &StepRecord) -> model::Step {
    let counts = Counts::from(&record.outcomes);
    let some = |spans: &FineSpans| (spans.count() > 0).then(|| Histogram::from(spans).into());
    model::Step {
        name: info.name.clone(),
        request: info.request.clone(),
        requests: counts.requests(),
        ok: counts.ok,
        refused: counts.refused,
        success_rate: counts.success_rate(),
        latency_ms: Histogram::from(&record.latency).into(),
        service_time_ms: Histogram::from(&record.service_time).into(),
        queue_wait_ms: some(&record.queue_wait),
        retries: record.retries,
        ttft_ms: some(&record.ttft),
        itl_ms: some(&record.itl),
        tokens_per_s: (!record.tokens_time.is_zero())
            .then(|| record.tokens / record.tokens_time.as_secs_f64()),
        streams: record.streams,
        unstreamed: record.unstreamed,
        goodput: record.limits.and(counts.share(record.good)),
        statuses: record.statuses.iter().copied().collect(),
        failed: counts.failed,
    }
}

fn counter(name: &str, record: &CounterRecord) -> model::Counter {
    let (yes, no) = (record.latency_true.count(), record.latency_false.count());
    model::Counter {
        name: name.to_owned(),
        yes,
        no,
        rate: (yes + no > 0).then(|| yes as f64 / (yes + no) as f64),
        latency_true_ms: Histogram::from(&record.latency_true).into(),
        latency_false_ms: Histogram::from(&record.latency_false).into(),
    }
}

/// The users in order; where there are too many for all, those with failures and the slowest.
fn users(shared: &Shared, records: &[(u32, UserRecord)]) -> (Vec<model::User>, u64) {
    let mean_us = |user: &UserRecord| user.sum_us.checked_div(u64::from(user.latencies)).unwrap_or(0);
    let mut records = records.to_vec();
    if records.len() > USERS {
        records.sort_by_key(|(_, user)| std::cmp::Reverse((user.failed, mean_us(user))));
    } else {
        records.sort_by_key(|(index, _)| *index);
    }
    let left_out = records.len().saturating_sub(USERS) as u64;
    let users = records.into_iter().take(USERS).map(|(index, user)| {
        let ms = |us: u64| (user.latencies > 0).then_some(us as f64 / 1000.0);
        let class = shared.classes.iter().rposition(|class| class.first_user <= index);
        model::User {
            name: shared.user_name(index),
            class: class.and_then(|class| shared.scenario.classes[class].name.clone()),
            ok: u64::from(user.ok),
            refused: u64::from(user.refused),
            failed: u64::from(user.failed),
            mean_ms: (user.latencies > 0).then(|| user.sum_us as f64 / f64::from(user.latencies) / 1000.0),
            min_ms: ms(u64::from(user.min_us)),
            max_ms: ms(u64::from(user.max_us)),
        }
    });
    (users.collect(), left_out)
}

/// The earliest of each kind.
fn failures(shared: &Shared, records: &[FailureRecord]) -> Vec<FailureSample> {
    let mut records: Vec<&FailureRecord> = records.iter().collect();
    records.sort_by_key(|record| record.at);
    let mut of_kind: BTreeMap<FailureKind, usize> = BTreeMap::new();
    let few = records.into_iter().filter(|record| {
        let n = of_kind.entry(record.failure.kind).or_default();
        *n += 1;
        *n <= FAILURES
    });
    let samples = few.map(|record| FailureSample {
        kind: record.failure.kind,
        step: shared.scenario.steps.get(record.step).map(|info| info.name.clone()).unwrap_or_default(),
        user: shared.user_name(record.user),
        at_s: record.at.as_secs_f64(),
        message: Hidden::secrets(&shared.secrets).beginning(&record.failure.message, 300),
        foreign_user: record.failure.foreign.map(|index| shared.user_name(index)),
    });
    samples.collect()
}

fn generator(
    all: &Recorder,
    latency: &Distribution,
    lasted: Duration,
    cpu: Duration,
    busiest: f64,
    stall: Duration,
    workers: usize,
) -> Generator {
    let starts = all.lateness.count() + all.dropped;
    // With few samples the largest stands for the quantile that they cannot carry.
    let lateness = Distribution::from(Histogram::from(&all.lateness));
    let lateness_p99_ms = lateness.p99.or(lateness.max);
    let vitals = Vitals {
        dropped: all.dropped,
        starts,
        lateness_p99_ms,
        latency_p50_ms: latency.p50,
        busiest,
        lasted,
        workers,
    };
    Generator {
        lateness_p99_ms,
        cpu_cores: cpu.as_secs_f64() / lasted.as_secs_f64().max(1e-9),
        stall_max_ms: stall.as_secs_f64() * 1000.0,
        dropped_starts: all.dropped,
        release_spread_ms: all.first_sends.map(|(first, last)| (last - first).as_secs_f64() * 1000.0),
        problem: health::problem(&vitals),
    }
}
