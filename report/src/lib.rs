//! The loadgate report: the JSON contract, the figures and conditions that are read off it, and the judgement over it.
//!
//! This crate is pure. It does no I/O, reads no clock and runs nothing asynchronously, so that the runner (natively) and
//! the page (in Wasm) share one definition of every figure and one judgement.
//!
//! - [`model`] is `report.json`: what is written, what any version reads back.
//! - [`quantity`] gives every number its dimension and its words.
//! - [`figure`] finds a figure such as `latency.p95` or `cache_hit.rate` in a scenario.
//! - [`condition`] parses and judges `figure op value`.
//! - [`baseline`] is the file with earlier runs.
//! - [`judge`] compares, concludes and gives the exit code.
//! - [`trend`] finds where figures changed over many runs.
//! - [`chart`] and [`page`] show a report, out of [`html`].

pub mod baseline;
pub mod chart;
pub mod condition;
mod count;
pub mod figure;
pub mod histogram;
pub mod html;
pub mod judge;
pub mod model;
pub mod page;
pub mod quantity;
mod random;
pub mod trend;
pub mod verdict;

pub use histogram::Histogram;
pub use model::Report;
pub use verdict::Verdict;
