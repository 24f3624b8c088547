//! A client's process: pinned, its output kept, its use of processor and memory measured.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use super::cores::Halves;
use super::truth::now_ns;
use crate::shell;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A process that has ended.
pub(super) struct Ended {
    pub(super) stdout: String,
    /// Processor time, its children's included.
    pub(super) cpu: Duration,
    /// When it was started, on the monotonic clock.
    pub(super) started_ns: u64,
    /// Resident memory in bytes: (since the start, bytes), ascending; the last look is before the end.
    pub(super) memory: Vec<(Duration, u64)>,
}

impl Ended {
    /// Most memory that was seen, in bytes.
    pub(super) fn most_memory(&self) -> u64 {
        self.memory.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0)
    }
}

/// Runs a command on the clients' processors to its end.
///
/// # Errors
/// It cannot be started, or fails; what it wrote to standard error is told.
pub(super) fn run(cores: &Halves, command: &mut Command) -> anyhow::Result<Ended> {
    let spelled = shell::spelled(command);
    let errors = tempfile::NamedTempFile::new()?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors.reopen()?);
    let before = children_cpu()?;
    let started_ns = now_ns();
    let start = Instant::now();
    let child = cores.client(|| command.spawn()).with_context(|| format!("failed to start `{spelled}`"))?;
    let status_file = format!("/proc/{}/status", child.id());
    let has_ended = AtomicBool::new(false);
    let (output, memory) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            // On the servers' half, so that the looking does not take the client's time.
            cores.server(|| {
                let mut seen = Vec::new();
                while !has_ended.load(Ordering::Relaxed) {
                    if let Some(bytes) = resident(Path::new(&status_file)) {
                        seen.push((start.elapsed(), bytes));
                    }
                    std::thread::sleep(LOOK);
                }
                seen
            })
        });
        let output = child.wait_with_output();
        has_ended.store(true, Ordering::Relaxed);
        (output, watch.join().expect("looking at a file does not panic"))
    });
    let output = output?;
    let cpu = children_cpu()?.saturating_sub(before);
    if !output.status.success() {
        let said = fs_err::read_to_string(errors.path()).unwrap_or_default();
        let last: Vec<&str> = said.lines().rev().take(12).collect();
        bail!(
            "`{spelled}` ended with {}:\n{}",
            output.status,
            last.into_iter().rev().collect::<Vec<_>>().join("\n")
        );
    }
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Ended { stdout, cpu, started_ns, memory })
}

/// Processor time of all children that have ended. One after the other is waited for, so the difference is the last one's.
fn children_cpu() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let span = |time: TimeVal| {
        Duration::from_secs(time.tv_sec().cast_unsigned())
            + Duration::from_micros(time.tv_usec().cast_unsigned())
    };
    Ok(span(usage.user_time()) + span(usage.system_time()))
}

/// Resident memory by a `status` file of the proc file system (proc_pid_status(5)); `None` once the process has ended.
fn resident(file: &Path) -> Option<u64> {
    resident_of(&std::fs::read_to_string(file).ok()?)
}

fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read() {
        assert_eq!(resident_of("Name:\tx\nVmHWM:\t  900 kB\nVmRSS:\t  812 kB\n"), Some(812 * 1024));
        assert_eq!(resident_of("Name:\tx\nState:\tZ (zombie)\n"), None);
    }
}
