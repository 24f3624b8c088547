//! The loadgate runner: suites, the engine that executes them, the gate around it and its outputs.

pub mod baseline;
pub mod engine;
pub mod github;
pub mod monitor;
pub mod output;
pub mod suite;
pub mod target;
