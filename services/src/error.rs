//! Why a service could not be started.

use std::net::SocketAddr;

/// Why a service could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No reference service has this name.
    #[error("there is no reference service {name:?}; known are {known}")]
    UnknownService {
        /// The name that was asked for.
        name: String,
        /// The names that there are, separated by commas.
        known: String,
    },
    /// The service has no fault of this name.
    #[error("{service} has no fault {fault:?}; known are {known}")]
    UnknownFault {
        /// The service.
        service: &'static str,
        /// The fault that was asked for.
        fault: String,
        /// The faults that there are, separated by commas.
        known: String,
    },
    /// The factor of slowness is out of its range.
    #[error("the factor of slowness must be a number of at least 0.01, not {factor}")]
    BadSlow {
        /// The factor that was asked for.
        factor: f64,
    },
    /// What was to be injected is not known, or its amount is out of range.
    #[error("cannot inject {text:?}; write it as {known}")]
    BadInject {
        /// As it was given.
        text: String,
        /// What there is.
        known: &'static str,
    },
    /// The address could not be listened on.
    #[error("cannot listen on {addr}")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The service keeps its state in memory only.
    #[error("{service} cannot keep its state in a store; leave the store out")]
    NoStore {
        /// The service.
        service: &'static str,
    },
    /// The store could not be opened. Says no more of its address than host and port: the rest may hold a password.
    #[error("cannot use the store at {place}: {reason}")]
    Store {
        /// Host and port, or file, of the store.
        place: String,
        /// Why not.
        reason: String,
    },
}

impl Error {
    /// The error for a name that [`find`](crate::find) does not know.
    pub fn unknown_service(name: &str) -> Self {
        Self::UnknownService { name: name.to_owned(), known: names(crate::all().iter().map(|it| it.name)) }
    }
}

pub(crate) fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
