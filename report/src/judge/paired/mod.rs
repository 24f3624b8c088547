//! Paired mode: base and head on the same machine, loaded in turns, judged on the ratio within each round.
//!
//! ```text
//! round 1   base ▁▂▂▂  head ▁▂▂▂   ln(head / base) ─┐
//! round 2   head ▁▂▂▂  base ▁▂▂▂   ln(head / base) ─┤  mean and one-sided t bound over the rounds
//! round 3   head ▁▂▂▂  base ▁▂▂▂   ln(head / base) ─┘  of those that the machine did not spoil
//! ```
//!
//! Whatever slows the machine for minutes slows both sides of a round and leaves their ratio alone. Requests within a slot are
//! not independent of each other, so nothing is ever counted by requests.
//!
//! - [`order`]: who goes first. - [`quality`]: which rounds count, by rules that do not know which side is which.
//! - `bound`: mean and bound of a few log ratios. - [`judge`]: the figures. - [`noise`]: what can be seen at all.
//! - [`looks`]: when the rounds are judged, and how strictly. - [`sequence`]: what to run next.

mod bound;
pub mod judge;
pub mod looks;
pub mod noise;
pub mod order;
pub mod quality;
pub mod sequence;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::model::Scenario;

pub use self::judge::{compare_paired, confirm_paired};
pub use self::looks::Looks;
pub use self::noise::{Sensitivity, sensitivity};
pub use self::order::head_first;
pub use self::quality::{Dropped, Quality, look_at};
pub use self::sequence::{Next, Rounds, Sequence};

/// Rounds that are run before anything is judged.
pub const LEAST_ROUNDS: usize = 6;
/// Share of the rounds that may be dropped; beyond it the run is inconclusive.
pub const MOST_DROPPED: f64 = 0.25;

/// One scenario loaded once against each side, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedRound {
    /// Restarts so far: rounds of one block ran against the same processes.
    pub block: u32,
    /// The base revision.
    pub base: Slot,
    /// The revision under test.
    pub head: Slot,
    /// Median answer time of the built-in control server in this round, ms. It only ever invalidates a round.
    pub control_ms: Option<f64>,
}

/// One side of a round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// What was seen, the first second cut off.
    pub scenario: Scenario,
    /// Share of processor time that the hypervisor took away, 0 to 1.
    pub steal: Option<f64>,
    /// Share of time in which something waited for a processor (pressure stall information, `some`), 0 to 1.
    pub pressure: Option<f64>,
}
