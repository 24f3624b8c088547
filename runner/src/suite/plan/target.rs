//! The service under test, as decided.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use url::Url;

use crate::suite::expression::Expression;
use crate::suite::text::Text;

/// The service under test.
#[derive(Clone, Debug)]
pub struct Target {
    /// Base URL; holds the port that was chosen where the suite has `{{ port }}`. `http`, `https` (or `http+unix`).
    pub url: Text,
    /// A shell command to build it, once.
    pub build: Option<Text>,
    /// A shell command that starts it.
    pub start: Option<Text>,
    /// Working directory for `build` and `start`, relative to the current directory.
    pub directory: Option<Utf8PathBuf>,
    /// Additional environment of `build` and `start`.
    pub environment: Vec<(String, Text)>,
    /// How to tell that it is ready.
    pub ready: Ready,
    /// Values to read from outside while it runs.
    pub probes: Vec<Arc<Probe>>,
    /// How long it may take to end after SIGTERM.
    pub stop_within: Duration,
    /// Whether it speaks HTTP/2 without TLS.
    pub http2: bool,
    /// Which certificates it may show.
    pub trust: Trust,
    /// What its output may not be kept with: [`super::Plan::secrets`], which its environment may hand to it.
    pub secrets: Vec<String>,
}

/// Which certificates are trusted, beside those that the system's authorities vouch for.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Certificates of authorities or of the service itself, each in DER.
    pub certificates: Vec<Vec<u8>>,
    /// Any.
    pub insecure: bool,
}

/// How to tell that the target is ready.
#[derive(Clone, Debug)]
pub struct Ready {
    /// A path that must answer below 400, or `None`: a connection is enough.
    pub get: Option<Text>,
    /// Time that it may take.
    pub within: Duration,
}

/// A value read from outside.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Its name in conditions.
    pub name: String,
    /// Where it is read.
    pub source: ProbeSource,
    /// The value in the answer (scope: `status`, `json`, `text`); a command's standard output is `text`, and `json` if it is.
    pub value: Expression,
    /// Time between two readings while a scenario runs.
    pub every: Duration,
}

/// Where a probe reads.
#[derive(Clone, Debug)]
pub enum ProbeSource {
    /// A GET of this path or URL.
    Get(Text),
    /// A shell command.
    Command(Text),
}

impl Target {
    /// The URL as a constant, where it needs no port.
    pub fn fixed_url(&self) -> Option<Url> {
        self.url.constant().and_then(|url| Url::parse(url).ok())
    }
}
