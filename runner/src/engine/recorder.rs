//! What one worker measures: plain fields, written by one thread, merged when the load is through.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use loadgate_report::model::FailureKind;

use super::outcome::{Failure, Outcome};
use super::series::Intervals;
use super::spans::FineSpans;
use crate::suite::plan::Limits;

/// Failure samples kept for each kind and step.
const SAMPLES: usize = 3;

/// Content events from which on one can tell whether they were streamed.
const TELLING: usize = 5;
/// Share of its whole time after which the first content of an answer comes that was not streamed.
const LATE: f64 = 0.9;
/// Mean gap between the events of such an answer, at most.
const AT_ONCE: Duration = Duration::from_millis(1);

/// One request that ended.
pub(crate) struct Sample<'a> {
    pub(crate) step: usize,
    pub(crate) class: usize,
    /// The user's place in [`Recorder::users`].
    pub(crate) user: usize,
    pub(crate) due: Instant,
    /// First byte written, if it came to that.
    pub(crate) written: Option<Instant>,
    pub(crate) ended: Instant,
    pub(crate) outcome: Outcome,
    pub(crate) failure: Option<Failure>,
    pub(crate) status: Option<u16>,
    /// The counters' answers: (index of the counter, answer).
    pub(crate) counts: &'a mut dyn Iterator<Item = (usize, bool)>,
    /// Arrivals of the content of a stream, ascending.
    pub(crate) arrivals: &'a [Instant],
    /// Tokens in them.
    pub(crate) tokens: f64,
    /// How often it was sent again.
    pub(crate) retries: u32,
    /// Time that it waited before it was accepted, where the suite says so.
    pub(crate) queue_wait: Option<Duration>,
    /// It is no request of the load: only its failures are the scenario's.
    pub(crate) aside: bool,
}

/// Counts by outcome.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcomes {
    pub(crate) ok: u64,
    pub(crate) refused: u64,
    pub(crate) failed: BTreeMap<FailureKind, u64>,
}

/// What a step showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepRecord {
    pub(crate) outcomes: Outcomes,
    pub(crate) latency: FineSpans,
    pub(crate) service_time: FineSpans,
    pub(crate) queue_wait: FineSpans,
    pub(crate) retries: u64,
    pub(crate) ttft: FineSpans,
    pub(crate) itl: FineSpans,
    /// Tokens that came between the first and the last content event of a stream, and that time.
    pub(crate) tokens: f64,
    pub(crate) tokens_time: Duration,
    /// Streams with so many events that one can tell, and those of them that came all at once.
    pub(crate) streams: u64,
    pub(crate) unstreamed: u64,
    /// What its requests must keep to be good enough, and how many did.
    pub(crate) limits: Option<Limits>,
    pub(crate) good: u64,
    /// A handful at most, so a list that is searched beats a map.
    pub(crate) statuses: Vec<(u16, u64)>,
}

/// What a class showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClassRecord {
    pub(crate) outcomes: Outcomes,
    pub(crate) iterations: u64,
    pub(crate) latency: FineSpans,
}

/// What a counter counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct CounterRecord {
    pub(crate) latency_true: FineSpans,
    pub(crate) latency_false: FineSpans,
}

/// What one user did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UserRecord {
    pub(crate) ok: u32,
    pub(crate) refused: u32,
    pub(crate) failed: u32,
    pub(crate) latencies: u32,
    pub(crate) sum_us: u64,
    pub(crate) min_us: u32,
    pub(crate) max_us: u32,
}

/// A failed request as an example.
#[derive(Clone, Debug)]
pub(crate) struct FailureRecord {
    pub(crate) step: usize,
    pub(crate) user: u32,
    pub(crate) at: Duration,
    pub(crate) failure: Failure,
}

/// The span of time that counts for the figures, since the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Duration,
    pub(crate) to: Duration,
}

impl Window {
    fn holds(&self, at: Duration) -> bool {
        (self.from..self.to).contains(&at)
    }
}

/// Everything that one worker measured.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    pub(crate) released: Instant,
    pub(crate) window: Window,
    pub(crate) steps: Vec<StepRecord>,
    pub(crate) classes: Vec<ClassRecord>,
    pub(crate) counters: Vec<CounterRecord>,
    /// (index of the user, what it did), in the order of enrolment.
    pub(crate) users: Vec<(u32, UserRecord)>,
    pub(crate) failures: Vec<FailureRecord>,
    pub(crate) intervals: Intervals,
    /// Lateness of starts against the schedule of an open load.
    pub(crate) lateness: FineSpans,
    /// Starts that found no free user.
    pub(crate) dropped: u64,
    /// First and last first send of users that were released together.
    pub(crate) first_sends: Option<(Instant, Instant)>,
    /// End of the last request, since the release.
    pub(crate) last_end: Duration,
}

impl Recorder {
    pub(crate) fn new(
        released: Instant,
        window: Window,
        steps: usize,
        classes: usize,
        counters: usize,
    ) -> Self {
        Self {
            released,
            window,
            steps: vec![StepRecord::default(); steps],
            classes: vec![ClassRecord::default(); classes],
            counters: vec![CounterRecord::default(); counters],
            users: Vec::new(),
            failures: Vec::new(),
            intervals: Intervals::default(),
            lateness: FineSpans::default(),
            dropped: 0,
            first_sends: None,
            last_end: Duration::ZERO,
        }
    }

    /// Says what is good enough, in the order of the steps.
    pub(crate) fn limit(&mut self, limits: impl Iterator<Item = Option<Limits>>) {
        for (step, limits) in self.steps.iter_mut().zip(limits) {
            step.limits = limits;
        }
    }

    fn since_release(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.released)
    }

    /// Gives a user a place.
    pub(crate) fn enroll(&mut self, user: u32) -> usize {
        self.users.push((user, UserRecord::default()));
        self.users.len() - 1
    }

    /// Takes a request that ended.
    pub(crate) fn record(&mut self, sample: Sample<'_>) {
        let outcome = sample.outcome;
        let end = self.since_release(sample.ended);
        let spans_count = matches!(outcome, Outcome::Ok | Outcome::Failed(FailureKind::Timeout));
        let latency = micros(sample.ended.saturating_duration_since(sample.due));
        // An aside that is right leaves no trace but in its own step.
        let counts = !sample.aside || matches!(outcome, Outcome::Failed(_));
        if counts {
            self.intervals.ended(end, outcome.came(), (spans_count && !sample.aside).then_some(latency));
        }
        self.last_end = self.last_end.max(end);
        if let Some(failure) = sample.failure {
            self.sample_failure(sample.step, self.users[sample.user].0, end, failure);
        }
        if !self.window.holds(self.since_release(sample.due)) {
            // Warm-up and ramp-down say nothing of speed, but a foreign canary is a proof whenever it comes.
            if outcome == Outcome::Failed(FailureKind::CrossTalk) {
                self.steps[sample.step].outcomes.add(outcome);
                self.classes[sample.class].outcomes.add(outcome);
                self.users[sample.user].1.add(outcome);
            }
            return;
        }
        let step = &mut self.steps[sample.step];
        let class = &mut self.classes[sample.class];
        let user = &mut self.users[sample.user].1;
        step.outcomes.add(outcome);
        step.retries += u64::from(sample.retries);
        if let Some(wait) = sample.queue_wait {
            step.queue_wait.record(micros(wait));
        }
        if counts {
            class.outcomes.add(outcome);
            user.add(outcome);
        }
        if let Some(status) = sample.status {
            match step.statuses.iter_mut().find(|(known, _)| *known == status) {
                Some((_, n)) => *n += 1,
                None => step.statuses.push((status, 1)),
            }
        }
        if spans_count {
            let service =
                sample.written.map_or(latency, |w| micros(sample.ended.saturating_duration_since(w)));
            step.latency.record(latency);
            step.service_time.record(service);
            if !sample.aside {
                class.latency.record(latency);
                user.latency(latency);
            }
        }
        if outcome == Outcome::Ok {
            for (counter, answer) in sample.counts {
                let counter = &mut self.counters[counter];
                (if answer { &mut counter.latency_true } else { &mut counter.latency_false }).record(latency);
            }
        }
        let Some(written) = sample.written else { return };
        step.stream(sample.arrivals, sample.tokens, written);
        if let Some(limits) = step.limits
            && outcome == Outcome::Ok
        {
            let latency = sample.ended.saturating_duration_since(sample.due);
            step.good += u64::from(is_good(limits, latency, sample.arrivals, written));
        }
    }

    fn sample_failure(&mut self, step: usize, user: u32, at: Duration, failure: Failure) {
        let same = |f: &&FailureRecord| f.step == step && f.failure.kind == failure.kind;
        if self.failures.iter().filter(same).count() < SAMPLES {
            self.failures.push(FailureRecord { step, user, at, failure });
        }
    }

    /// Takes the end of a flow that began at `due`.
    pub(crate) fn completed(&mut self, class: usize, due: Instant) {
        if self.window.holds(self.since_release(due)) {
            self.classes[class].iterations += 1;
        }
    }

    /// Takes the first send of a user that was released together with others.
    pub(crate) fn first_send(&mut self, at: Instant) {
        let (first, last) = self.first_sends.unwrap_or((at, at));
        self.first_sends = Some((first.min(at), last.max(at)));
    }

    /// Users begin work (positive) or come to rest (negative).
    pub(crate) fn users_change(&mut self, change: i64) {
        let now = self.since_release(Instant::now());
        self.intervals.users(now, change);
    }
}

impl Outcomes {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Ok => self.ok += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Failed(kind) => *self.failed.entry(kind).or_default() += 1,
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.ok += other.ok;
        self.refused += other.refused;
        for (kind, n) in &other.failed {
            *self.failed.entry(*kind).or_default() += n;
        }
    }
}

impl StepRecord {
    fn stream(&mut self, arrivals: &[Instant], tokens: f64, written: Instant) {
        let [first, .., last] = arrivals else {
            if let [only] = arrivals {
                self.ttft.record(micros(only.saturating_duration_since(written)));
            }
            return;
        };
        let ttft = first.saturating_duration_since(written);
        self.ttft.record(micros(ttft));
        for pair in arrivals.windows(2) {
            self.itl.record(micros(pair[1].saturating_duration_since(pair[0])));
        }
        let lasted = last.saturating_duration_since(*first);
        let gaps = arrivals.len() - 1;
        // What the first event brought was there before this time began.
        self.tokens += tokens * gaps as f64 / arrivals.len() as f64;
        self.tokens_time += lasted;
        if arrivals.len() >= TELLING {
            self.streams += 1;
            // A stream that had to wait long for its turn is late in its first event too, but then they come one by one.
            let is_late = ttft.as_secs_f64() >= LATE * (ttft + lasted).as_secs_f64();
            self.unstreamed +=
                u64::from(is_late && lasted.as_secs_f64() < AT_ONCE.as_secs_f64() * gaps as f64);
        }
    }
}

/// Whether a request that is ok keeps to all limits.
fn is_good(limits: Limits, latency: Duration, arrivals: &[Instant], written: Instant) -> bool {
    let within = |limit: Option<Duration>, time: Option<Duration>| {
        limit.is_none_or(|limit| time.is_some_and(|time| time <= limit))
    };
    let ttft = arrivals.first().map(|first| first.saturating_duration_since(written));
    let gaps = u32::try_from(arrivals.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let lasted =
        arrivals.first().zip(arrivals.last()).map(|(first, last)| last.saturating_duration_since(*first));
    let itl = lasted.map(|lasted| lasted / gaps.max(1));
    within(limits.latency, Some(latency)) && within(limits.ttft, ttft) && within(limits.itl, itl)
}

impl UserRecord {
    fn add(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Ok => &mut self.ok,
            Outcome::Refused => &mut self.refused,
            Outcome::Failed(_) => &mut self.failed,
        };
        *count = count.saturating_add(1);
    }

    fn latency(&mut self, us: u64) {
        let short = u32::try_from(us).unwrap_or(u32::MAX);
        self.min_us = if self.latencies == 0 { short } else { self.min_us.min(short) };
        self.max_us = self.max_us.max(short);
        self.sum_us += us;
        self.latencies += 1;
    }
}

/// Whole microseconds, rounded.
pub(crate) fn micros(span: Duration) -> u64 {
    // Not by `as_nanos`, whose 128 bits are slow to divide.
    span.as_secs().saturating_mul(1_000_000).saturating_add(u64::from((span.subsec_nanos() + 500) / 1000))
}
