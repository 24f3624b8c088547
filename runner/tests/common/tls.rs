//! A TLS server with a certificate of its own making.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::server::TlsStream;

/// A certificate for 127.0.0.1 and service.invalid that has signed itself.
pub(crate) struct Certificate {
    pub(crate) pem: String,
    der: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    pub(crate) fn of_a_server() -> Self {
        Self::made(IsCa::NoCa)
    }

    /// One that says of itself that it is an authority, as `openssl req -x509` makes them.
    pub(crate) fn of_an_authority() -> Self {
        Self::made(IsCa::Ca(BasicConstraints::Unconstrained))
    }

    fn made(is_ca: IsCa) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut wanted =
            CertificateParams::new(["127.0.0.1".to_owned(), "service.invalid".to_owned()]).unwrap();
        wanted.is_ca = is_ca;
        let made = wanted.self_signed(&key).unwrap();
        let der = made.der().clone();
        Self { pem: made.pem(), der, key: PrivateKeyDer::try_from(key.serialize_der()).unwrap() }
    }

    /// What shakes hands with it, and offers both versions of HTTP.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone()], self.key.clone_key())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A listener for axum whose connections have shaken hands.
pub(crate) struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl TlsListener {
    /// To be made within a runtime.
    pub(crate) fn new(listener: std::net::TcpListener, acceptor: TlsAcceptor) -> Self {
        listener.set_nonblocking(true).unwrap();
        Self { listener: TcpListener::from_std(listener).unwrap(), acceptor }
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, from) = self.listener.accept().await.unwrap();
            // A client that does not trust the certificate goes away; the next one is waited for.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
