//! `report.json`, schema `loadgate.report/1`.
//!
//! Only additions are made within a version. A reader skips what it does not know, and says so where it shows the report.
//! Times are in milliseconds where the name ends in `_ms`, in seconds where it ends in `_s`; shares are 0 to 1.

mod acceptance;
mod comparison;
mod environment;
mod estimate;
mod finding;
mod history;
mod scenario;
mod scorecard;
mod search;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::acceptance::*;
pub use self::comparison::*;
pub use self::environment::*;
pub use self::estimate::*;
pub use self::finding::*;
pub use self::history::*;
pub use self::scenario::*;
pub use self::scorecard::*;
pub use self::search::*;
use crate::Verdict;

/// The value of `schema` that this version writes.
pub const SCHEMA: &str = "loadgate.report/1";

/// One run of one suite: what was done, what was seen, what it comes to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// Always `loadgate.report/1`.
    pub schema: String,
    /// The worst verdict over all scenarios and the comparison.
    pub verdict: Verdict,
    /// One sentence: why this verdict.
    pub reason: String,
    /// The suite that was run.
    pub suite: SuiteInfo,
    /// When, how and by which version.
    pub run: RunInfo,
    /// The machine and the revision.
    pub environment: Environment,
    /// The service under test.
    #[serde(default)]
    pub target: TargetInfo,
    /// What the reader should look at, worst first.
    pub findings: Vec<Finding>,
    /// The scenarios in the order in which they ran.
    pub scenarios: Vec<Scenario>,
    /// Against what was compared, and each compared figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// The stored runs of this machine class, for the trend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// Changes that somebody accepted, with what they did in this run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acceptances: Vec<Acceptance>,
    /// What the run cost and what a month would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Notes that change no verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Report {
    /// Whether this version knows everything that the file may hold.
    pub fn is_known_version(&self) -> bool {
        self.schema == SCHEMA
    }

    /// The scenario of that name.
    pub fn scenario(&self, name: &str) -> Option<&Scenario> {
        self.scenarios.iter().find(|s| s.name == name)
    }

    /// The finding which says that this broken condition of a scenario is accepted for a while; `None` where it is not.
    pub fn accepted(&self, scenario: &Scenario, condition: &ConditionResult) -> Option<&Finding> {
        self.findings.iter().find(|f| {
            f.kind == FindingKind::Accepted
                && f.scenario.as_ref() == Some(&scenario.name)
                && f.condition.as_ref() == Some(&condition.text)
        })
    }
}

/// Which suite was run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SuiteInfo {
    /// The suite's `name`.
    pub name: String,
    /// The file as it was named on the command line.
    #[serde(default)]
    pub file: String,
    /// SHA-256 over what decides the load (hex, first 16 digits): files with different hashes are not compared.
    #[serde(default)]
    pub hash: String,
    /// The suite's own description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The run itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunInfo {
    /// Unique name of the run: time and seed.
    pub id: String,
    /// Start, RFC 3339 in UTC.
    pub started_at: String,
    /// Wall time of the whole run, seconds.
    pub duration_s: f64,
    /// The seed of every random choice.
    pub seed: u64,
    /// Version of loadgate.
    pub loadgate: String,
    /// Whether the full lengths were run.
    #[serde(default)]
    pub full: bool,
    /// True where the run was interrupted: what follows is what was there by then.
    #[serde(default)]
    pub interrupted: bool,
    /// Variables given with `--set`; secret ones are masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

/// The service under test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetInfo {
    /// Base URL of all requests.
    pub url: String,
    /// The command that started it, where loadgate did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Time from its start to the first ready answer, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_ms: Option<f64>,
    /// Why there was nothing to test: it did not start, or nobody answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
    /// How it ended, where it ended by itself during the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub died: Option<String>,
    /// The scenario during which it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub died_during: Option<String>,
}

/// Cost over the whole run, from the suite's price per request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cost {
    /// Currency code as the suite writes it.
    pub currency: String,
    /// Price of one paid request.
    pub per_request: f64,
    /// Requests that were paid for.
    #[serde(deserialize_with = "crate::count::one")]
    pub paid: u64,
    /// Requests that were free (for example answered by a cache).
    #[serde(deserialize_with = "crate::count::one")]
    pub free: u64,
    /// Cost of the run.
    pub total: f64,
    /// What the free ones would have cost.
    pub saved: f64,
    /// Requests a day that the projection assumes.
    pub per_day: f64,
    /// Projection for 30 days at the share of free requests that was seen.
    pub monthly: f64,
    /// The same with every request paid.
    pub monthly_without_free: f64,
}
