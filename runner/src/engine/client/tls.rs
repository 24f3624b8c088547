//! TLS to the target, by rustls.

use std::sync::{Arc, OnceLock};

use loadgate_report::model::FailureKind;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::socket::Socket;
use super::{EndpointError, TransportError};

/// What a TLS endpoint needs for its handshakes.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The configuration of all workers; the certificates of the system are read once.
fn config() -> Result<Arc<ClientConfig>, EndpointError> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, EndpointError>> = OnceLock::new();
    CONFIG.get_or_init(|| make_config().map(Arc::new)).clone()
}

fn make_config() -> Result<ClientConfig, EndpointError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(EndpointError {
            message: format!(
                "no certificate authorities were found, so that no https server can be trusted ({}); install the system's, or \
                 name a file of them in SSL_CERT_FILE",
                if errors.is_empty() { "no error was told".to_owned() } else { errors.join(", ") }
            ),
        });
    }
    with_roots(roots)
}

/// A configuration that trusts these.
pub(super) fn with_roots(roots: RootCertStore) -> Result<ClientConfig, EndpointError> {
    let fail =
        |error: &dyn std::fmt::Display| EndpointError { message: format!("TLS cannot be set up: {error}") };
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| fail(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

impl Tls {
    /// For the server of this name, which its certificate must carry.
    pub(super) fn new(host: &str) -> Result<Self, EndpointError> {
        Self::with(host, config()?)
    }

    pub(super) fn with(host: &str, config: Arc<ClientConfig>) -> Result<Self, EndpointError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| EndpointError {
            message: format!("`{host}` cannot be a TLS server's name: {error}"),
        })?;
        Ok(Self { connector: TlsConnector::from(config), name })
    }

    /// Shakes hands.
    pub(super) async fn wrap(&self, stream: TcpStream) -> Result<Socket, TransportError> {
        let wrapped = self.connector.connect(self.name.clone(), stream).await;
        let stream = wrapped.map_err(|error| {
            TransportError::new(FailureKind::Tls, format!("the TLS handshake failed: {error}"))
        })?;
        Ok(Socket::Tls(Box::new(stream)))
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;

    use super::*;
    use crate::engine::client::Connection;

    /// A TLS server for `localhost` that answers each request on a connection, and its certificate authority.
    async fn server(protocol: &str) -> (std::net::SocketAddr, RootCertStore) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(config));
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = [0; 4096];
                while stream.read(&mut request).await.is_ok_and(|n| n > 0) {
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await.unwrap();
                }
            }
        });
        (address, roots)
    }

    #[tokio::test]
    async fn requests_go_through_tls_again_and_again() {
        let (address, roots) = server("http/1.1").await;
        let tls = Tls::with("localhost", Arc::new(with_roots(roots).unwrap())).unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let mut connection = Connection::over(tls.wrap(stream).await.unwrap());
        for _ in 0..3 {
            assert!(connection.is_usable(), "session tickets do not make it unusable");
            connection.send(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", &[]).await.unwrap();
            assert_eq!(connection.receive_head(&Method::GET).await.unwrap().status, 200);
            connection.receive_body().await.unwrap();
            assert_eq!(connection.body(), b"secret");
            assert!(connection.finish());
        }
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_vouches_for_is_a_tls_failure() {
        let (address, _) = server("http/1.1").await;
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(other.cert.der().clone()).unwrap();
        let tls = Tls::with("localhost", Arc::new(with_roots(roots).unwrap())).unwrap();
        let error = tls.wrap(TcpStream::connect(address).await.unwrap()).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Tls);
        assert!(error.message.contains("certificate"), "{}", error.message);
    }

    #[tokio::test]
    async fn http2_is_agreed_on_where_the_server_speaks_it() {
        for (protocol, agreed) in [("http/1.1", false), ("h2", true)] {
            let (address, roots) = server(protocol).await;
            let tls = Tls::with("localhost", Arc::new(with_roots(roots).unwrap())).unwrap();
            let socket = tls.wrap(TcpStream::connect(address).await.unwrap()).await.unwrap();
            assert_eq!(socket.agreed_on_http2(), agreed, "{protocol}");
        }
    }
}
