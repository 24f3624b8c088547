//! Scorecards: points for conditions.

use serde::{Deserialize, Serialize};

use crate::Verdict;
use crate::quantity::Unit;

/// Points that a scenario earned on one of the suite's scorecards. Whether they suffice is the condition
/// `score.NAME >= pass`, which stands among the scenario's conditions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Scorecard {
    /// Name in the suite.
    pub name: String,
    /// Points that were earned.
    pub points: f64,
    /// Points of conditions that could not be judged: they were not earned, and not lost to the target either.
    #[serde(default)]
    pub unjudged: f64,
    /// Points that there are.
    pub total: f64,
    /// Points that are needed.
    pub pass: f64,
    /// Its conditions.
    pub rows: Vec<ScoreRow>,
}

impl Scorecard {
    /// Its points, such as `95 of 100 points`.
    pub fn short(&self) -> String {
        format!("{} of {} points", self.points, self.total)
    }
}

/// One condition of a scorecard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScoreRow {
    /// As the suite writes it.
    pub text: String,
    /// What it is worth.
    pub points: f64,
    /// What it earned: all of `points`, or nothing.
    pub earned: f64,
    /// `pass`, `fail`, or `invalid` where it could not be judged.
    pub verdict: Verdict,
    /// The left side's value.
    pub value: Option<f64>,
    /// The right side's value.
    pub limit: Option<f64>,
    /// Unit of both.
    pub unit: Unit,
    /// Samples behind the value.
    pub samples: u64,
    /// Value and limit in words, or why it could not be judged.
    pub message: String,
}
