//! The comparison with earlier runs or with the base revision.

use serde::{Deserialize, Serialize};

use crate::quantity::Unit;

/// Against what was compared, and how each figure did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Comparison {
    /// How it was compared.
    pub mode: ComparisonMode,
    /// Whether it could be judged.
    pub status: ComparisonStatus,
    /// One sentence on the baseline: what it is, or why it could not be used.
    pub message: String,
    /// What to do next, where it could not be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The baseline file or base revision.
    pub base: String,
    /// Runs of the same machine class behind it.
    #[serde(default)]
    pub runs: u32,
    /// Commit of its newest run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Time of its newest run, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// Each compared figure: scenarios in order, gated figures first.
    pub figures: Vec<ComparedFigure>,
    /// The distribution curves of the baseline's newest run, per scenario, for drawing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<BaseCurve>,
}

/// How the comparison was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComparisonMode {
    /// With earlier runs out of a baseline file.
    Stored,
    /// With the base revision on the same machine, in alternating slots.
    Paired,
    /// Two reports given by hand.
    Reports,
}

/// Whether the comparison could be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComparisonStatus {
    /// Judged.
    Judged,
    /// Counts and proportions judged; latency and throughput only shown, since the machines differ.
    Shown,
    /// There is no baseline yet.
    Missing,
    /// The baseline belongs to another suite or another state of this one.
    Incompatible,
}

/// One figure of one scenario, now and before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComparedFigure {
    /// The scenario.
    pub scenario: String,
    /// The figure, such as `latency.p50`.
    pub figure: String,
    /// Unit of `now`, `before`, `floor` and `noise_abs`.
    pub unit: Unit,
    /// Whether it can fail the gate.
    pub gated: bool,
    /// In this run; `None` where the samples do not carry it.
    pub now: Option<f64>,
    /// What the fresh rounds alone came to that were run to confirm a suspicion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<f64>,
    /// Before: the median of the earlier runs.
    pub before: Option<f64>,
    /// Relative change; `None` where one of both is missing or `before` is 0.
    pub change: Option<f64>,
    /// Interval of the relative change: low, high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// Relative noise of the figure in the earlier runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Allowed relative change.
    pub tolerance: f64,
    /// Allowed absolute change, in `unit`.
    pub floor: f64,
    /// The value beyond which it would count as worse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Smallest relative change for the worse that would be found here four times out of five.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
    /// Samples behind `now`.
    #[serde(deserialize_with = "crate::count::one")]
    pub samples: u64,
    /// Earlier runs behind `before`.
    pub runs: u32,
    /// Rounds of this run that were judged.
    #[serde(default)]
    pub rounds: u32,
    /// What each judged round of a paired comparison showed, in the order in which they ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub round_changes: Vec<RoundChange>,
    /// What it comes to.
    pub outcome: ChangeOutcome,
    /// Why it was not judged, or what else is worth knowing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One round of a paired comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoundChange {
    /// Relative change between the two sides of the round; 0.25 is a quarter more.
    pub change: f64,
    /// Whether it is one of the fresh rounds that confirm.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirms: bool,
}

/// What became of one compared figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeOutcome {
    /// Worse beyond tolerance and noise, and confirmed by fresh rounds.
    Regression,
    /// Worse beyond tolerance and noise; fresh rounds have not been run.
    Suspected,
    /// Within tolerance or noise.
    Unchanged,
    /// Better beyond tolerance and noise.
    Improved,
    /// Worse, and accepted by `loadgate.accept.yml`.
    Accepted,
    /// The samples do not decide it.
    Undecided,
    /// Shown only.
    NotJudged,
}

/// A distribution curve of the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BaseCurve {
    /// The scenario.
    pub scenario: String,
    /// Points (share of samples 0 to 1, latency in ms), ascending.
    pub points: Vec<[f64; 2]>,
}
