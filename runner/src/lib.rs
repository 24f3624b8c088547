//! The loadgate runner: suites, the engine that executes them, the gate around it and its outputs.

pub mod baseline;
pub mod cli;
pub mod engine;
pub mod gate;
pub mod github;
pub mod import;
pub mod monitor;
pub mod output;
mod reference;
pub mod schema;
pub mod suite;
pub mod target;
