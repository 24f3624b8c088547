//! A suite as decided: values that cannot be wrong any more, ready to be executed.
//!
//! [`super::file`] is the suite as typed. Deciding resolves names, compiles texts and expressions, gives every request
//! step a number, and reports everything that is wrong at once.

mod script;
mod socket;
mod stream;
mod target;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use loadgate_report::condition::Condition;
use loadgate_report::judge::Better;
use loadgate_report::model::{Level, Place};

use super::data::DataSet;
use super::expression::{Expression, Predicate};
use super::text::Text;

pub use self::script::{Script, ScriptAct, Turn};
pub use self::socket::{Await, Connect, Outgoing, SocketAction, SocketStep};
pub use self::stream::{Limits, Stream, Tokens};
pub use self::target::{Probe, ProbeSource, Ready, Target, Trust};

/// A whole suite.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `name`.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// The file as named on the command line.
    pub file: Utf8PathBuf,
    /// SHA-256 over what decides the load and its judgement by a baseline, first 16 hex digits. Conditions, descriptions,
    /// grades, cost and gate settings do not go into it: changing a limit does not make runs incomparable.
    pub hash: String,
    /// The service under test.
    pub target: Target,
    /// Variables after `--set`, without secrets' values; for the report.
    pub variables: BTreeMap<String, String>,
    /// `vars` as templates see them, secrets included; no output may contain it.
    pub vars: minijinja::Value,
    /// Data sets by name.
    pub data: Vec<Arc<DataSet>>,
    /// Scenarios in order.
    pub scenarios: Vec<Arc<Scenario>>,
    /// Grades, best first; the last may be `otherwise`.
    pub grades: Vec<Grade>,
    /// Price of requests.
    pub cost: Option<Cost>,
    /// Scorecards, in order.
    pub scorecards: Vec<Scorecard>,
    /// Settings of the comparison.
    pub gate: Gate,
    /// Texts that no output may contain; [`Plan::keep_secret`] adds to them.
    pub secrets: Vec<String>,
    /// The seed of every random choice.
    pub seed: u64,
    /// Whether the full lengths were asked for.
    pub full: bool,
}

impl Plan {
    /// Adds texts that no output may contain, those of the service included.
    pub fn keep_secret(&mut self, texts: impl IntoIterator<Item = String>) {
        self.secrets.extend(texts);
        self.target.secrets.clone_from(&self.secrets);
    }
}

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Name.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// Requirement labels (`requirement:`).
    pub requirements: Vec<String>,
    /// Groups of users; exactly one without a name where the scenario has no `classes`.
    pub classes: Vec<Class>,
    /// What named users do in a written order. Then there is one class, without a mix, whose load is its users, each with one
    /// iteration: [`Script::users`] in the order of their numbers.
    pub script: Option<Arc<Script>>,
    /// How to look for the capacity: the class's load is the first level, and the others are made of it by
    /// [`Search::load`].
    pub search: Option<Search>,
    /// All request steps and asides of all its flows; [`RequestStep::id`] and [`AsideStep::id`] are the index.
    pub steps: Vec<StepInfo>,
    /// The request steps of `setup` and `teardown`, which have a numbering of their own: their [`RequestStep::id`] is an
    /// index into this.
    pub unmeasured_steps: Vec<StepInfo>,
    /// Names of its counters (`count:`); [`RequestStep::counts`] refers to them by index.
    pub counters: Vec<String>,
    /// Steps run once by one user before the load; their failure makes the scenario invalid. Not measured.
    pub setup: Vec<Step>,
    /// Steps run once after the load, also after a failure. Not measured.
    pub teardown: Vec<Step>,
    /// Cut off the beginning of the measured time.
    pub warm_up: Duration,
    /// Cut off the end.
    pub ramp_down: Duration,
    /// Conditions, critical and warn-only, in the order of the suite.
    pub conditions: Vec<ConditionRule>,
    /// Scan responses for other users' canaries (default true).
    pub canary_scan: bool,
    /// Time to let the target come to rest before `after` values are read.
    pub settle: Duration,
    /// Where it stands in the suite.
    pub place: Place,
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct Class {
    /// Name; `None` for the only class of a scenario without `classes`.
    pub name: Option<String>,
    /// How many users do how much, and when.
    pub load: Load,
    /// The flows with their weights. Weighted mixes come out exact; one flow has any weight.
    pub mix: Vec<(u32, Arc<Flow>)>,
    /// Which connection a user's requests take.
    pub connections: Connections,
}

/// Which connection a user's requests take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    /// Every user has its own, kept open.
    PerUser,
    /// A new one for each request.
    PerRequest,
    /// One of a pool that users share.
    Shared {
        /// Number of the pool in its scenario. Classes that have the scenario's have the same.
        pool: usize,
        /// Most connections that are open at once, at least 1.
        size: u32,
    },
}

impl Connections {
    /// Connections of the pool, where there is one.
    pub fn pool_size(self) -> Option<u32> {
        match self {
            Self::Shared { size, .. } => Some(size),
            Self::PerUser | Self::PerRequest => None,
        }
    }
}

/// A search for the capacity: the load is raised level by level until a limit breaks; then the gap between the last level
/// that held and the first that did not is halved until it is small enough.
#[derive(Clone, Debug)]
pub struct Search {
    /// What is raised.
    pub over: SearchOver,
    /// First level: users, or flows per second.
    pub from: f64,
    /// Highest level.
    pub to: f64,
    /// Length of each level.
    pub each: Duration,
    /// Gap at which the search ends, as a share of the level.
    pub precision: f64,
    /// What must hold of a level.
    pub limits: Vec<Condition>,
}

/// What a capacity search raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchOver {
    /// The number of users.
    Users,
    /// The rate at which flows begin.
    Rate,
}

/// How many users do how much, and when. All schedules are pure functions of this and the seed.
#[derive(Clone, Debug, PartialEq)]
pub enum Load {
    /// Each user runs the flow `iterations` times.
    Iterations {
        /// Virtual users.
        users: u32,
        /// Flows per user.
        iterations: u32,
        /// When users begin.
        start: Start,
    },
    /// The users share a number of flows.
    Shared {
        /// Virtual users.
        users: u32,
        /// Flows of all users together.
        iterations: u64,
        /// When users begin.
        start: Start,
    },
    /// Each user repeats the flow until the time is over; flows under way are finished.
    Duration {
        /// Virtual users.
        users: u32,
        /// Time during which flows begin.
        duration: Duration,
        /// When users begin.
        start: Start,
    },
    /// The number of users follows straight lines.
    Stages {
        /// Users at the start.
        from: u32,
        /// (duration of the line, users at its end).
        stages: Vec<(Duration, u32)>,
    },
    /// Flows begin at a rate, whatever the target does (open load).
    ArrivalRate {
        /// Flows per second at the start.
        from: f64,
        /// (duration of the line, flows per second at its end).
        stages: Vec<(Duration, f64)>,
        /// Gaps between starts.
        spacing: Spacing,
        /// Most flows under way at once; starts beyond it are dropped and counted.
        max_users: u32,
    },
    /// Bursts of users, all released together.
    Bursts {
        /// Number of bursts.
        count: u32,
        /// Users in each.
        users: u32,
        /// From one release to the next.
        gap: Duration,
    },
    /// Flows begin at recorded times.
    Replay {
        /// Offsets from the start, ascending; each takes the next row of the data set that holds the trace.
        at: Arc<[Duration]>,
        /// Most flows under way at once.
        max_users: u32,
    },
}

/// When the users of a closed load begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// All at the same instant.
    Together,
    /// Evenly over this time.
    Over(Duration),
}

/// Gaps between the starts of an open load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Even.
    Regular,
    /// Exponentially distributed (a Poisson process).
    Poisson,
}

/// A sequence of steps.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Name in the suite.
    pub name: String,
    /// Steps in order. A failed request ends the flow unless its step says `on_failure: continue`.
    pub steps: Vec<Step>,
}

/// What a user does.
#[derive(Clone, Debug)]
pub enum Step {
    /// A request.
    Request(Arc<RequestStep>),
    /// A pause, uniformly distributed.
    Think {
        /// Shortest.
        min: Duration,
        /// Longest.
        max: Duration,
    },
    /// Steps several times over; `repeat.index` counts from 0.
    Repeat {
        /// How often.
        times: Expression,
        /// What.
        steps: Vec<Step>,
    },
    /// Steps under a condition on captured values.
    If {
        /// The condition.
        predicate: Predicate,
        /// Steps if it holds.
        then: Vec<Step>,
        /// Steps if not.
        otherwise: Vec<Step>,
    },
    /// Branches of one user at once; goes on when all have ended.
    Parallel(Vec<Vec<Step>>),
    /// Waits until enough users of the scenario have come to this point; then all of them go on at the same instant.
    Meet(Arc<Meet>),
    /// Looks at the target from outside, or runs a command.
    Aside(Arc<AsideStep>),
    /// Something over a WebSocket.
    Socket(Arc<SocketStep>),
}

/// A point at which users meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meet {
    /// Its name; steps with the same name are the same point.
    pub name: String,
    /// How many users are waited for; `None`: all of the class. Every so many form a group of their own.
    pub users: Option<u32>,
    /// Time after which a user gives up; its flow then fails.
    pub within: Duration,
}

/// A look at the target, or a command, between the requests of a user. It is no request of the load: where its checks hold
/// it counts in its own step only; where they do not, it is a failure like any other.
#[derive(Clone, Debug)]
pub struct AsideStep {
    /// Index into [`Scenario::steps`] (or [`Scenario::unmeasured_steps`]).
    pub id: usize,
    /// Where it reads. A command's exit code is `status`, its standard output `text`, and `json` if it is.
    pub source: ProbeSource,
    /// Read again until the checks hold.
    pub until: Option<Until>,
    /// For one reading.
    pub timeout: Duration,
    /// What must hold. Where none mentions `status`, a GET must answer below 400 and a command must end with 0.
    pub checks: Vec<Predicate>,
    /// Values kept for later steps.
    pub captures: Vec<(String, Expression)>,
    /// A failure does not end the flow.
    pub continue_on_failure: bool,
    /// Where it stands in the suite.
    pub place: Place,
}

/// How something is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    /// Time from one reading to the next.
    pub every: Duration,
    /// Time after which it has failed.
    pub within: Duration,
}

/// A step's name, for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepInfo {
    /// `name`, or method and path.
    pub name: String,
    /// Method and path (or command) as the suite writes them.
    pub request: String,
    /// It is an [`AsideStep`], or a message that is sent: no request of the load.
    pub aside: bool,
    /// What its requests must keep to be good enough.
    pub goodput: Option<Limits>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct RequestStep {
    /// Index into [`Scenario::steps`].
    pub id: usize,
    /// The method.
    pub method: http::Method,
    /// Path and query, or a whole URL.
    pub url: Text,
    /// Headers. A name may occur more than once.
    pub headers: Vec<(http::HeaderName, Text)>,
    /// The body.
    pub body: Body,
    /// From due to last byte.
    pub timeout: Duration,
    /// Where it holds, the response is a refusal by policy.
    pub refused: Option<Predicate>,
    /// What must hold of the response. Where none mentions `status`, `status < 400` is asked for as well.
    pub checks: Vec<Predicate>,
    /// Values kept for later steps, under these names.
    pub captures: Vec<(String, Expression)>,
    /// Counters over ok responses: (index into [`Scenario::counters`], predicate).
    pub counts: Vec<(usize, Predicate)>,
    /// Whether the response is a stream of server-sent events.
    pub stream: Option<Stream>,
    /// Redirects to follow (default 0: a redirect is a response like any other).
    pub redirects: u32,
    /// A failure does not end the flow.
    pub continue_on_failure: bool,
    /// Whether and how it is sent again after a failure.
    pub retry: Option<Retry>,
    /// The time that the request has waited before it was accepted, in milliseconds, kept apart from latency. Read off ok
    /// responses.
    pub queue_wait: Option<Expression>,
    /// Where it stands in the suite.
    pub place: Place,
}

/// How a request is sent again. It stays one request, whose latency counts from its first due time; its retries are counted.
#[derive(Clone, Debug)]
pub struct Retry {
    /// Most retries.
    pub times: u32,
    /// On which responses; `None`: on every failure.
    pub when: Option<Predicate>,
    /// Pause before the first retry.
    pub wait: Duration,
    /// Factor from one pause to the next.
    pub factor: f64,
}

/// A request's body.
#[derive(Clone, Debug)]
pub enum Body {
    /// None.
    Empty,
    /// Sent as it is; the content type, if any, is among the headers.
    Text(Text),
    /// A JSON document whose strings may be templates; sent with `content-type: application/json`.
    Json(Text),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Text)>),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
}

/// A part of a multipart body.
#[derive(Clone, Debug)]
pub struct Part {
    /// Field name.
    pub name: String,
    /// Content.
    pub content: PartContent,
}

/// Content of a part.
#[derive(Clone, Debug)]
pub enum PartContent {
    /// A plain field.
    Text(Text),
    /// A file, read when the suite is decided.
    File {
        /// File name sent along.
        name: String,
        /// Content type.
        content_type: String,
        /// Content.
        bytes: bytes::Bytes,
    },
}

/// A condition with its place.
#[derive(Clone, Debug)]
pub struct ConditionRule {
    /// The condition.
    pub condition: Condition,
    /// Critical or warn-only.
    pub level: Level,
    /// Requirement label, such as `C4`.
    pub requirement: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A grade of the suite's scale.
#[derive(Clone, Debug)]
pub struct Grade {
    /// Its name.
    pub name: String,
    /// What earns it, on the general figures of a scenario; `None` for `otherwise`.
    pub condition: Option<Condition>,
}

/// A scorecard: points for conditions on one scenario.
#[derive(Clone, Debug)]
pub struct Scorecard {
    /// Its name.
    pub name: String,
    /// The scenario whose figures count.
    pub scenario: String,
    /// Points that are needed.
    pub pass: f64,
    /// Points by condition. That `pass` is reached is among the scenario's conditions.
    pub points: Vec<(Condition, f64)>,
}

/// Price of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Price of one paid request.
    pub per_request: f64,
    /// The counter that marks free ones.
    pub free_when: Option<String>,
    /// Currency code.
    pub currency: String,
    /// Requests a day for the projection.
    pub per_day: f64,
}

/// Settings of the comparison, by figure; what is missing has its default there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gate {
    /// Allowed relative change by figure, such as `latency.p95` → 0.1.
    pub tolerance: BTreeMap<String, f64>,
    /// Allowed absolute change by figure, in base units.
    pub floor: BTreeMap<String, f64>,
    /// Which way is better by figure, such as `queued.rate` → lower.
    pub better: BTreeMap<String, Better>,
    /// Time for rounds that confirm a suspect.
    pub budget: Option<Duration>,
}
