//! Which certificates are trusted beyond those that the system's authorities vouch for.

use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

/// Trusts what the suite names.
#[derive(Debug)]
pub(super) struct Verifier {
    /// Judges by the authorities; `None` trusts whoever answers.
    pub(super) authorities: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that the suite names, as they are.
    pub(super) named: Vec<CertificateDer<'static>>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authorities) = &self.authorities else { return Ok(ServerCertVerified::assertion()) };
        match authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp, now) {
            // `openssl req -x509` makes certificates that are servers and authorities in one, which the standard forbids and
            // everybody has. Named as it is, such a one is trusted for the names that it carries.
            Err(error) if is_authority(&error) && self.named.iter().any(|named| named == end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether a certificate was refused because it is one of an authority. Its time has been looked at by then (webpki judges
/// that first); rustls has no name of its own for it.
fn is_authority(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::Other(other)) if other.to_string().contains("CaUsedAsEndEntity"))
}

/// What a failed handshake means, what to do, and whether it will be the same the next time.
pub(super) fn explain(error: &std::io::Error) -> (String, bool) {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let trust = "name the certificate of its authority, or its own where it has signed itself, in `target.tls.ca`, or trust any \
                 with `target.tls.insecure: true`";
    let advice = match inner {
        // A bad signature is that of another authority of the same name, as when a certificate was made anew.
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)) => {
            Some(trust)
        }
        Some(refused @ Error::InvalidCertificate(_)) if is_authority(refused) => Some(trust),
        Some(Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => Some("ask for it by a name that the certificate carries"),
        Some(Error::InvalidCertificate(_)) => None,
        Some(Error::InvalidMessage(_)) => {
            Some("nobody speaks TLS there; should the URL begin with `http://`?")
        }
        _ => return (error.to_string(), false),
    };
    (advice.map_or_else(|| error.to_string(), |advice| format!("{error}; {advice}")), true)
}
