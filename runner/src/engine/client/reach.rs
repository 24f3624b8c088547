//! How the target is reached: its URL, and what the suite says of the way there.

use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::ClientConfig;
use url::Url;

use super::proxy::{Proxies, Proxy};
use super::{EndpointError, tls};
use crate::suite::plan::Trust;

/// How the target is reached. The same for its load, for waiting until it is ready, and for its probes. A clone is cheap and shares
/// what was read for TLS.
#[derive(Clone, Debug)]
pub struct Reach {
    url: Url,
    http2: bool,
    terms: Arc<Terms>,
}

/// What holds for every address that a run talks to.
#[derive(Debug, Default)]
struct Terms {
    trust: Trust,
    proxies: Proxies,
    tls: OnceLock<Result<Arc<ClientConfig>, EndpointError>>,
}

impl Reach {
    /// The target at this URL, which speaks HTTP/1.1, or with TLS whatever is agreed on, and which the system's certificate
    /// authorities vouch for.
    pub fn new(url: Url) -> Self {
        Self { url, http2: false, terms: Arc::default() }
    }

    /// The same, where it is known whether it speaks HTTP/2 without TLS (RFC 9113, section 3.3).
    #[must_use]
    pub fn with_http2(self, http2: bool) -> Self {
        Self { http2, ..self }
    }

    /// The same with other certificates that are trusted, and through proxies where there are some.
    #[must_use]
    pub fn on_terms(self, trust: Trust, proxies: Proxies) -> Self {
        Self { terms: Arc::new(Terms { trust, proxies, tls: OnceLock::new() }), ..self }
    }

    /// The proxy between here and the target, with the variable that names it.
    pub fn through(&self) -> Option<String> {
        self.proxy().ok().flatten().map(ToString::to_string)
    }

    pub(super) fn proxy(&self) -> Result<Option<&Proxy>, EndpointError> {
        self.terms.proxies.for_url(&self.url).map_err(|message| EndpointError { message })
    }

    /// The target's base URL.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the target is known to speak HTTP/2 without TLS.
    pub(super) fn http2(&self) -> bool {
        self.http2
    }

    /// Another address, to which the same terms apply; nothing is known of its HTTP/2.
    pub(super) fn elsewhere(&self, url: &Url) -> Self {
        Self { url: url.clone(), http2: false, terms: self.terms.clone() }
    }

    /// The configuration of TLS, made when it is first asked for.
    pub(super) fn tls(&self) -> Result<Arc<ClientConfig>, EndpointError> {
        let Terms { trust, tls, .. } = &*self.terms;
        tls.get_or_init(|| tls::config(trust).map(Arc::new)).clone()
    }
}
