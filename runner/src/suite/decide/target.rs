//! The service under test.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use loadgate_report::figure;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use url::Url;

use super::Decider;
use super::known::Known;
use crate::suite::diagnostics::Diagnostic;
use crate::suite::file::{At, Fixed, ProbeFile, TargetFile, TlsFile};
use crate::suite::plan::{Probe, ProbeSource, Ready, Target, Trust};
use crate::suite::text::Text;

const READY_WITHIN: Duration = Duration::from_secs(30);
const STOP_WITHIN: Duration = Duration::from_secs(10);
const PROBE_EVERY: Duration = Duration::from_secs(1);

impl Decider<'_> {
    pub(super) fn target(&mut self, file: &TargetFile) -> Option<Target> {
        let known = Known::of_target(&self.vars);
        let url = file.url.get().and_then(|url| self.target_url(url, file, &known));
        let start = file.start.get().and_then(|start| self.text(start, &known));
        let build = file.build.get().and_then(|build| self.text(build, &known));
        let environment = file.environment.get().into_iter().flat_map(|table| table.iter());
        let environment = environment
            .filter_map(|(name, value)| Some((name.value.clone(), self.text(value, &known)?)))
            .collect();
        let ready = file.ready.get();
        let ready_get = ready.and_then(|ready| ready.get.get()).and_then(|get| self.path(get, &known));
        let within = ready.and_then(|ready| ready.within.get());
        let within =
            self.positive(within, "the service cannot be ready within no time").unwrap_or(READY_WITHIN);
        let directory = file.directory.get().and_then(|directory| {
            let path = self.sources.base(directory.span).join(&directory.value.0);
            if path.is_dir() {
                return Some(path);
            }
            let message = format!("there is no directory `{}`", directory.value.0);
            self.error(Diagnostic::new(directory.span, message).help(format!("it was looked for at {path}")));
            None
        });
        let own = file.start.get().map_or(file.span, |start| start.span);
        let own = Some(self.sources.base(own)).filter(|base| base != Utf8Path::new(""));
        let directory = if file.directory.is_absent() { own } else { directory };
        let probes: Vec<_> = file.probes.get().into_iter().flat_map(|table| table.iter()).collect();
        let probes = probes.into_iter().filter_map(|(name, probe)| self.probe(name, probe, &known)).collect();
        Some(Target {
            url: url?,
            build,
            start,
            directory,
            environment,
            ready: Ready { get: ready_get, within },
            probes,
            stop_within: file.stop_within.get().map_or(STOP_WITHIN, |within| within.value),
            http2: file.http2.get().is_some_and(|http2| http2.value),
            trust: file.tls.get().map(|tls| self.trust(tls)).unwrap_or_default(),
            // They are known once the whole suite is read.
            secrets: Vec::new(),
        })
    }

    fn target_url(&mut self, url: &At<String>, file: &TargetFile, known: &Known) -> Option<Text> {
        let text = self.text(url, known)?;
        if text.names().iter().any(|name| name == "port") && file.start.is_absent() {
            self.error(
                Diagnostic::new(url.span, "loadgate chooses a port only for a service that it starts")
                    .help("write the port, or give `start: …`"),
            );
        }
        // What is filled in later is a port, so any port shows whether the rest is a URL.
        let with_port = {
            let mut scope = self.vars_scope.clone();
            for name in ["port", "arm", "loadgate"] {
                scope.set(name, minijinja::Value::from(1));
            }
            let mut out = String::new();
            text.render(&scope, &mut out).ok().map(|()| out)
        };
        let problem = match with_port.as_deref().map(Url::parse) {
            None => return Some(text),
            Some(Err(error)) => Some(error.to_string()),
            Some(Ok(parsed)) => match parsed.scheme() {
                "http" | "https" | "http+unix" => (parsed.scheme() != "http+unix" && parsed.host().is_none())
                    .then(|| "it has no host".to_owned()),
                other => Some(format!("`{other}:` is not supported")),
            },
        };
        if let Some(problem) = problem {
            self.error(
                Diagnostic::new(url.span, format!("this is no base URL: {problem}"))
                    .help("write one such as http://127.0.0.1:8000"),
            );
        }
        Some(text)
    }

    fn trust(&mut self, file: &TlsFile) -> Trust {
        let insecure = file.insecure.get().is_some_and(|insecure| insecure.value);
        if let (Some(ca), true) = (file.ca.get(), insecure) {
            self.error(
                Diagnostic::new(ca.span, "`ca` has no effect where `insecure` trusts any certificate")
                    .help("leave `insecure` out, so that only the service itself is believed"),
            );
        }
        let certificates = file.ca.get().and_then(|ca| self.certificates(ca)).unwrap_or_default();
        Trust { certificates, insecure }
    }

    /// The certificates in a PEM file.
    fn certificates(&mut self, path: &At<Fixed>) -> Option<Vec<Vec<u8>>> {
        let full = self.sources.base(path.span).join(&path.value.0);
        let Ok(text) = fs_err::read(&full) else {
            let message = format!("cannot read `{}`", path.value.0);
            self.error(Diagnostic::new(path.span, message).help(format!("it was looked for at {full}")));
            return None;
        };
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        match found {
            Ok(found) if !found.is_empty() => {
                Some(found.into_iter().map(|certificate| certificate.to_vec()).collect())
            }
            _ => {
                let message = format!("`{}` holds no certificate in PEM", path.value.0);
                let help = "it should have a block that begins with -----BEGIN CERTIFICATE-----";
                self.error(Diagnostic::new(path.span, message).help(help));
                None
            }
        }
    }

    fn probe(&mut self, name: &At<String>, file: &ProbeFile, known: &Known) -> Option<Arc<Probe>> {
        self.condition_name(&name.value, name.span, "probe");
        let source = match (file.get.get(), file.command.get()) {
            (Some(get), None) => self.path(get, known).map(ProbeSource::Get),
            (None, Some(command)) => self.text(command, known).map(ProbeSource::Command),
            (Some(_), Some(_)) => {
                let message = format!("the probe `{}` has both `get` and `command`", name.value);
                self.error(Diagnostic::new(name.span, message).help("make two probes of it"));
                None
            }
            (None, None) => {
                if file.get.is_absent() && file.command.is_absent() {
                    let message = format!("the probe `{}` needs `get` or `command`", name.value);
                    self.error(Diagnostic::new(name.span, message));
                }
                None
            }
        };
        let value = file.value.get().and_then(|value| self.expression(value, &known.with_response(false)));
        let every = self.positive(file.every.get(), "a probe cannot be read all the time");
        Some(Arc::new(Probe {
            name: name.value.clone(),
            source: source?,
            value: value?,
            every: every.unwrap_or(PROBE_EVERY),
        }))
    }

    /// A path (or a whole URL).
    pub(super) fn path(&mut self, at: &At<String>, known: &Known) -> Option<Text> {
        let text = self.text(at, known)?;
        let source = text.source();
        let begins_well = ["/", "{{", "{%", "http://", "https://", "ws://", "wss://"]
            .iter()
            .any(|start| source.starts_with(start));
        if !begins_well {
            let mut diagnostic = Diagnostic::new(at.span, format!("`{source}` is no path"));
            diagnostic = diagnostic.help(format!("a path begins with `/`: write /{source}, or a whole URL"));
            self.error(diagnostic);
        }
        Some(text)
    }

    /// A time that must not be zero.
    pub(super) fn positive(&mut self, time: Option<&At<Duration>>, why: &str) -> Option<Duration> {
        let time = time?;
        if time.value.is_zero() {
            self.error(Diagnostic::new(time.span, why.to_owned()).help("write a time above 0"));
            return None;
        }
        Some(time.value)
    }

    /// Records an error where a name cannot be used in conditions.
    pub(super) fn condition_name(&mut self, name: &str, span: crate::suite::source::Span, what: &str) {
        if figure::is_valid_name(name) {
            return;
        }
        let message = format!("a {what} cannot be called `{name}`");
        let help = if figure::RESERVED.contains(&name) {
            "the word begins figures in conditions, such as `latency.p95`".to_owned()
        } else {
            "conditions speak of it, so: a letter, then letters, digits, `_` and `-`".to_owned()
        };
        self.error(Diagnostic::new(span, message).help(help));
    }
}
