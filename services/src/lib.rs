//! The five reference services that loadgate is tried and tested on, each with faults that can be switched on by name.
//!
//! They are real HTTP services on the loopback interface that do real work of their kind; only the slow thing behind
//! each of them (a language model, a browser log-in) is simulated, with seeded, configurable latencies. A healthy
//! service meets every requirement of its section in `docs/reference-services.md`; a [fault](FaultInfo) breaks the
//! requirements that it names, and nothing else.
//!
//! Adding a service is one folder `src/<name>/` that ends in an `INFO`, and one line in [`all`].

mod cached_chat;
mod conversations;
mod crowd;
mod deltas;
mod documents;
mod error;
mod every;
mod host;
mod inject;
mod limit;
mod model;
mod pace;
mod queue;
mod reply;
mod service;
mod sessions;
mod setup;
mod store;
mod stream_chat;
mod timer;

pub use error::Error;
pub use host::{Exit, Running, start};
pub use inject::Inject;
pub use service::{FaultInfo, Options, ServiceInfo};

static ALL: &[ServiceInfo] =
    &[stream_chat::INFO, conversations::INFO, cached_chat::INFO, sessions::INFO, documents::INFO];

/// All reference services, in the order of the docs.
pub fn all() -> &'static [ServiceInfo] {
    ALL
}

/// The service of this name, as typed on the command line (`cached-chat`).
pub fn find(name: &str) -> Option<&'static ServiceInfo> {
    ALL.iter().find(|service| service.name == name)
}
