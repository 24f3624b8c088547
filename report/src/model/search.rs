//! The search for a capacity: the levels that were tried and what came of them.

use serde::{Deserialize, Serialize};

/// A search for the capacity, with every level that was tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Search {
    /// What was raised.
    pub over: SearchOver,
    /// First level: users, or flows per second.
    pub from: f64,
    /// Highest level that would have been tried.
    pub to: f64,
    /// Gap at which the search ends, as a share of the level that held.
    pub precision: f64,
    /// Length of a level, seconds.
    pub each_s: f64,
    /// What had to hold of a level, as the suite writes it.
    pub limits: Vec<String>,
    /// The levels in the order in which they were tried. One that did not hold is tried twice, and its second attempt counts.
    pub levels: Vec<SearchLevel>,
    /// How it ended.
    pub outcome: SearchOutcome,
    /// The largest level that held below every level that broke; `None` where the search ended without finding it.
    pub capacity: Option<f64>,
    /// The largest level that held, however the search ended.
    pub held: Option<f64>,
    /// The lowest level that broke.
    pub broke: Option<f64>,
    /// The limit that broke there, as the suite writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// One sentence: what was found and why not more.
    pub reason: String,
}

/// What a search raises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SearchOver {
    /// The number of users.
    #[default]
    Users,
    /// The rate at which flows begin.
    Rate,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SearchOutcome {
    /// A level held, one little above it broke.
    Found,
    /// The top of the range held: the capacity is there or above.
    Top,
    /// The first level broke: the capacity is below the range.
    NoneHeld,
    /// The generator could not make a level's load: what broke there was not the target.
    Generator,
    /// A limit could not be judged at a level, such as for want of samples.
    Unjudged,
    /// The target ended by itself.
    TargetEnded,
    /// The run was interrupted.
    #[default]
    Interrupted,
}

/// One attempt at a level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SearchLevel {
    /// Users, or flows per second.
    pub level: f64,
    /// What came of it.
    pub outcome: LevelOutcome,
    /// The first limit that broke or could not be judged, as the suite writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// One sentence: what was seen.
    pub message: String,
    /// Requests that ended `ok`, `refused` or `failed`.
    pub requests: u64,
    /// Requests that did what they should.
    pub ok: u64,
    /// Refused as the suite expects.
    pub refused: u64,
    /// Failed, all kinds.
    pub failed: u64,
    /// ok / (ok + failed).
    pub success_rate: Option<f64>,
    /// Completed requests per second.
    pub throughput: Option<f64>,
    /// Mean latency.
    pub mean_ms: Option<f64>,
    /// Median latency.
    pub p50_ms: Option<f64>,
    /// 95th percentile.
    pub p95_ms: Option<f64>,
    /// Largest latency.
    pub max_ms: Option<f64>,
}

/// What came of an attempt at a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LevelOutcome {
    /// All limits held.
    Held,
    /// A limit broke.
    Broke,
    /// The generator could not make the load.
    Generator,
    /// A limit could not be judged.
    #[default]
    Unjudged,
}

impl LevelOutcome {
    /// The word used in every output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Broke => "broke",
            Self::Generator => "generator",
            Self::Unjudged => "not judged",
        }
    }
}

impl Search {
    /// What was found, in a few words.
    pub fn short(&self) -> String {
        match (self.capacity, self.held, self.outcome) {
            (Some(capacity), ..) => format!("capacity {}", self.words(capacity)),
            (None, Some(held), SearchOutcome::Top) => format!("capacity {} or more", self.words(held)),
            (None, Some(held), _) => format!("capacity not found, {} held", self.words(held)),
            (None, None, SearchOutcome::NoneHeld) => format!("capacity below {}", self.words(self.from)),
            (None, None, _) => "capacity not found".to_owned(),
        }
    }

    /// A level with what it counts, such as `20 users` or `150 flows/s`.
    pub fn words(&self, level: f64) -> String {
        use crate::quantity::{Quantity, Unit};
        let number = Quantity::new(level, Unit::Count);
        match self.over {
            SearchOver::Users => format!("{number} user{}", if level == 1.0 { "" } else { "s" }),
            SearchOver::Rate => format!("{number} flows/s"),
        }
    }
}
