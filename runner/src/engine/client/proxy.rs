//! Proxies that the environment names: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, or the same in lower case, which come first. There is
//! no standard for them; this follows what curl does (<https://everything.curl.dev/usingcurl/proxies/env.html>), but for one thing:
//! nothing on this machine is ever asked through a proxy.

use std::net::IpAddr;

use base64::Engine as _;
use url::{Host, Url};

/// The proxies of a run.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Named>,
    https: Option<Named>,
    exceptions: Vec<Exception>,
}

/// What a variable says.
#[derive(Clone, Debug)]
struct Named {
    variable: String,
    proxy: Result<Proxy, String>,
}

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// The value of `proxy-authorization`.
    pub(super) authorization: Option<String>,
    /// The variable that names it, for messages.
    pub(super) variable: String,
    password: Option<String>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// Without its credentials.
impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{} ({})", self.host, self.port, self.variable)
    }
}

/// A host that is asked directly.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// The name and all names below it.
    Domain(String),
    /// The addresses that begin with so many bits of this one.
    Network(IpAddr, u32),
}

impl Proxies {
    /// Those of this process's environment.
    pub fn of_environment() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    /// Those of an environment.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let given = |names: [&str; 2]| {
            let mut given = names.into_iter().filter_map(|name| Some((name.to_owned(), variable(name)?)));
            given.find(|(_, value)| !value.trim().is_empty())
        };
        let named = |names| {
            given(names).map(|(variable, value)| {
                let proxy = Proxy::parse(value.trim(), &variable);
                Named { variable, proxy }
            })
        };
        // In a CGI program HTTP_PROXY is whatever the client sends as `proxy:` header (https://httpoxy.org).
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let exceptions = given(["no_proxy", "NO_PROXY"]).map(|(_, value)| exceptions(&value));
        Self {
            http: named(["http_proxy", if is_cgi { "http_proxy" } else { "HTTP_PROXY" }]),
            https: named(["https_proxy", "HTTPS_PROXY"]),
            exceptions: exceptions.unwrap_or_default(),
        }
    }

    /// The proxy that a URL is asked through.
    ///
    /// # Errors
    /// There is one, and it cannot be used.
    pub(super) fn for_url(&self, url: &Url) -> Result<Option<&Proxy>, String> {
        let named = match url.scheme() {
            "http" => self.http.as_ref(),
            "https" => self.https.as_ref(),
            _ => None,
        };
        let (Some(named), Some(host)) = (named, url.host()) else { return Ok(None) };
        let port = url.port_or_known_default();
        if is_this_machine(&host) || self.exceptions.iter().any(|exception| exception.holds(&host, port)) {
            return Ok(None);
        }
        match &named.proxy {
            Ok(proxy) => Ok(Some(proxy)),
            Err(why) => Err(format!("{} {why}; mend it, or name the host in NO_PROXY", named.variable)),
        }
    }

    /// What no output may contain.
    pub fn secrets(&self) -> Vec<String> {
        let proxies =
            [&self.http, &self.https].into_iter().flatten().filter_map(|named| named.proxy.as_ref().ok());
        let secrets = proxies.flat_map(|proxy| {
            let token = proxy.authorization.as_deref().and_then(|value| value.strip_prefix("Basic "));
            [proxy.password.clone(), token.map(str::to_owned)]
        });
        secrets.flatten().collect()
    }
}

impl Proxy {
    fn parse(value: &str, variable: &str) -> Result<Self, String> {
        let whole = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        // The value may hold a password, so it is not shown.
        let url = Url::parse(&whole).map_err(|error| format!("is no URL ({error})"))?;
        if url.scheme() != "http" {
            return Err(format!("is a proxy of the kind `{}`, and only `http` is known here", url.scheme()));
        }
        let host = url.host_str().ok_or("names no host")?.trim_matches(['[', ']']).to_owned();
        let decoded = |text: &str| {
            let pairs = format!("a={}", text.replace('+', "%2B"));
            url::form_urlencoded::parse(pairs.as_bytes()).next().map(|(_, value)| value.into_owned())
        };
        let user = Some(url.username()).filter(|user| !user.is_empty()).and_then(decoded);
        let password = url.password().and_then(decoded);
        let authorization = user.map(|user| {
            let pair = format!("{user}:{}", password.as_deref().unwrap_or_default());
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        });
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Self { host, port, authorization, variable: variable.to_owned(), password })
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback() || address.is_unspecified(),
        Host::Ipv6(address) => {
            let inner = address.to_ipv4_mapped();
            address.is_loopback()
                || address.is_unspecified()
                || inner.is_some_and(|inner| inner.is_loopback())
        }
    }
}

fn exceptions(value: &str) -> Vec<Exception> {
    let words = value.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
    words.map(exception).collect()
}

fn exception(word: &str) -> Exception {
    if word == "*" {
        return Exception { hosts: Hosts::All, port: None };
    }
    let address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let network = |text: &str| {
        let (base, bits) = text.split_once('/')?;
        Some(Hosts::Network(address(base)?, bits.parse().ok()?))
    };
    let one = |text: &str| address(text).map(|address| Hosts::Network(address, 128));
    if let Some(hosts) = network(word).or_else(|| one(word)) {
        return Exception { hosts, port: None };
    }
    let (name, port) = match word.rsplit_once(':').map(|(name, port)| (name, port.parse().ok())) {
        Some((name, port @ Some(_))) => (name, port),
        _ => (word, None),
    };
    let domain = name.trim_start_matches('*').trim_matches('.').to_ascii_lowercase();
    Exception { hosts: one(name).unwrap_or(Hosts::Domain(domain)), port }
}

impl Exception {
    fn holds(&self, host: &Host<&str>, port: Option<u16>) -> bool {
        if self.port.is_some() && self.port != port {
            return false;
        }
        match (&self.hosts, host) {
            (Hosts::All, _) => true,
            (Hosts::Domain(domain), Host::Domain(name)) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                let below = name.strip_suffix(domain.as_str());
                below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
            (Hosts::Network(IpAddr::V4(base), bits), Host::Ipv4(address)) => {
                let shift = 32 - (*bits).min(32);
                (base.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            (Hosts::Network(IpAddr::V6(base), bits), Host::Ipv6(address)) => {
                let shift = 128 - (*bits).min(128);
                (base.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(environment: &[(&str, &str)], url: &str) -> String {
        let find = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        match Proxies::of(find).for_url(&Url::parse(url).unwrap()) {
            Ok(Some(proxy)) => proxy.to_string(),
            Ok(None) => "directly".to_owned(),
            Err(why) => why,
        }
    }

    #[test]
    fn which_proxy_a_url_is_asked_through() {
        let (http, https) = (("HTTP_PROXY", "http://proxy:3128"), ("HTTPS_PROXY", "secure:8080"));
        let (by_http, by_https) = ("proxy:3128 (HTTP_PROXY)", "secure:8080 (HTTPS_PROXY)");
        for (environment, url, expected) in [
            (&[][..], "http://service.invalid/", "directly"),
            (&[http], "http://service.invalid/", by_http),
            (&[http], "https://service.invalid/", "directly"),
            (&[http, https], "https://service.invalid/", by_https),
            (&[http, ("http_proxy", "lower")], "http://service.invalid/", "lower:80 (http_proxy)"),
            (&[http, ("http_proxy", "")], "http://service.invalid/", by_http),
            (&[http, ("REQUEST_METHOD", "GET")], "http://service.invalid/", "directly"),
            (
                &[("http_proxy", "l:1"), ("REQUEST_METHOD", "GET")],
                "http://service.invalid/",
                "l:1 (http_proxy)",
            ),
            // Nothing on this machine, whatever it is called.
            (&[http], "http://127.0.0.1:80/", "directly"),
            (&[http], "http://127.8.9.1/", "directly"),
            (&[http], "http://localhost/", "directly"),
            (&[http], &url("shop.LOCALHOST."), "directly"),
            (&[http], "http://[::1]:8080/", "directly"),
            (&[http], "http://[::ffff:127.0.0.1]/", "directly"),
            (&[http], &url("0.0.0.0"), "directly"),
            (&[http], "http+unix://%2Frun%2Fservice.sock/", "directly"),
            // Exceptions.
            (&[http, ("NO_PROXY", "*")], "http://service.invalid/", "directly"),
            (&[http, ("NO_PROXY", "other.invalid, service.invalid")], "http://service.invalid/", "directly"),
            (&[http, ("no_proxy", "other"), ("NO_PROXY", "*")], "http://service.invalid/", by_http),
            (&[http, ("NO_PROXY", "invalid")], "http://a.service.invalid/", "directly"),
            (&[http, ("NO_PROXY", ".Service.invalid")], "http://a.service.invalid/", "directly"),
            (&[http, ("NO_PROXY", "*.service.invalid")], "http://a.service.invalid/", "directly"),
            (&[http, ("NO_PROXY", "service.invalid")], "http://myservice.invalid/", by_http),
            (&[http, ("NO_PROXY", "service.invalid:8080")], "http://service.invalid:8080/", "directly"),
            (&[http, ("NO_PROXY", "service.invalid:8080")], "http://service.invalid/", by_http),
            (&[http, ("NO_PROXY", "service.invalid:80")], "http://service.invalid/", "directly"),
            // Each a colon-free way to write an address that no test could reach.
            (&[http, ("NO_PROXY", "10.0.0.0/8")], &url("10.200.0.1"), "directly"),
            (&[http, ("NO_PROXY", "10.0.0.0/8")], &url("11.0.0.1"), by_http),
            (&[http, ("NO_PROXY", "10.0.0.1")], &url("10.0.0.1"), "directly"),
            (&[http, ("NO_PROXY", "10.0.0.1")], &url("10.0.0.2"), by_http),
            (&[http, ("NO_PROXY", "fd00::/8")], &url("[fd12::1]"), "directly"),
            (&[http, ("NO_PROXY", "[fd00::1]:80")], &url("[fd00::1]"), "directly"),
            (&[http, ("NO_PROXY", "[fd00::1]:81")], &url("[fd00::1]"), by_http),
            (&[http, ("NO_PROXY", "0.0.0.0/0")], &url("10.0.0.1"), "directly"),
        ] {
            assert_eq!(through(environment, url), expected, "{url} with {environment:?}");
        }
    }

    fn url(host: &str) -> String {
        format!("http://{host}/")
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_told_without_its_password() {
        for (value, words) in [
            ("socks5://me:hush-hush@proxy:1080", "HTTP_PROXY is a proxy of the kind `socks5`"),
            ("http://me:hush-hush@:1", "HTTP_PROXY is no URL"),
        ] {
            let told = through(&[("HTTP_PROXY", value)], "http://service.invalid/");
            assert!(told.starts_with(words) && !told.contains("hush"), "{told}");
        }
    }

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let value = "http://me%40home:hush%2Fhush@proxy:3128".to_owned();
        let proxies = Proxies::of(|name| (name == "HTTP_PROXY").then(|| value.clone()));
        let url = Url::parse("http://service.invalid/").unwrap();
        let proxy = proxies.for_url(&url).unwrap().unwrap();
        let token = base64::engine::general_purpose::STANDARD.encode("me@home:hush/hush");
        assert_eq!(proxy.authorization, Some(format!("Basic {token}")));
        assert_eq!(proxies.secrets(), ["hush/hush".to_owned(), token]);
        assert!(!format!("{proxies:?}").contains("hush"));
    }
}
