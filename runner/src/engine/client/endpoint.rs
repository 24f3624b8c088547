//! Where requests go: a host and port with its addresses.

use std::cell::Cell;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::rc::Rc;

use tokio::net::TcpStream;
use url::Url;

use super::TransportError;
use loadgate_report::model::FailureKind;

/// A host and port.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The value of the `host` header.
    pub(crate) authority: String,
    /// Scheme, host and port as a URL, for cookies and redirects.
    pub(crate) origin: Url,
    addresses: Vec<SocketAddr>,
    /// The address that worked last.
    preferred: Cell<usize>,
}

/// A URL that no request can go to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EndpointError {
    /// What is wrong.
    pub message: String,
}

impl Endpoint {
    /// The endpoint of a URL; its host is looked up here, once.
    pub(crate) fn resolve(url: &Url) -> Result<Self, EndpointError> {
        let fail = |message: String| EndpointError { message };
        if url.scheme() != "http" {
            return Err(fail(format!("`{url}`: the scheme `{}` is not supported yet", url.scheme())));
        }
        let host = url.host_str().ok_or_else(|| fail(format!("`{url}` names no host")))?;
        let port = url.port_or_known_default().ok_or_else(|| fail(format!("`{url}` names no port")))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses: Vec<SocketAddr> = (bare, port)
            .to_socket_addrs()
            .map_err(|error| fail(format!("the host `{host}` was not found: {error}")))?
            .collect();
        if addresses.is_empty() {
            return Err(fail(format!("the host `{host}` has no address")));
        }
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let origin = Url::parse(&format!("{}://{authority}/", url.scheme()))
            .map_err(|error| fail(format!("`{url}`: {error}")))?;
        Ok(Self { authority, origin, addresses, preferred: Cell::new(0) })
    }

    /// Opens a connection, trying the addresses in turn from the one that worked last.
    pub(crate) async fn connect(&self) -> Result<TcpStream, TransportError> {
        let mut failure = None;
        for offset in 0..self.addresses.len() {
            let index = (self.preferred.get() + offset) % self.addresses.len();
            match TcpStream::connect(self.addresses[index]).await {
                Ok(stream) => {
                    self.preferred.set(index);
                    // Small requests must not wait for an acknowledgement of the last one. Should the option not be
                    // there, the figures show it; the request itself works.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => failure = Some((self.addresses[index], error)),
            }
        }
        let (address, error) = failure.expect("an endpoint has at least one address");
        Err(TransportError::new(FailureKind::Connect, format!("no connection to {address}: {error}")))
    }
}

/// The endpoints that a worker has met, the target's first.
#[derive(Debug)]
pub(crate) struct Endpoints {
    base: Rc<Endpoint>,
    others: std::cell::RefCell<Vec<Rc<Endpoint>>>,
}

impl Endpoints {
    pub(crate) fn new(base: Endpoint) -> Self {
        Self { base: Rc::new(base), others: std::cell::RefCell::default() }
    }

    /// The target's own.
    pub(crate) fn base(&self) -> &Rc<Endpoint> {
        &self.base
    }

    /// The endpoint of a whole URL.
    pub(crate) fn of(&self, url: &Url) -> Result<Rc<Endpoint>, EndpointError> {
        let same = |endpoint: &Rc<Endpoint>| endpoint.origin.origin() == url.origin();
        if same(&self.base) {
            return Ok(self.base.clone());
        }
        if let Some(known) = self.others.borrow().iter().find(|e| same(e)) {
            return Ok(known.clone());
        }
        let endpoint = Rc::new(Endpoint::resolve(url)?);
        self.others.borrow_mut().push(endpoint.clone());
        Ok(endpoint)
    }
}
