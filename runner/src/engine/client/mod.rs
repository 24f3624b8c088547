//! The measured path to the target: connections, requests on the wire, responses.
//!
//! HTTP/1.1 is written and read here, with hyper's parser (httparse) for heads. Requests that never change are serialised
//! once, a response lies in one buffer, and the instants that figures need (first byte written, each arrival of bytes) are
//! taken where they happen. HTTP/2 is hyper's.

mod certificates;
mod chunked;
mod coding;
mod connection;
mod deadline;
mod endpoint;
mod head;
mod http1;
mod http2;
mod proxy;
mod reach;
mod redirect;
mod socket;
mod tls;
mod tunnel;
mod unpacker;
mod wire;

use std::fmt::Write as _;

use loadgate_report::model::FailureKind;

pub(crate) use coding::Coding;
pub(crate) use connection::Connection;
pub(crate) use deadline::Deadline;
pub use endpoint::EndpointError;
pub(crate) use endpoint::{Endpoint, Endpoints};
pub(crate) use head::Head;
#[cfg(feature = "bench")]
pub(crate) use head::parse as parse_head;
pub use proxy::Proxies;
pub use reach::Reach;
pub(crate) use redirect::{Original, Redirected, follow, location};
pub(crate) use socket::Socket;
pub(crate) use wire::{Prepared, RequestProgram, Scratch, plain_get};

/// Why there is no complete response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TransportError {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    /// Whether it will be the same the next time, as with a certificate that is not trusted.
    pub(crate) is_lasting: bool,
}

impl TransportError {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), is_lasting: false }
    }

    fn protocol(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Protocol, message)
    }

    /// An error of the connection once it stood.
    fn lost(error: &std::io::Error, what: &str) -> Self {
        let mut message = String::from("connection lost ");
        // Writing to a String cannot fail.
        let _ = write!(message, "{what}: {error}");
        Self::new(FailureKind::Reset, message)
    }
}
