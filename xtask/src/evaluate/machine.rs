//! What the machine did during a run, by its own counters: so that "quiet" is measured and not hoped.

use std::time::Instant;

/// Counters at one moment. Linux only; elsewhere nothing is known.
pub(crate) struct Moment {
    at: Instant,
    ticks: Option<Ticks>,
    others: Option<u64>,
    waited_us: Option<u64>,
}

/// In clock ticks since the start of the machine, over all processors.
#[derive(Clone, Copy)]
struct Ticks {
    all: u64,
    stolen: u64,
}

/// Shares of time, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Restlessness {
    /// Of all processor time, used by processes that are not ours.
    pub(crate) others: Option<f64>,
    /// Of the time, in which something waited for a processor, ours or not (pressure stall information, `some`).
    pub(crate) pressure: Option<f64>,
    /// Of all processor time, taken by the hypervisor.
    pub(crate) steal: Option<f64>,
}

/// Others may use so much of the processors before a run does not count as quiet.
const QUIET: f64 = 0.05;

impl Restlessness {
    /// Whether nobody else did much; `false` where nothing is known.
    pub(crate) fn is_quiet(&self) -> bool {
        self.others.is_some_and(|share| share <= QUIET) && self.steal.is_none_or(|share| share <= QUIET)
    }
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { at: Instant::now(), ticks: ticks(), others: others(), waited_us: waited_us() }
    }

    /// Since then. Children that have been waited for count as ours, with theirs.
    pub(crate) fn since(&self) -> Restlessness {
        let now = Self::now();
        let all = self.ticks.zip(now.ticks).map(|(then, now)| now.all - then.all).filter(|all| *all > 0);
        let share = |part: Option<u64>| part.zip(all).map(|(part, all)| part as f64 / all as f64);
        let grown = |then: Option<u64>, now: Option<u64>| then.zip(now).map(|(a, b)| b.saturating_sub(a));
        Restlessness {
            others: share(grown(self.others, now.others)),
            steal: share(grown(self.ticks.map(|t| t.stolen), now.ticks.map(|t| t.stolen))),
            pressure: self.waited_us.zip(now.waited_us).map(|(then, now)| {
                (now.saturating_sub(then) as f64 / self.at.elapsed().as_micros() as f64).min(1.0)
            }),
        }
    }
}

/// From now on what this process's descendants leave behind is its own child and not init's, so that a service whose shell ended
/// before it counts as ours. Nothing where the system has no such thing.
pub(crate) fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

/// Waits for children that have ended and that nobody else waits for.
pub(crate) fn bury_orphans() {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            if status == WaitStatus::StillAlive {
                return;
            }
        }
    }
}

fn ticks() -> Option<Ticks> {
    let text = fs_err::read_to_string("/proc/stat").ok()?;
    let numbers: Vec<u64> = text
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .take(8)
        .map(|n| n.parse().ok())
        .collect::<Option<_>>()?;
    // user nice system idle iowait irq softirq steal
    Some(Ticks { all: numbers.iter().sum(), stolen: *numbers.get(7)? })
}

/// Ticks of all processes but this one, with those of their children that have ended: a process that ends hands its own on to
/// the one that waited for it, so that of what comes and goes nothing is lost.
///
/// The system's own sum will not do: it has the interrupts of our own traffic in it, and most kernels count whoever is there as a
/// tick comes, which is whoever waits for timers, as a load generator and a slow service do.
fn others() -> Option<u64> {
    let own = std::process::id().to_string();
    let processes = fs_err::read_dir("/proc").ok()?.filter_map(Result::ok).filter(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name != own && name.bytes().all(|b| b.is_ascii_digit()))
    });
    // One that has ended since the folder was read is its parent's.
    Some(
        processes
            .filter_map(|entry| fs_err::read_to_string(entry.path().join("stat")).ok())
            .filter_map(|stat| used(&stat))
            .sum(),
    )
}

/// Ticks of a process and of its children that have ended and been waited for.
fn used(stat: &str) -> Option<u64> {
    // The name in parentheses may hold blanks.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // utime, stime, cutime, cstime are fields 14 to 17, of which the first two are cut off here.
    fields.get(11..15)?.iter().map(|n| n.parse::<u64>().ok()).sum()
}

fn waited_us() -> Option<u64> {
    let text = fs_err::read_to_string("/proc/pressure/cpu").ok()?;
    let some = text.lines().find(|line| line.starts_with("some"))?;
    some.split_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_counts_with_its_children_that_have_ended() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 9 9 0 0 10 20 300 4000 20 0 1 0 7 8 9";
        assert_eq!(used(stat), Some(4330));
        assert_eq!(used("42 (a) S 1 42"), None);
    }
}
