//! What benches share: processors, programs, a folder, and the way to run loadgate.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::cores::Halves;
use super::tools::{self, Ran};
use crate::shell;

/// The laboratory.
pub(super) struct Lab {
    pub(super) cores: Halves,
    /// Shorter runs and fewer rounds.
    pub(super) quick: bool,
    /// Whether what is found is kept for the next time.
    pub(super) writes: bool,
    /// The optimised program under test.
    loadgate: PathBuf,
    folder: PathBuf,
    /// The command that a client runs behind to come before all other processes on its processors; empty where the system does not allow
    /// it. The system's own threads are enough to move a p99: one that takes 0.4 % of a processor in slices of 2 ms does.
    pub(super) real_time: Vec<&'static str>,
}

/// Where `cargo install` puts tools of benches, which take too long to build for a folder that is cleaned up.
pub(super) fn cargo_tools() -> PathBuf {
    shell::target().join("bench-tools")
}

impl Lab {
    /// Sets it up; `loadgate` is the program under test.
    pub(super) fn new(loadgate: PathBuf, quick: bool, writes: bool) -> anyhow::Result<Self> {
        let folder = shell::target().join("bench");
        fs_err::create_dir_all(&folder)?;
        let real_time = vec!["chrt", "--fifo", "10"];
        let may = Command::new(real_time[0]).args(&real_time[1..]).arg("true").stderr(Stdio::null()).status();
        let real_time = if may.is_ok_and(|status| status.success()) { real_time } else { Vec::new() };
        Ok(Self { cores: Halves::new()?, quick, writes, loadgate, folder, real_time })
    }

    /// The folder that tools run in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file into it.
    pub(super) fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        Ok(fs_err::write(self.folder.join(name), text)?)
    }

    /// Where a tool is, if it is.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        if name == tools::LOADGATE.name {
            return Some(self.loadgate.clone());
        }
        let ours = cargo_tools().join("bin").join(name);
        if ours.is_file() { Some(ours) } else { shell::find(name) }
    }

    /// Rounds of an interleaved bench.
    pub(super) fn rounds(&self) -> usize {
        if self.quick { 3 } else { 5 }
    }

    /// One of two, by whether it is to be quick.
    pub(super) fn either<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Runs a suite; requests must not fail.
    ///
    /// # Errors
    /// loadgate fails, or a request does.
    pub(super) fn suite(&self, text: &str) -> anyhow::Result<(Ran, Value)> {
        self.write("suite.yml", text)?;
        let ran = tools::LOADGATE.run(self, &tools::loadgate::suite("suite.yml"))?;
        let report = tools::loadgate::report(&ran.ended.stdout).context("loadgate printed no report")?;
        Ok((ran, report))
    }

    /// Keeps the processors from sleeping while the file is open; `None` where the system does not allow it.
    ///
    /// The kernel's way to ask for it is the longest time that waking up may take, in microseconds; `cyclictest` does the same. An idle
    /// processor of a virtual machine is given away, and comes back when the hypervisor sees fit: mostly within 0.1 ms, but
    /// one time in a hundred after 0.2 to 1.5 ms, which is then the p99 of whatever waits for a timer or an answer.
    pub(super) fn awake(&self) -> Option<fs_err::File> {
        let mut file = fs_err::OpenOptions::new().write(true).open("/dev/cpu_dma_latency").ok()?;
        file.write_all(&0_i32.to_ne_bytes()).ok()?;
        Some(file)
    }

    /// Lets the machine come to rest, so that one run does not pay for the last one's closing of connections.
    pub(super) fn rest(&self) {
        std::thread::sleep(Duration::from_millis(200));
    }
}
