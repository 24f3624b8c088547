//! Where requests go: a host and port with its addresses, or a Unix socket.

use std::cell::{Cell, RefCell};
use std::net::{SocketAddr, ToSocketAddrs as _};
#[cfg(unix)]
use std::path::PathBuf;
use std::rc::Rc;

use loadgate_report::model::FailureKind;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use url::Url;

use super::proxy::Proxy;
use super::socket::Socket;
use super::tls::Tls;
use super::{Reach, TransportError, tunnel};

/// Where requests go.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The value of the `host` header.
    pub(crate) authority: String,
    /// Scheme, host and port as a URL, for cookies and redirects.
    pub(crate) origin: Url,
    /// Scheme, host and port as the URL of the suite has them.
    key: String,
    route: Route,
    tls: Option<Tls>,
    /// The proxy in between.
    proxy: Option<Proxy>,
    /// What stands before the path in a request line: nothing, or for a proxy that passes requests on, the server.
    pub(crate) before_path: String,
    /// Whether it is known to speak HTTP/2 without having been asked.
    pub(crate) prior_knowledge: bool,
}

/// How it is reached.
#[derive(Debug)]
enum Route {
    Tcp {
        /// At least one.
        addresses: Vec<SocketAddr>,
        /// The address that worked last.
        preferred: Cell<usize>,
    },
    #[cfg(unix)]
    Unix(PathBuf),
}

/// A URL that no request can go to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EndpointError {
    /// What is wrong.
    pub message: String,
}

fn fail(message: String) -> EndpointError {
    EndpointError { message }
}

/// What tells one endpoint from another.
fn key(url: &Url) -> String {
    url[..url::Position::BeforePath].to_ascii_lowercase()
}

impl Endpoint {
    /// The endpoint of a URL; its host is looked up here, once.
    pub(crate) fn resolve(reach: &Reach) -> Result<Self, EndpointError> {
        let url = reach.url();
        let endpoint = match url.scheme() {
            "http" | "https" => Self::over_tcp(reach)?,
            "http+unix" => Self::over_unix(url)?,
            other => {
                return Err(fail(format!("`{url}`: the scheme `{other}` is not http, https or http+unix")));
            }
        };
        let prior_knowledge = reach.http2() && endpoint.tls.is_none();
        let mut before_path = String::new();
        if endpoint.proxy.is_some() && endpoint.tls.is_none() && !prior_knowledge {
            before_path = format!("http://{}", endpoint.authority);
        }
        Ok(Self { prior_knowledge, before_path, ..endpoint })
    }

    fn over_tcp(reach: &Reach) -> Result<Self, EndpointError> {
        let url = reach.url();
        let host = url.host_str().ok_or_else(|| fail(format!("`{url}` names no host")))?;
        let port = url.port_or_known_default().ok_or_else(|| fail(format!("`{url}` names no port")))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let proxy = reach.proxy()?.cloned();
        let addresses = match &proxy {
            // Which address the server has, the proxy finds out.
            Some(proxy) => addresses(&proxy.host, proxy.port)
                .map_err(|error| fail(format!("of the proxy {proxy} {}", error.message)))?,
            None => addresses(bare, port)?,
        };
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let origin = Url::parse(&format!("{}://{authority}/", url.scheme()))
            .map_err(|error| fail(format!("`{url}`: {error}")))?;
        let tls = if url.scheme() == "https" { Some(Tls::new(bare, reach.tls()?)?) } else { None };
        let route = Route::Tcp { addresses, preferred: Cell::new(0) };
        Ok(Self {
            authority,
            origin,
            key: key(url),
            route,
            tls,
            proxy,
            before_path: String::new(),
            prior_knowledge: false,
        })
    }

    /// `http+unix://%2Frun%2Fservice.sock/path`: the socket's path is percent-encoded in the place of the host.
    fn over_unix(url: &Url) -> Result<Self, EndpointError> {
        #[cfg(unix)]
        {
            let host = url.host_str().unwrap_or_default();
            let path = percent_decode(host);
            if !path.starts_with('/') {
                return Err(fail(format!(
                    "`{url}` names no socket; write its path percent-encoded, as in http+unix://%2Frun%2Fservice.sock"
                )));
            }
            let origin = Url::parse("http://localhost/").expect("this URL is valid");
            let route = Route::Unix(PathBuf::from(path));
            Ok(Self {
                authority: "localhost".to_owned(),
                origin,
                key: key(url),
                route,
                tls: None,
                proxy: None,
                before_path: String::new(),
                prior_knowledge: false,
            })
        }
        #[cfg(not(unix))]
        Err(fail(format!("`{url}`: this system has no Unix sockets")))
    }

    /// An error on the way, which is the proxy's where there is one.
    fn of_proxy(&self, mut error: TransportError) -> TransportError {
        if let Some(proxy) = &self.proxy {
            error.message = format!("{}, which is the proxy {proxy}", error.message);
        }
        error
    }

    /// The value of `proxy-authorization` that each request carries. One to a tunnel does not: the server would read it.
    pub(crate) fn proxy_authorization(&self) -> Option<&str> {
        let proxy = self.proxy.as_ref().filter(|_| !self.before_path.is_empty());
        proxy.and_then(|proxy| proxy.authorization.as_deref())
    }

    /// Opens a connection, trying the addresses in turn from the one that worked last, and shakes hands where it is TLS.
    /// `upgrades` is for what becomes another protocol: only HTTP/1.1 can do that, and only through a tunnel where there is a proxy.
    pub(crate) async fn connect(&self, upgrades: bool) -> Result<Socket, TransportError> {
        let mut stream = match &self.route {
            Route::Tcp { addresses, preferred } => {
                tcp(addresses, preferred).await.map_err(|error| self.of_proxy(error))?
            }
            #[cfg(unix)]
            Route::Unix(path) => {
                return UnixStream::connect(path).await.map(Socket::Unix).map_err(|error| {
                    TransportError::new(
                        FailureKind::Connect,
                        format!("no connection to {}: {error}", path.display()),
                    )
                });
            }
        };
        if let Some(proxy) = self.proxy.as_ref().filter(|_| upgrades || self.before_path.is_empty()) {
            let port = self.origin.port_or_known_default().unwrap_or_default();
            let host = self.origin.host_str().unwrap_or_default();
            tunnel::open(&mut stream, proxy, &format!("{host}:{port}")).await?;
        }
        match &self.tls {
            Some(tls) => tls.wrap(stream, upgrades).await,
            None => Ok(Socket::Tcp(stream)),
        }
    }
}

/// The addresses of a host, at least one.
fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, EndpointError> {
    let found = (host, port).to_socket_addrs();
    let found: Vec<_> =
        found.map_err(|error| fail(format!("the host `{host}` was not found: {error}")))?.collect();
    if found.is_empty() {
        return Err(fail(format!("the host `{host}` has no address")));
    }
    Ok(found)
}

async fn tcp(addresses: &[SocketAddr], preferred: &Cell<usize>) -> Result<TcpStream, TransportError> {
    let mut failure = None;
    for offset in 0..addresses.len() {
        let index = (preferred.get() + offset) % addresses.len();
        match TcpStream::connect(addresses[index]).await {
            Ok(stream) => {
                preferred.set(index);
                // Small requests must not wait for an acknowledgement of the last one. Should the option not be there,
                // the figures show it; the request itself works.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => failure = Some((addresses[index], error)),
        }
    }
    let (address, error) = failure.expect("an endpoint has at least one address");
    let mut message = format!("no connection to {address}: {error}");
    if error.kind() == std::io::ErrorKind::AddrNotAvailable {
        message.push_str(" (no local port is free; use fewer connections, or keep them open)");
    }
    Err(TransportError::new(FailureKind::Connect, message))
}

/// Undoes percent-encoding; what is no UTF-8 then is replaced.
#[cfg(unix)]
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The endpoints that a worker has met, the target's first.
#[derive(Debug)]
pub(crate) struct Endpoints {
    reach: Reach,
    base: Rc<Endpoint>,
    others: RefCell<Vec<Rc<Endpoint>>>,
}

impl Endpoints {
    /// `base` is the endpoint of `reach`.
    pub(crate) fn new(reach: Reach, base: Endpoint) -> Self {
        Self { reach, base: Rc::new(base), others: RefCell::default() }
    }

    /// The target's own.
    pub(crate) fn base(&self) -> &Rc<Endpoint> {
        &self.base
    }

    /// The endpoint of a whole URL.
    pub(crate) fn of(&self, url: &Url) -> Result<Rc<Endpoint>, EndpointError> {
        let key = key(url);
        let same = |endpoint: &Rc<Endpoint>| endpoint.key == key;
        if same(&self.base) {
            return Ok(self.base.clone());
        }
        if let Some(known) = self.others.borrow().iter().find(|e| same(e)) {
            return Ok(known.clone());
        }
        let endpoint = Rc::new(Endpoint::resolve(&self.reach.elsewhere(url))?);
        self.others.borrow_mut().push(endpoint.clone());
        Ok(endpoint)
    }
}
