//! The process tree of a service that loadgate started.

use std::process::Stdio;
use std::time::Duration;

use camino::Utf8Path;
use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::process::Command;

#[cfg(unix)]
use super::group::ProcessGroup;
use super::log::LogTail;
use super::{Arm, TargetError, render};
use crate::engine::{self, Control};
use crate::output::Secrets;
use crate::suite::plan;
use crate::suite::scope::Scope;

/// A started command, leader of its own process group (a job object on Windows).
#[derive(Debug)]
pub(super) struct Process {
    child: Box<dyn ChildWrapper>,
    log: LogTail,
    #[cfg(unix)]
    group: ProcessGroup,
    followers: Vec<tokio::task::JoinHandle<()>>,
    /// How it ended, once that was noticed.
    status: Option<String>,
}

impl Process {
    pub(super) fn start(
        command: &str,
        plan: &plan::Target,
        arm: &Arm,
        port: u16,
        scope: &Scope,
        log: &Utf8Path,
    ) -> Result<Self, TargetError> {
        let log = LogTail::create(log, false, Secrets::new(&plan.secrets));
        let mut wrap = CommandWrap::from(shell(command, plan, arm, port, scope)?);
        #[cfg(unix)]
        wrap.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        wrap.wrap(process_wrap::tokio::JobObject);
        wrap.wrap(process_wrap::tokio::KillOnDrop);
        let mut child =
            wrap.spawn().map_err(|source| TargetError::Spawn { command: command.to_owned(), source })?;
        #[cfg(unix)]
        let group = ProcessGroup::of(child.id());
        let mut followers = Vec::new();
        followers.extend(child.stdout().take().map(|stream| log.follow(stream)));
        followers.extend(child.stderr().take().map(|stream| log.follow(stream)));
        Ok(Self {
            child,
            log,
            #[cfg(unix)]
            group,
            followers,
            status: None,
        })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub(super) fn ended(&mut self) -> Option<String> {
        if self.status.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            self.status = Some(status.to_string());
        }
        self.status.clone()
    }

    pub(super) fn last_lines(&self) -> String {
        self.log.last_lines()
    }

    pub(super) async fn stop(&mut self, within: Duration) {
        #[cfg(unix)]
        let asked = self.child.signal(libc::SIGTERM).is_ok();
        #[cfg(not(unix))]
        let asked = false;
        let ended = asked && tokio::time::timeout(within, self.all_ended()).await.is_ok();
        if !ended {
            // Ends what does not listen, and on Windows everything: there is no polite signal for a process tree.
            let _ = self.child.start_kill();
            let _ = tokio::time::timeout(Duration::from_secs(5), self.all_ended()).await;
        }
        for follower in self.followers.drain(..) {
            // A grandchild that left the group may hold the pipe open for ever.
            let _ = tokio::time::timeout(Duration::from_millis(200), follower).await;
        }
    }

    /// Returns once the command has ended and, where the system knows groups, everything that it has started.
    async fn all_ended(&mut self) {
        let _ = self.child.wait().await;
        #[cfg(unix)]
        self.group.ended().await;
    }
}

/// Runs the build command to its end, or until `control` is stopped: then it is stopped, with all that it has started.
pub(super) async fn build(
    command: &str,
    plan: &plan::Target,
    arm: &Arm,
    scope: &Scope,
    log: &Utf8Path,
    control: &Control,
) -> Result<(), TargetError> {
    // A build needs no port; one that asks for it gets none that means anything.
    let mut process = Process::start(command, plan, arm, 0, scope, log)?;
    let ended = async {
        // Of the command alone: what it leaves running, such as the daemon of a build tool, is nobody's to wait for.
        let status = process.child.inner_mut().wait().await;
        while let Some(follower) = process.followers.pop() {
            let _ = follower.await;
        }
        status
    };
    let status = tokio::select! {
        status = ended => status,
        () = control.stopped() => {
            process.stop(plan.stop_within).await;
            return Err(TargetError::Interrupted);
        }
    };
    let status = status.map_err(|source| TargetError::Spawn { command: command.to_owned(), source })?;
    if status.success() {
        return Ok(());
    }
    Err(TargetError::Build {
        command: command.to_owned(),
        status: status.to_string(),
        output: process.last_lines(),
    })
}

fn shell(
    command: &str,
    plan: &plan::Target,
    arm: &Arm,
    port: u16,
    scope: &Scope,
) -> Result<Command, TargetError> {
    // The first load would do it, and what is started after that would have another limit than what was before.
    engine::raise_file_limit();
    let mut shell;
    #[cfg(unix)]
    {
        shell = Command::new("sh");
        shell.arg("-c").arg(command);
    }
    #[cfg(windows)]
    {
        shell = Command::new("cmd");
        shell.arg("/C").raw_arg(command);
    }
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let directory = match (&arm.directory, &plan.directory) {
        (Some(base), Some(below)) => Some(base.join(below)),
        (base, below) => base.clone().or_else(|| below.clone()),
    };
    if let Some(directory) = directory {
        shell.current_dir(directory);
    }
    shell.env("PORT", port.to_string()).env("LOADGATE_ARM", arm.name);
    for (name, value) in &plan.environment {
        shell.env(name, render(value, "environment", scope)?);
    }
    Ok(shell)
}

/// A path as one word of the shell.
pub(super) fn quote(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:\\".contains(c);
    if !path.is_empty() && path.chars().all(plain) && (cfg!(windows) || !path.contains('\\')) {
        return path.to_owned();
    }
    if cfg!(windows) { format!("\"{path}\"") } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(unix)]
    use crate::suite::{LoadOptions, load_text};
    #[cfg(unix)]
    use crate::target::Target;

    #[cfg(unix)]
    #[tokio::test]
    async fn every_command_has_the_same_limit_of_open_files() {
        use rustix::process::{Resource, getrlimit, setrlimit};

        let suite = "name: s\ntarget: { url: 'http://x' }\nscenarios: { a: { load: { users: 1, iterations: 1 }, flow: [ { get: / } ] } }\n";
        let plan = load_text("s.yaml", suite, Utf8Path::new(""), &LoadOptions::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log = Utf8Path::from_path(folder.path()).unwrap().join("build.log");
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum.or(Some(1 << 20)).map(|most| most - 1);
        setrlimit(Resource::Nofile, limit).unwrap();
        let (mut seen, control) = (Vec::new(), Control::new());
        for _ in ["before the first load", "after it"] {
            build("ulimit -S -n", &plan.target, &Arm::head(), &Scope::default(), &log, &control)
                .await
                .unwrap();
            seen.push(fs_err::read_to_string(&log).unwrap());
            engine::raise_file_limit();
        }
        assert_eq!(seen[0], seen[1]);
        assert!(!seen[0].trim().is_empty());
    }

    /// Starts a command, waits until it has written a line, stops it, and gives what it said and the time that the stopping took.
    #[cfg(unix)]
    async fn stopped(command: &str, within: Duration) -> (String, Duration) {
        let suite = "name: t\ntarget: { url: 'http://127.0.0.1:1' }\nflows: { f: [ { get: / } ] }\n\
                     scenarios: { s: { load: { users: 1, iterations: 1 }, flow: f } }\n";
        let options = crate::suite::LoadOptions::default();
        let plan = crate::suite::load_text("test.yml", suite, ".".into(), &options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log = camino::Utf8PathBuf::try_from(folder.path().join("log")).unwrap();
        let start = Process::start(command, &plan.target, &Arm::head(), 0, &Scope::default(), &log);
        let mut process = start.unwrap();
        while process.last_lines().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let told = std::time::Instant::now();
        process.stop(within).await;
        (process.last_lines().trim().to_owned(), told.elapsed())
    }

    /// Whether a process goes on.
    #[cfg(unix)]
    fn runs(pid: &str) -> bool {
        let output = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
        let state = String::from_utf8(output.stdout).unwrap();
        !state.trim().is_empty() && !state.starts_with('Z')
    }

    #[tokio::test]
    #[cfg(unix)]
    async fn a_grandchild_that_does_not_listen_is_killed() {
        // The shell in front ends at once when it is told to; the one behind it does not care.
        let deaf = "sh -c \"trap : TERM; echo \\$\\$; while true; do sleep 0.1; done\" & wait";
        let (said, took) = stopped(deaf, Duration::from_millis(500)).await;
        // The shell may tell of what it has lost, after it.
        let pid = said.lines().next().unwrap();
        assert!(!runs(pid), "{pid} goes on after {took:?}");
        assert!(took >= Duration::from_millis(500), "it had its time to end: {took:?}");
    }

    #[tokio::test]
    #[cfg(unix)]
    async fn a_grandchild_has_time_to_end() {
        let slow = "sh -c \"trap 'sleep 1; echo ended; exit' TERM; echo begun; while true; do sleep 0.05; done\" & wait";
        let (said, took) = stopped(slow, Duration::from_secs(20)).await;
        assert!(said.ends_with("ended"), "{said}");
        assert!(took < Duration::from_secs(10), "nobody is waited for who has ended: {took:?}");
    }

    #[test]
    #[cfg(unix)]
    fn paths_survive_the_shell() {
        assert_eq!(quote("/usr/bin/loadgate"), "/usr/bin/loadgate");
        assert_eq!(quote("/a b/it's $(x)"), r"'/a b/it'\''s $(x)'");
    }

    #[tokio::test]
    #[cfg(unix)]
    async fn what_commands_print_of_their_environment_is_masked() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("one.log");
        let log = Utf8Path::from_path(&log).unwrap();
        let suite = "name: s\ntarget: { url: 'http://127.0.0.1:{{ port }}', build: 'echo with $DATABASE_URL; exit 1', \
                     start: 'echo \"$DATABASE_URL\"', environment: { DATABASE_URL: '${DATABASE_URL}' } }\n\
                     scenarios: { a: { load: { users: 1, duration: 1s }, flow: [ { get: / } ] } }\n";
        let environment = [("DATABASE_URL".to_owned(), "postgres://app:hush@db".to_owned())].into();
        let options = LoadOptions { environment, ..LoadOptions::default() };
        let plan = load_text("s.yaml", suite, Utf8Path::new(""), &options).unwrap();
        let (arm, none, control) = (Arm::head(), minijinja::Value::UNDEFINED, Control::new());
        let built = Target::build(&plan.target, &arm, &none, log, &control).await.unwrap_err().to_string();
        assert!(built.ends_with("\n    with ***"), "{built}");
        assert_eq!(fs_err::read_to_string(log).unwrap(), "with ***\n");
        let started =
            Target::start(&plan.target, &arm, None, &none, log, &control).await.unwrap_err().to_string();
        assert!(started.ends_with("\n    ***"), "{started}");
        assert_eq!(fs_err::read_to_string(log).unwrap(), "***\n");
    }
}
