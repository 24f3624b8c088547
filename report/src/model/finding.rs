//! What the reader should look at.

use serde::{Deserialize, Serialize};

use crate::Verdict;
use crate::quantity::Unit;

/// One thing that a reader should know, with all that is needed to believe or doubt it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The scenario, or `None` for the run as a whole.
    pub scenario: Option<String>,
    /// The figure or check, such as `latency.p95` or `cross_talk`.
    pub figure: String,
    /// What it comes to. `Pass` is for what is merely told, such as an improvement or a broken warn-only condition.
    pub verdict: Verdict,
    /// What kind of rule speaks.
    pub kind: FindingKind,
    /// One sentence: what is wrong.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The requirement of the suite that it belongs to, such as `C4`.
    #[serde(default)]
    pub requirement: Option<String>,
    /// The condition as the suite writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The numbers behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Where in the suite file the rule stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Which rule speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A critical condition of the suite.
    Condition,
    /// A warn-only condition of the suite.
    Warning,
    /// A regression against a baseline.
    Regression,
    /// A figure that got better.
    Improvement,
    /// Something that is worse than it should be, and accepted for a while.
    Accepted,
    /// One user's text in another's answer.
    CrossTalk,
    /// The target was not there, died or restarted.
    Target,
    /// The generator distorted the figures.
    Generator,
    /// There was nothing to compare with, or it does not fit.
    Baseline,
    /// The run was cut short.
    Interrupted,
}

/// The numbers behind a finding; each is in the base unit of `unit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// Unit of `now`, `before`, `limit` and `floor`.
    pub unit: Unit,
    /// The figure in this run.
    pub now: Option<f64>,
    /// The figure before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
    /// The limit of a condition, or the value beyond which a change counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Relative change, 0.25 for a quarter more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
    /// Interval of the relative change: low, high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// Relative tolerance that applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
    /// Relative noise of the figure without any change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Samples behind `now`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    /// Rounds of this run behind `now`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u32>,
    /// Earlier runs behind `before`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    /// Whether fresh rounds showed the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<bool>,
}

/// A place in a file, both counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Place {
    /// The file as named on the command line.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}
