//! `baselines/<suite>.json`, schema `loadgate.baseline/1`: the last runs of a suite, per machine class.
//!
//! The file is made for version control: keys are sorted, each scenario of a run is one line, and adding a run touches
//! only its own lines (and the curves of the run before it, since only the newest keeps them).
//!
//! Within the version only additions are made, and a reader skips what it does not know. Any report is a baseline too, of
//! one run: [`Baseline::parse`] reads both.

mod append;
mod curve;
mod file;
mod prune;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::append::NotAccepted;
pub(crate) use self::curve::curve;
pub use self::file::BaselineError;
pub use self::prune::Pruned;
use crate::Verdict;
use crate::model::Machine;

/// The value of `schema` that this version writes.
pub const SCHEMA: &str = "loadgate.baseline/1";

/// Runs that are kept per machine class unless told otherwise.
pub const KEEP: usize = 30;

/// Earlier runs of one suite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Runs by machine class ([`Machine::class`]).
    pub classes: BTreeMap<String, ClassRuns>,
    /// Always `loadgate.baseline/1`.
    pub schema: String,
    /// Name of the suite.
    pub suite: String,
}

/// The runs of one machine class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassRuns {
    /// The machine in fields.
    pub machine: Machine,
    /// Oldest first.
    pub runs: Vec<BaselineRun>,
}

/// What a baseline keeps of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaselineRun {
    /// Commit under test, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Unique name of the run.
    pub id: String,
    /// Version of loadgate.
    #[serde(default)]
    pub loadgate: String,
    /// Its scenarios by name.
    pub scenarios: BTreeMap<String, BaselineScenario>,
    /// Seed of its random choices.
    #[serde(default)]
    pub seed: u64,
    /// Start, RFC 3339 in UTC.
    pub started_at: String,
    /// Hash over what decides the load: runs with another are not compared.
    #[serde(default)]
    pub suite_hash: String,
    /// What it came to.
    #[serde(default)]
    pub verdict: Verdict,
}

/// What a baseline keeps of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaselineScenario {
    /// Figures whose change was accepted with this run: their history begins here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
    /// The suite's counters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<String, YesNo>,
    /// Requests by outcome.
    pub counts: Counts,
    /// The latency distribution as (share of samples, ms), at most [`curve::POINTS`] points; only of the newest run with its load.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<[f64; 2]>,
    /// Figures by name, in base units.
    pub figures: BTreeMap<String, StoredFigure>,
}

/// Requests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Failed, all kinds.
    #[serde(deserialize_with = "crate::count::one")]
    pub failed: u64,
    /// Did what they should.
    #[serde(deserialize_with = "crate::count::one")]
    pub ok: u64,
    /// Refused as expected.
    #[serde(deserialize_with = "crate::count::one")]
    pub refused: u64,
    /// All.
    #[serde(deserialize_with = "crate::count::one")]
    pub requests: u64,
}

/// Answers of a counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct YesNo {
    /// Where it was false.
    #[serde(deserialize_with = "crate::count::one")]
    pub no: u64,
    /// Where it was true.
    #[serde(deserialize_with = "crate::count::one")]
    pub yes: u64,
}

/// A figure as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredFigure {
    /// Samples behind it.
    #[serde(deserialize_with = "crate::count::one")]
    pub n: u64,
    /// Its value in the base unit, rounded to five digits.
    pub value: f64,
}

impl Baseline {
    /// A baseline without runs.
    pub fn new(suite: impl Into<String>) -> Self {
        Self { classes: BTreeMap::new(), schema: SCHEMA.to_owned(), suite: suite.into() }
    }

    /// Runs over all classes.
    pub fn runs(&self) -> usize {
        self.classes.values().map(|c| c.runs.len()).sum()
    }
}

impl BaselineScenario {
    /// How many of how many a share such as `error_rate` or `cache_hit.rate` was; `None` for figures that are no shares.
    pub fn share(&self, figure: &str) -> Option<(u64, u64)> {
        let counts = &self.counts;
        match figure {
            "error_rate" => Some((counts.failed, counts.ok + counts.failed)),
            "refusal_rate" => Some((counts.refused, counts.requests)),
            _ => {
                let counter = self.counters.get(figure.strip_suffix(".rate")?)?;
                Some((counter.yes, counter.yes + counter.no))
            }
        }
    }
}
