//! One scenario: its load, outcomes, latencies, conditions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::Place;
use super::{Estimate, Scorecard, Search};
use crate::quantity::Unit;
use crate::{Histogram, Verdict};

/// Everything that one scenario showed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Scenario {
    /// Name in the suite.
    pub name: String,
    /// What it comes to.
    pub verdict: Verdict,
    /// One sentence: why.
    pub reason: String,
    /// The suite's own description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Why it was not run, or could not be run to any figure, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_run: Option<String>,
    /// Requirement labels of the suite, such as `C4`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<String>,
    /// The load in words, such as `20 users × 3 iterations, together`.
    pub load: String,
    /// Virtual users at the peak.
    pub users_peak: u32,
    /// Start, in seconds after the run's start.
    pub started_s: f64,
    /// Duration in seconds, warm-up and ramp-down cut; base of `throughput`.
    pub duration_s: f64,
    /// Completed flows.
    #[serde(default)]
    #[serde(deserialize_with = "crate::count::one")]
    pub iterations: u64,
    /// Requests that ended `ok`, `refused` or `failed`.
    #[serde(deserialize_with = "crate::count::one")]
    pub requests: u64,
    /// Requests that did what they should.
    #[serde(deserialize_with = "crate::count::one")]
    pub ok: u64,
    /// Refused as the suite expects; no errors.
    #[serde(deserialize_with = "crate::count::one")]
    pub refused: u64,
    /// Failed, by kind.
    #[serde(deserialize_with = "crate::count::by")]
    pub failed: BTreeMap<FailureKind, u64>,
    /// ok / (ok + failed); `None` where nothing was ok or failed.
    pub success_rate: Option<f64>,
    /// Over the steps for which the suite has limits: share of ok + failed that was ok within all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodput: Option<f64>,
    /// Completed requests (ok and refused) per second of `duration_s`; `None` without any.
    pub throughput: Option<f64>,
    /// Due time to last byte, over the ok requests and the timed-out ones.
    pub latency_ms: Distribution,
    /// First byte written to last byte, over the same.
    #[serde(default)]
    pub service_time_ms: Distribution,
    /// The steps of its flows.
    pub steps: Vec<Step>,
    /// Groups of users with figures of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
    /// The suite's own counters, with the latencies split by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<Counter>,
    /// Figures over time.
    #[serde(default)]
    pub series: Series,
    /// The users one by one; those with failures and the slowest first where there are too many for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<User>,
    /// Users left out of `users`.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[serde(deserialize_with = "crate::count::one")]
    pub users_left_out: u64,
    /// The suite's conditions with what they came to.
    #[serde(default)]
    pub conditions: Vec<ConditionResult>,
    /// Examples of failures, a few of each kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureSample>,
    /// The grade that the suite's scale gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// The suite's scorecards on this scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scorecards: Vec<Scorecard>,
    /// The search for the capacity, where the load is one. The scenario's other figures are then those of the largest level
    /// that held, or of the first level where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// What the service sustains by Little's law, where the load was steady.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// Memory, CPU and I/O of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Values read from outside while it ran, such as a field of a health route.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Probe>,
    /// Whether the generator kept up.
    #[serde(default)]
    pub generator: Generator,
    /// Named spans of the run, such as warm-up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Phase>,
    /// Main figures of each repetition, where there was more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<Round>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Scenario {
    /// Requests that failed, all kinds.
    pub fn failed_total(&self) -> u64 {
        self.failed.values().sum()
    }

    /// The step of that name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|s| s.name == name)
    }
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FailureKind {
    /// No complete response within the step's time-out.
    #[serde(rename = "timeout")]
    Timeout,
    /// No connection.
    #[serde(rename = "connect")]
    Connect,
    /// The TLS handshake failed.
    #[serde(rename = "tls")]
    Tls,
    /// The connection was closed or reset before the response was complete.
    #[serde(rename = "reset")]
    Reset,
    /// A status of 500 to 599 that no check asked for.
    #[serde(rename = "status 5xx")]
    Status5xx,
    /// A status of 400 to 499 that no check asked for.
    #[serde(rename = "status 4xx")]
    Status4xx,
    /// A check did not hold.
    #[serde(rename = "check")]
    Check,
    /// A stream ended without its terminal event, or a body before its announced length.
    #[serde(rename = "truncated")]
    Truncated,
    /// Not valid HTTP, SSE or WebSocket.
    #[serde(rename = "protocol")]
    Protocol,
    /// Another user's canary was in the response.
    #[serde(rename = "cross_talk")]
    CrossTalk,
}

impl FailureKind {
    /// All kinds, in the order in which outputs list them.
    pub const ALL: [Self; 10] = [
        Self::Timeout,
        Self::Connect,
        Self::Tls,
        Self::Reset,
        Self::Status5xx,
        Self::Status4xx,
        Self::Check,
        Self::Truncated,
        Self::Protocol,
        Self::CrossTalk,
    ];

    /// The words of the contract, such as `status 5xx`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::Status5xx => "status 5xx",
            Self::Status4xx => "status 4xx",
            Self::Check => "check",
            Self::Truncated => "truncated",
            Self::Protocol => "protocol",
            Self::CrossTalk => "cross_talk",
        }
    }
}

/// A distribution of time spans in milliseconds. A quantile that the samples cannot carry is `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Distribution {
    /// Samples.
    #[serde(deserialize_with = "crate::count::one")]
    pub count: u64,
    /// Arithmetic mean.
    pub mean: Option<f64>,
    /// Smallest.
    pub min: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// Standard deviation.
    #[serde(default)]
    pub stdev: Option<f64>,
    /// All samples.
    #[serde(default)]
    pub histogram: Histogram,
}

impl From<Histogram> for Distribution {
    fn from(histogram: Histogram) -> Self {
        Self {
            count: histogram.count(),
            mean: histogram.mean_ms(),
            min: histogram.min_ms(),
            p50: histogram.quantile_ms(0.5),
            p90: histogram.quantile_ms(0.9),
            p95: histogram.quantile_ms(0.95),
            p99: histogram.quantile_ms(0.99),
            max: histogram.max_ms(),
            stdev: histogram.stdev_ms(),
            histogram,
        }
    }
}

/// One step of a flow, summed over all users.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// Name in the suite, or method and path.
    pub name: String,
    /// The request line as the suite writes it, such as `POST /api/chat`.
    #[serde(default)]
    pub request: String,
    /// Requests.
    #[serde(deserialize_with = "crate::count::one")]
    pub requests: u64,
    /// Requests that did what they should.
    #[serde(deserialize_with = "crate::count::one")]
    pub ok: u64,
    /// Refused as expected.
    #[serde(deserialize_with = "crate::count::one")]
    pub refused: u64,
    /// Failed, by kind.
    #[serde(deserialize_with = "crate::count::by")]
    pub failed: BTreeMap<FailureKind, u64>,
    /// ok / (ok + failed).
    pub success_rate: Option<f64>,
    /// Due time to last byte.
    pub latency_ms: Distribution,
    /// First byte written to last byte.
    #[serde(default)]
    pub service_time_ms: Distribution,
    /// Time from due to accepted, where the suite says what that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_wait_ms: Option<Distribution>,
    /// How often requests were sent again; each is counted once, by its last response.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[serde(deserialize_with = "crate::count::one")]
    pub retries: u64,
    /// First byte written to the first content of a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<Distribution>,
    /// Gaps between content events of streams, pooled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub itl_ms: Option<Distribution>,
    /// Tokens per second of streaming, from the first content event to the last. What a token is, the suite says; each content
    /// event is one where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_s: Option<f64>,
    /// Streams with so many content events (five) that one can tell whether they were streamed.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[serde(deserialize_with = "crate::count::one")]
    pub streams: u64,
    /// Those of them whose content came all at once, at the end.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[serde(deserialize_with = "crate::count::one")]
    pub unstreamed: u64,
    /// Share of ok + failed that was ok within all limits of the suite; `None` where it has none for this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodput: Option<f64>,
    /// Responses by HTTP status.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[serde(deserialize_with = "crate::count::by")]
    pub statuses: BTreeMap<u16, u64>,
}

/// A group of users with a flow of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Class {
    /// Name in the suite.
    pub name: String,
    /// Users of the class.
    pub users: u32,
    /// Completed flows.
    #[serde(deserialize_with = "crate::count::one")]
    pub iterations: u64,
    /// Requests.
    #[serde(deserialize_with = "crate::count::one")]
    pub requests: u64,
    /// Requests that did what they should.
    #[serde(deserialize_with = "crate::count::one")]
    pub ok: u64,
    /// Refused as expected.
    #[serde(deserialize_with = "crate::count::one")]
    pub refused: u64,
    /// Failed, by kind.
    #[serde(deserialize_with = "crate::count::by")]
    pub failed: BTreeMap<FailureKind, u64>,
    /// ok / (ok + failed).
    pub success_rate: Option<f64>,
    /// Completed requests per second of the scenario's duration.
    #[serde(default)]
    pub throughput: Option<f64>,
    /// Due time to last byte.
    pub latency_ms: Distribution,
}

/// A yes/no counter of the suite over the ok responses, such as `cache_hit`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counter {
    /// Name in the suite.
    pub name: String,
    /// Responses where it was true.
    #[serde(deserialize_with = "crate::count::one")]
    pub yes: u64,
    /// Responses where it was false.
    #[serde(deserialize_with = "crate::count::one")]
    pub no: u64,
    /// yes / (yes + no).
    pub rate: Option<f64>,
    /// Latency where it was true.
    pub latency_true_ms: Distribution,
    /// Latency where it was false.
    pub latency_false_ms: Distribution,
}

/// Figures over time, one entry an interval in every column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Series {
    /// Length of an interval in seconds.
    pub interval_s: f64,
    /// Requests completed ok in the interval.
    #[serde(deserialize_with = "crate::count::list")]
    pub ok: Vec<u64>,
    /// Refused in the interval.
    #[serde(deserialize_with = "crate::count::list")]
    pub refused: Vec<u64>,
    /// Failed in the interval.
    #[serde(deserialize_with = "crate::count::list")]
    pub failed: Vec<u64>,
    /// Users at work at the end of the interval.
    pub users: Vec<u32>,
    /// Median latency of the interval.
    pub p50_ms: Vec<Option<f64>>,
    /// 95th percentile of the interval, `null` with fewer than 20 samples.
    pub p95_ms: Vec<Option<f64>>,
    /// Largest latency of the interval.
    pub max_ms: Vec<Option<f64>>,
    /// Resident memory of the target, bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memory: Vec<Option<f64>>,
    /// Processor use of the target, cores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpu: Vec<Option<f64>>,
}

/// One virtual user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its class, where the scenario has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Requests that did what they should.
    #[serde(deserialize_with = "crate::count::one")]
    pub ok: u64,
    /// Refused as expected.
    #[serde(deserialize_with = "crate::count::one")]
    pub refused: u64,
    /// Failed, all kinds.
    #[serde(deserialize_with = "crate::count::one")]
    pub failed: u64,
    /// Mean latency.
    pub mean_ms: Option<f64>,
    /// Smallest latency.
    pub min_ms: Option<f64>,
    /// Largest latency.
    pub max_ms: Option<f64>,
}

/// A condition of the suite and what it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConditionResult {
    /// As the suite writes it, such as `latency.p95 < 5s`.
    pub text: String,
    /// Whether it fails the gate or only warns.
    pub level: Level,
    /// What it comes to. A broken warn-only condition is `fail` here and does not touch the scenario's verdict.
    pub verdict: Verdict,
    /// The figure, or the whole left side where it is arithmetic.
    pub figure: String,
    /// The left side's value.
    pub value: Option<f64>,
    /// The right side's value.
    pub limit: Option<f64>,
    /// Unit of both.
    pub unit: Unit,
    /// Samples behind the value.
    #[serde(deserialize_with = "crate::count::one")]
    pub samples: u64,
    /// Value and limit in words, and why it could not be judged where it could not.
    pub message: String,
    /// Requirement label, such as `C4`.
    #[serde(default)]
    pub requirement: Option<String>,
    /// Where it stands in the suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Whether a condition fails the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Fails the gate.
    #[default]
    Critical,
    /// Told, but fails nothing.
    Warn,
}

/// One failed request as an example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FailureSample {
    /// Why it failed.
    pub kind: FailureKind,
    /// The step.
    pub step: String,
    /// The user.
    pub user: String,
    /// Seconds after the scenario's start.
    pub at_s: f64,
    /// What was seen: status, error or failed check; cut to 300 characters.
    pub message: String,
    /// For cross-talk: the user whose canary was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign_user: Option<String>,
}

/// What the target's process tree used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resources {
    /// Resident memory before the scenario, bytes.
    pub memory_before: f64,
    /// Highest resident memory seen, bytes.
    pub memory_peak: f64,
    /// Resident memory after it had drained, bytes.
    pub memory_after: f64,
    /// after − before, bytes; negative where it shrank.
    pub memory_growth: f64,
    /// Trend of the resident memory in bytes per second (Theil–Sen), `None` with fewer than ten samples.
    #[serde(default)]
    pub memory_slope: Option<f64>,
    /// Processor time used, seconds.
    pub cpu_s: f64,
    /// Mean processor use in cores.
    pub cpu_cores: f64,
    /// Bytes read from storage.
    #[serde(default)]
    pub read_bytes: Option<f64>,
    /// Bytes written to storage.
    #[serde(default)]
    pub written_bytes: Option<f64>,
    /// Most open files seen.
    #[serde(default)]
    pub open_files_peak: Option<u64>,
}

/// A value read from outside, such as a field of a health route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Probe {
    /// Name in the suite.
    pub name: String,
    /// Before the scenario.
    pub before: Option<f64>,
    /// After it.
    pub after: Option<f64>,
    /// Smallest seen.
    pub min: Option<f64>,
    /// Largest seen.
    pub max: Option<f64>,
    /// Times that it was read.
    #[serde(deserialize_with = "crate::count::one")]
    pub samples: u64,
}

/// Whether the generator kept up. Where it did not, the figures are its own and not the target's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Generator {
    /// Lateness of sends against the schedule, 99th percentile in ms; `None` where the load has no schedule.
    pub lateness_p99_ms: Option<f64>,
    /// The generator's own processor use over the scenario, cores.
    pub cpu_cores: f64,
    /// Longest stall of one of its threads, ms.
    pub stall_max_ms: f64,
    /// Starts that the schedule asked for and that could not be made.
    #[serde(deserialize_with = "crate::count::one")]
    pub dropped_starts: u64,
    /// Time between the first and the last first send of users released together, ms.
    #[serde(default)]
    pub release_spread_ms: Option<f64>,
    /// Why its figures cannot be trusted, and what to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A named span of the scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Phase {
    /// Such as `warm-up`, `stage 2`, or `drain`.
    pub name: String,
    /// Start, seconds after the scenario's.
    pub from_s: f64,
    /// End.
    pub to_s: f64,
}

impl Phase {
    /// Name of the time at the beginning that is not measured.
    pub const WARM_UP: &str = "warm-up";
    /// Name of the time before the end that is not measured.
    pub const RAMP_DOWN: &str = "ramp-down";
    /// Name of the time after the load's own end, in which what was begun before is waited for.
    pub const DRAIN: &str = "drain";
}

/// Main figures of one repetition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Round {
    /// Why it was run: `first` or `confirm`.
    pub purpose: String,
    /// Its figures by name, in base units.
    pub figures: BTreeMap<String, f64>,
}
