//! What a reference service tells about itself, and how it is asked to run.

use std::future::Future;
use std::pin::Pin;

use axum::Router;

use crate::error::Error;
use crate::inject::Inject;
use crate::setup::Setup;

/// A reference service: its name, what it is, and the faults that it knows.
#[derive(Debug)]
pub struct ServiceInfo {
    /// The name by which commands and documents call it (`cached-chat`).
    pub name: &'static str,
    /// One line on what the service is.
    pub summary: &'static str,
    /// The port it listens on where none is asked for.
    pub default_port: u16,
    /// Every fault that can be switched on, one at a time.
    pub faults: &'static [FaultInfo],
    /// Whether it can keep its state in a real Redis ([`Options::store`]).
    pub has_store: bool,
    pub(crate) build: fn(Setup) -> Building,
}

/// The routes of a service under construction (opening a store may take time and fail).
pub(crate) type Building = Pin<Box<dyn Future<Output = Result<Router, Error>> + Send>>;

/// A way in which a service can be made to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultInfo {
    /// The name by which it is switched on (`cache-off`).
    pub name: &'static str,
    /// The requirements that it breaks (`C1`), as `docs/reference-services.md` numbers them.
    pub requirements: &'static [&'static str],
    /// One line: what it breaks, and where that shows.
    pub breaks: &'static str,
}

/// How a service is to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The name of the fault to switch on; `None` is the healthy service.
    pub fault: Option<String>,
    /// Factor on every simulated latency and on the service's own heavy work; finite and at least 0.01. 1 is normal,
    /// 2 is twice as slow. Real work can be slowed down but not sped up: below 1 the factor acts on simulated
    /// latencies alone.
    pub slow: f64,
    /// The original latencies and windows (seconds and minutes) instead of the short ones.
    pub full: bool,
    /// Seed of every random choice of the service.
    pub seed: u64,
    /// A small change for the worse, on top of all else.
    pub inject: Option<Inject>,
    /// A Redis (`redis://host:port/db`) to keep the state in, where the service has that; else memory.
    pub store: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { fault: None, slow: 1.0, full: false, seed: 1, inject: None, store: None }
    }
}
