//! The service under test: started, waited for, watched and stopped with its whole process tree, or merely found at a URL.

#[cfg(unix)]
mod group;
mod log;
mod process;
mod ready;

use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use minijinja::Value;
use url::Url;

pub use self::log::LogTail;
use self::process::Process;
use crate::engine::{Control, Proxies, Reach};
use crate::suite::plan;
use crate::suite::scope::Scope;

/// One revision of the service on this machine.
#[derive(Clone, Debug)]
pub struct Arm {
    /// `head` or `base`; the service reads it as `LOADGATE_ARM`.
    pub name: &'static str,
    /// Where its commands run, unless the suite says otherwise.
    pub directory: Option<Utf8PathBuf>,
}

impl Arm {
    /// The revision under test.
    pub const fn head() -> Self {
        Self { name: "head", directory: None }
    }

    /// The base, in its own directory where it has one.
    pub const fn base(directory: Option<Utf8PathBuf>) -> Self {
        Self { name: "base", directory }
    }
}

/// Why there is no service to test. All of them mean exit code 3: the gate has not judged anything.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A text of `target` has no value.
    #[error("failed to fill in `target.{key}`: {message}")]
    Text {
        /// The key below `target`.
        key: &'static str,
        /// What is wrong.
        message: String,
    },
    /// The URL is none.
    #[error("`{url}` is not a URL that can be tested: {message}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong.
        message: String,
    },
    /// No free port.
    #[error("failed to find a free port: {0}")]
    Port(std::io::Error),
    /// The command could not be started.
    #[error("failed to start `{command}`: {source}")]
    Spawn {
        /// The command.
        command: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The build command failed.
    #[error("`{command}` (target.build) ended with {status}\n{output}")]
    Build {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
        /// Its last lines.
        output: String,
    },
    /// It ended before it was ready.
    #[error("`{command}` (target.start) ended with {status} before it was ready\n{output}")]
    Ended {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
        /// Its last lines.
        output: String,
    },
    /// It is there, and nothing that could be asked of it would be answered, however long one waited.
    #[error("{url} cannot be asked: {why}")]
    Unusable {
        /// What was asked.
        url: String,
        /// What stands in the way, and what to do.
        why: String,
    },
    /// The run was interrupted while it was built or waited for.
    #[error("the run was interrupted before the service was there")]
    Interrupted,
    /// It did not become ready in time.
    #[error("{url} was not ready within {within:?}: {last}{output}")]
    NotReady {
        /// What was asked.
        url: String,
        /// The time it had.
        within: Duration,
        /// The last answer or error.
        last: String,
        /// Its last lines, after a line break, where loadgate started it.
        output: String,
    },
}

/// A service that answered.
#[derive(Debug)]
pub struct Target {
    /// Base URL of all requests.
    pub url: Url,
    /// How it is reached.
    pub reach: Reach,
    /// The port of its URL, or the one that was chosen for it where its URL has none.
    pub port: u16,
    /// The command that started it, where loadgate did.
    pub command: Option<String>,
    /// Time from start to the first ready answer.
    pub ready_after: Option<Duration>,
    process: Option<Process>,
    stop_within: Duration,
}

/// What every text of a suite can see of an arm: `port`, `arm`, `loadgate` (this program's path, quoted for the shell)
/// and `vars`.
pub fn values(arm: &Arm, port: u16, variables: &Value) -> Vec<(String, Value)> {
    let program = std::env::current_exe().map(|p| p.to_string_lossy().into_owned());
    let program = program.unwrap_or_else(|_| "loadgate".into());
    vec![
        ("port".to_owned(), Value::from(port)),
        ("arm".to_owned(), Value::from(arm.name)),
        ("loadgate".to_owned(), Value::from(process::quote(&program))),
        ("vars".to_owned(), variables.clone()),
    ]
}

/// The same as a scope.
pub fn scope(arm: &Arm, port: u16, variables: &Value) -> Scope {
    let mut scope = Scope::default();
    for (name, value) in values(arm, port, variables) {
        scope.set(&name, value);
    }
    scope
}

impl Target {
    /// Starts the service of a plan, or finds it at its URL, and waits until it is ready or `control` is stopped.
    ///
    /// `url` overrides the suite's; the service is then taken as already running. The service's output goes to `log`.
    ///
    /// # Errors
    /// [`TargetError`]; whatever was started has been stopped again.
    pub async fn start(
        plan: &plan::Target,
        arm: &Arm,
        url: Option<&str>,
        variables: &Value,
        log: &Utf8Path,
        control: &Control,
    ) -> Result<Self, TargetError> {
        let port = free_port().map_err(TargetError::Port)?;
        let scope = scope(arm, port, variables);
        let (text, start) = match url {
            Some(url) => (url.to_owned(), None),
            None => (render(&plan.url, "url", &scope)?, plan.start.as_ref()),
        };
        let url = parse_url(&text)?;
        let command = start.map(|start| render(start, "start", &scope)).transpose()?;
        let reach = Reach::new(url.clone())
            .with_http2(plan.http2)
            .on_terms(plan.trust.clone(), Proxies::of_environment());
        let mut target = Self {
            port: url.port_or_known_default().unwrap_or(port),
            url,
            reach,
            command,
            ready_after: None,
            process: None,
            stop_within: plan.stop_within,
        };
        let started = Instant::now();
        if let Some(command) = &target.command {
            target.process = Some(Process::start(command, plan, arm, port, &scope, log)?);
        }
        let ready = tokio::select! {
            ready = ready::wait(&mut target, plan, &scope) => ready,
            () = control.stopped() => Err(TargetError::Interrupted),
        };
        match ready {
            Ok(()) => {
                target.ready_after = target.process.is_some().then(|| started.elapsed());
                Ok(target)
            }
            Err(error) => {
                target.stop().await;
                Err(error)
            }
        }
    }

    /// Runs the suite's build command for an arm, if there is one, until it ends or `control` is stopped.
    ///
    /// # Errors
    /// [`TargetError::Build`], [`TargetError::Spawn`] and [`TargetError::Interrupted`].
    pub async fn build(
        plan: &plan::Target,
        arm: &Arm,
        variables: &Value,
        log: &Utf8Path,
        control: &Control,
    ) -> Result<(), TargetError> {
        let (Some(build), Some(_)) = (&plan.build, &plan.start) else { return Ok(()) };
        let scope = scope(arm, 0, variables);
        process::build(&render(build, "build", &scope)?, plan, arm, &scope, log, control).await
    }

    /// Process id of the started command, whose tree is the service.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().and_then(Process::pid)
    }

    /// How the service ended, if it did so by itself.
    pub fn ended(&mut self) -> Option<String> {
        self.process.as_mut().and_then(Process::ended)
    }

    /// The last lines that the service wrote.
    pub fn last_lines(&self) -> String {
        self.process.as_ref().map(Process::last_lines).unwrap_or_default()
    }

    /// Stops the service and all its processes: SIGTERM, time to end, SIGKILL.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop(self.stop_within).await;
        }
    }
}

fn render(text: &crate::suite::text::Text, key: &'static str, scope: &Scope) -> Result<String, TargetError> {
    let mut out = String::new();
    text.render(scope, &mut out).map_err(|e| TargetError::Text { key, message: e.to_string() })?;
    Ok(out)
}

fn parse_url(text: &str) -> Result<Url, TargetError> {
    let error = |message: String| TargetError::Url { url: text.to_owned(), message };
    let url = Url::parse(text)
        .map_err(|e| error(format!("{e}; write it in full, such as http://127.0.0.1:8080")))?;
    if !matches!(url.scheme(), "http" | "https" | "http+unix") {
        return Err(error(format!("the scheme `{}` is not http, https or http+unix", url.scheme())));
    }
    Ok(url)
}

/// A port that was free a moment ago. Binding port 0 makes the system choose one that no other process uses.
fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
