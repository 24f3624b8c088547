//! Earlier runs of the suite, in the few numbers that a trend is drawn from.

use serde::{Deserialize, Serialize};

use crate::quantity::Unit;
use crate::trend::LevelChange;

/// The stored runs of this machine class. Advisory: nothing here decides a verdict.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct History {
    /// The runs, oldest first.
    pub runs: Vec<HistoryRun>,
    /// One for each scenario and gated figure, those with a change for the worse first.
    pub series: Vec<HistorySeries>,
}

/// An earlier run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryRun {
    /// Its name.
    pub id: String,
    /// Its start, RFC 3339.
    pub started_at: String,
    /// Its commit, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// One figure over the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistorySeries {
    /// The scenario.
    pub scenario: String,
    /// The figure.
    pub figure: String,
    /// Unit of all values.
    pub unit: Unit,
    /// The figure in each of the runs, `null` where it was not measured.
    pub values: Vec<Option<f64>>,
    /// Where the level changed; `at` counts runs.
    pub changes: Vec<LevelChange>,
}
