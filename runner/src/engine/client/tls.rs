//! TLS to the target, by rustls.

use std::sync::{Arc, OnceLock};

use loadgate_report::model::FailureKind;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::certificates::{Verifier, explain};
use super::socket::Socket;
use super::{EndpointError, TransportError};
use crate::suite::plan::Trust;

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

/// A configuration that trusts the system's certificate authorities, and what a suite names besides.
pub(super) fn config(trust: &Trust) -> Result<ClientConfig, EndpointError> {
    if trust.insecure {
        return with_verifier(None, Vec::new());
    }
    let (mut roots, told) = system_roots();
    let named: Vec<_> = trust.certificates.iter().map(|der| CertificateDer::from(der.clone())).collect();
    roots.add_parsable_certificates(named.iter().cloned());
    if roots.is_empty() {
        return Err(EndpointError {
            message: format!(
                "no certificate authorities were found, so that no https server can be trusted ({told}); install the system's, \
                 name a file of them in SSL_CERT_FILE, or the server's own in `target.tls.ca`"
            ),
        });
    }
    if named.is_empty() { with_roots(roots) } else { with_verifier(Some(roots), named) }
}

/// The system's authorities, read once, and what was said where there are none.
fn system_roots() -> (RootCertStore, String) {
    static ROOTS: OnceLock<(RootCertStore, String)> = OnceLock::new();
    let read = || {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        (roots, if errors.is_empty() { "no error was told".to_owned() } else { errors.join(", ") })
    };
    ROOTS.get_or_init(read).clone()
}

fn unusable(error: &dyn std::fmt::Display) -> EndpointError {
    EndpointError { message: format!("TLS cannot be set up: {error}") }
}

/// A configuration that trusts what these roots vouch for and what is named; without roots it trusts whoever answers.
fn with_verifier(
    roots: Option<RootCertStore>,
    named: Vec<CertificateDer<'static>>,
) -> Result<ClientConfig, EndpointError> {
    let provider = Arc::new(ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let judge =
        |roots| WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    let authorities = roots.map(judge).transpose().map_err(|error| unusable(&error))?;
    let verifier = Arc::new(Verifier { authorities, named, algorithms });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = protocols();
    Ok(config)
}

/// What the handshake offers to speak.
fn protocols() -> Vec<Vec<u8>> {
    vec![b"h2".to_vec(), b"http/1.1".to_vec()]
}

/// A configuration that trusts these.
pub(super) fn with_roots(roots: RootCertStore) -> Result<ClientConfig, EndpointError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols();
    Ok(config)
}

impl Tls {
    /// For the server of this name, which its certificate must carry.
    pub(super) fn new(host: &str, config: Arc<ClientConfig>) -> Result<Self, EndpointError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| EndpointError {
            message: format!("`{host}` cannot be a TLS server's name: {error}"),
        })?;
        Ok(Self { connector: TlsConnector::from(config), name })
    }

    /// Shakes hands. `http1` offers nothing newer, which a WebSocket needs.
    pub(super) async fn wrap(&self, stream: TcpStream, http1: bool) -> Result<Socket, TransportError> {
        let name = self.name.clone();
        let wrapped = if http1 {
            self.connector.with_alpn(vec![b"http/1.1".to_vec()]).connect(name, stream).await
        } else {
            self.connector.connect(name, stream).await
        };
        let stream = wrapped.map_err(|error| {
            let (told, is_lasting) = explain(&error);
            let message = format!("the TLS handshake failed: {told}");
            TransportError { is_lasting, ..TransportError::new(FailureKind::Tls, message) }
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
        let tls = Tls::new("localhost", Arc::new(with_roots(roots).unwrap())).unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let mut connection = Connection::over(tls.wrap(stream, false).await.unwrap());
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
        let tls = Tls::new("localhost", Arc::new(with_roots(roots).unwrap())).unwrap();
        let error = tls.wrap(TcpStream::connect(address).await.unwrap(), false).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Tls);
        assert!(error.message.contains("certificate"), "{}", error.message);
    }

    #[tokio::test]
    async fn http2_is_agreed_on_where_the_server_speaks_it() {
        for (protocol, agreed) in [("http/1.1", false), ("h2", true)] {
            let (address, roots) = server(protocol).await;
            let tls = Tls::new("localhost", Arc::new(with_roots(roots).unwrap())).unwrap();
            let socket = tls.wrap(TcpStream::connect(address).await.unwrap(), false).await.unwrap();
            assert_eq!(socket.agreed_on_http2(), agreed, "{protocol}");
            drop(socket);
            // For a WebSocket nothing but HTTP/1.1 is offered, so a server that speaks only HTTP/2 declines.
            let stream = TcpStream::connect(address).await.unwrap();
            assert_eq!(tls.wrap(stream, true).await.is_err(), agreed, "{protocol}");
        }
    }
}
