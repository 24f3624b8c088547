//! The loadgate runner: suites, the engine that executes them, the gate around it and its outputs.

pub mod monitor;
pub mod suite;
pub mod target;
