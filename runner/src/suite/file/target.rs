//! The service under test, as typed.

use std::time::Duration;

use super::decode::{At, Table, mapping};
use super::scalar::Fixed;

mapping! {
    /// The service under test.
    struct TargetFile as "`target`" {
        /// Base URL, such as `http://127.0.0.1:8000`. With `{{ port }}` loadgate chooses a free port; `--target` overrides it.
        required url: At<String>,
        /// Command that builds the service, run once.
        optional build: At<String>,
        /// Command that starts the service. loadgate waits for it, watches its processes and stops them all.
        optional start: At<String>,
        /// Working directory of `build` and `start`, relative to the suite (default: the suite's own).
        optional directory: At<Fixed>,
        /// Additional environment variables of `build` and `start`.
        optional environment: Table<At<String>>,
        /// How to tell that the service is ready.
        optional ready: ReadyFile,
        /// Values to read from outside before, during and after each scenario's load; `NAME.after`, `NAME.max` … in conditions.
        optional probes: Table<ProbeFile>,
        /// Time that it may take to end after SIGTERM (default 10s).
        optional stop_within: At<Duration>,
        /// The service speaks HTTP/2 without TLS (default false; with TLS it is agreed on in the handshake).
        optional http2: At<bool>,
        /// Which certificates an `https://` service may show, beside those that the system's authorities vouch for.
        optional tls: TlsFile,
    }
}

mapping! {
    /// Which certificates an `https://` service may show, beside those that the system's authorities vouch for.
    struct TlsFile as "`tls`" {
        /// PEM file, relative to the suite: certificates of authorities, or the service's own where it has signed itself.
        optional ca: At<Fixed>,
        /// Trust whoever answers (default false). For test servers only.
        optional insecure: At<bool>,
    }
}

mapping! {
    /// How to tell that the service is ready.
    struct ReadyFile as "`ready`" {
        /// Path below that of the URL that must answer below 400. Without it, any answer is enough.
        optional get: At<String>,
        /// Time that it may take (default 30s).
        optional within: At<Duration>,
    }
}

mapping! {
    /// A value that is read from outside.
    struct ProbeFile as "a probe" {
        /// Path or URL to GET.
        optional get: At<String>,
        /// Shell command; its standard output is `text`, and `json` if it is.
        optional command: At<String>,
        /// The value in the answer, such as `json.active_sessions`; a number, or a list of which the length counts.
        required value: At<String>,
        /// Time between two readings while a scenario runs (default 1s).
        optional every: At<Duration>,
    }
}
