//! What the machine does while a run goes on. Everything here is bounded in time and ends with the run.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// What the machine does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Condition {
    /// Nothing else.
    #[default]
    Quiet,
    /// Whatever it was to do: others used the processors as well.
    Busy,
    /// A neighbour works in bursts: 0.2 to 1.5 s of one processor, then 0.5 to 4 s of rest.
    Bursts,
    /// The services are stopped for 15 of each 100 ms, as a CPU quota does to what exceeds it.
    Stops,
}

impl Condition {
    pub(crate) const ALL: [Self; 4] = [Self::Quiet, Self::Busy, Self::Bursts, Self::Stops];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Busy => "busy",
            Self::Bursts => "bursts",
            Self::Stops => "stops",
        }
    }
}

/// Keeps the machine in a condition until dropped.
pub(crate) struct Kept {
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl Kept {
    /// `run` is the process of the run, whose services may be stopped.
    pub(crate) fn new(condition: Condition, run: u32, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let worker = match condition {
            Condition::Quiet | Condition::Busy => None,
            Condition::Bursts => Some(thread::spawn(move || bursts(&told, seed))),
            Condition::Stops => Some(thread::spawn(move || stops(&told, run))),
        };
        Self { stop, worker }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            // A panic there is seen as a run without its noise; nothing else hangs on it.
            let _ = worker.join();
        }
    }
}

fn bursts(stop: &AtomicBool, seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    while !stop.load(Ordering::Relaxed) {
        // `timeout` bounds it even where this process dies.
        let burst = format!("{:.2}", random.random_range(0.2..1.5));
        // On the last processor, where there is a way to say so.
        let last = thread::available_parallelism().map_or(0, |n| n.get() - 1).to_string();
        let work = ["timeout", &burst, "sha256sum", "/dev/zero"];
        let mut command = Command::new("taskset");
        command.args(["-c", &last]).args(work);
        if quietly(&mut command).is_err() {
            let _ = quietly(Command::new(work[0]).args(&work[1..]));
        }
        let pause = random.random_range(500..4000);
        for _ in 0..pause / 50 {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn quietly(command: &mut Command) -> std::io::Result<std::process::ExitStatus> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
}

fn stops(stop: &AtomicBool, run: u32) {
    let signal = |name: &str, pids: &[String]| {
        if !pids.is_empty() {
            let _ = quietly(Command::new("kill").arg(name).args(pids));
        }
    };
    while !stop.load(Ordering::Relaxed) {
        // They are started anew for every round.
        let pids = services(run);
        for _ in 0..5 {
            signal("-STOP", &pids);
            thread::sleep(Duration::from_millis(15));
            signal("-CONT", &pids);
            thread::sleep(Duration::from_millis(85));
        }
    }
    signal("-CONT", &services(run));
}

/// The services below a run, by what the system says of each process.
fn services(run: u32) -> Vec<String> {
    let Ok(entries) = fs_err::read_dir("/proc") else { return Vec::new() };
    let all: Vec<(u32, u32, String)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let pid: u32 = path.file_name()?.to_str()?.parse().ok()?;
            let stat = fs_err::read_to_string(path.join("stat")).ok()?;
            // The name in parentheses may hold blanks.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            let command = fs_err::read(path.join("cmdline")).ok()?;
            Some((pid, parent, String::from_utf8_lossy(&command).replace('\0', " ")))
        })
        .collect();
    let below = |mut pid: u32| {
        for _ in 0..10 {
            match all.iter().find(|(own, ..)| *own == pid) {
                Some((_, parent, _)) if *parent == run => return true,
                Some((_, parent, _)) => pid = *parent,
                None => return false,
            }
        }
        false
    };
    all.iter()
        .filter(|(pid, _, command)| command.contains(" serve cached-chat ") && below(*pid))
        .map(|(pid, ..)| pid.to_string())
        .collect()
}
