//! The estimated capacity of the service as it was measured.

use serde::{Deserialize, Serialize};

/// What the service sustains, by Little's law from its service time under a known number of busy users.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Estimate {
    /// Requests under way at once: the users, each of whom always had one.
    pub concurrency: f64,
    /// Mean service time, milliseconds.
    pub service_time_ms: f64,
    /// concurrency / service time: requests per second without any head-room.
    pub at_full_load: f64,
    /// Requests per second that were counted; the law holds where both agree.
    pub measured: f64,
    /// Share of `at_full_load` that is left free.
    pub headroom: f64,
    /// Sustainable requests per second: `at_full_load` less the head-room.
    pub throughput: f64,
    /// Time from one request of a user to the next that `users` assumes, seconds.
    pub request_every_s: f64,
    /// Users that this serves.
    pub users: f64,
    /// What more users would need.
    pub steps: Vec<ScalingStep>,
}

/// A number of users and what it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ScalingStep {
    /// Users.
    pub users: f64,
    /// Their requests per second.
    pub throughput: f64,
    /// Instances like the one that was measured, if they share nothing that limits them.
    pub instances: u64,
}
