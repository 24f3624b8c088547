//! A suite as typed: every key of the language, with its place.
//!
//! Each mapping of the language is one type here, defined by `mapping!`: the list of its keys is the decoder, the JSON
//! Schema and (through the comments) the reference at once. Adding a key is one line in its type and one use of it in
//! [`super::decide`].

mod data;
mod decode;
mod scalar;
mod scenario;
mod script;
mod socket;
mod step;
mod target;

use std::time::Duration;

use loadgate_report::quantity::Quantity;

pub(super) use self::data::*;
pub(super) use self::decode::{At, Decode, Decoder, Mapping, Maybe, OneOrMany, Table};
use self::decode::{choice, mapping};
pub(super) use self::scalar::Fixed;
pub(super) use self::scenario::*;
pub(super) use self::script::*;
pub(super) use self::socket::*;
pub(super) use self::step::*;
pub(super) use self::target::*;

mapping! {
    /// A load-test suite.
    struct SuiteFile as "a suite" {
        /// Files whose `vars`, `data`, `flows`, `scenarios` and so on are added to this suite's own, relative to it.
        optional include: OneOrMany<At<Fixed>>,
        /// Name of the suite. Its baseline is stored under it.
        required name: At<Fixed>,
        /// What it is about, for the report.
        optional description: At<Fixed>,
        /// The service under test.
        required target: TargetFile,
        /// Values for templates (`{{ vars.NAME }}`), changed by `--set NAME=VALUE`.
        optional vars: Table<VariableFile>,
        /// Environment variables and `vars` whose values no output may contain. Values that a text takes from the
        /// environment are secret anyway.
        optional secrets: OneOrMany<At<Fixed>>,
        /// Data sets by name: rows of values for templates.
        optional data: Table<DataFile>,
        /// Flows by name: sequences of steps.
        optional flows: Table<FlowFile>,
        /// Scenarios by name, run in this order.
        required scenarios: Table<ScenarioFile>,
        /// Grades by name, best first: the first whose condition holds is a scenario's grade. The last may be `otherwise`.
        optional grades: Table<At<Fixed>>,
        /// Scorecards by name.
        optional scorecards: Table<ScorecardFile>,
        /// What requests cost.
        optional cost: CostFile,
        /// Settings of the comparison with earlier runs.
        optional gate: GateFile,
    }
}

mapping! {
    /// What requests cost.
    struct CostFile as "`cost`" {
        /// Price of one paid request.
        required per_request: At<f64>,
        /// Counter that marks free requests, such as `cache_hit`.
        optional free_when: At<Fixed>,
        /// Currency code (default USD).
        optional currency: At<Fixed>,
        /// Requests a day, for the projection per month (default 1000).
        optional per_day: At<f64>,
    }
}

mapping! {
    /// Settings of the comparison with earlier runs.
    struct GateFile as "`gate`" {
        /// Allowed relative change by figure, such as `latency.p95: 10%`.
        optional tolerance: Table<At<Quantity>>,
        /// Allowed absolute change by figure, such as `latency.p95: 5ms`: a change below it never counts.
        optional floor: Table<At<Quantity>>,
        /// Which way is better, such as `queued.rate: lower`: for the rates of counters (usually `higher`) and for `refusal_rate` (usually
        /// `neither`).
        optional better: Table<BetterFile>,
        /// Time that deciding may take. In stored mode for the fresh rounds (by default as long as they need); in pairs for the rounds, and as
        /// much again to confirm (by default 10min; six rounds are always run).
        optional budget: At<Duration>,
    }
}

choice! {
    /// Which way a figure is better.
    enum BetterFile {
        /// More is better.
        Higher = "higher",
        /// Less is better.
        Lower = "lower",
        /// Any change is for the worse.
        Neither = "neither",
    }
}
