//! The judgement: from figures to outcomes, from outcomes to verdicts. `docs/method.md` explains it to users.
//!
//! ```text
//! report ─┬─ compare(baseline) ── Suspected ── confirm(fresh rounds) ── Regression
//!         └─ conclude: conditions, counts, generator, target, comparison → findings, verdicts, reasons ── exit_code
//! ```
//!
//! - [`policy`]: which figures gate, which way is worse, how much is allowed.
//! - `speed`, `share`, `slope`: one figure against its history, as pure numbers. `holm`: many of them at once.
//! - [`stored`]: a report against a baseline; [`confirm()`]: fresh rounds.
//! - [`paired`]: base and head on the same machine, in rounds.
//! - [`search`]: levels of a capacity search; [`mod@score`]: points of a scorecard; [`mod@estimate`]: Little's law.
//! - [`conclude()`]: findings and verdicts; [`exit`]: the exit code.

mod acceptance;
mod advice;
pub mod conclude;
pub mod confirm;
pub mod estimate;
pub mod exit;
mod findings;
mod holm;
pub mod paired;
pub mod policy;
#[cfg(test)]
mod properties;
pub mod score;
pub mod search;
mod share;
#[cfg(test)]
mod simulated;
mod slope;
mod speed;
pub mod stored;
#[cfg(test)]
pub(crate) mod tests;

pub use self::conclude::conclude;
pub use self::confirm::{confirm, settle};
pub use self::estimate::estimate;
pub use self::exit::{FailOn, exit_code};
pub use self::policy::{Better, FigureRule, Policy};
pub use self::score::score;
pub use self::search::{NextLevel, conclude_search, judge_level, next_level};
pub(crate) use self::speed::median;
pub use self::stored::{compare, compare_reports, compare_unedited, missing};
