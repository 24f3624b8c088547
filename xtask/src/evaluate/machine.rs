//! What the machine did during a run, by its own counters: so that "quiet" is measured and not hoped.

use std::time::Instant;

/// Counters at one moment. Linux only; elsewhere nothing is known.
pub(crate) struct Moment {
    at: Instant,
    ticks: Option<Ticks>,
    own: Option<u64>,
    waited_us: Option<u64>,
}

/// In clock ticks since the start of the machine, over all processors.
#[derive(Clone, Copy)]
struct Ticks {
    all: u64,
    busy: u64,
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
        Self { at: Instant::now(), ticks: ticks(), own: own(), waited_us: waited_us() }
    }

    /// Since then. Children that have been waited for count as ours, with theirs.
    pub(crate) fn since(&self) -> Restlessness {
        let now = Self::now();
        let ticks = self.ticks.zip(now.ticks).filter(|(then, now)| now.all > then.all);
        let share = |part: u64, (then, now): (Ticks, Ticks)| part as f64 / (now.all - then.all) as f64;
        let own = self.own.zip(now.own).map_or(0, |(then, now)| now.saturating_sub(then));
        Restlessness {
            others: ticks.map(|t| share((t.1.busy - t.0.busy).saturating_sub(own), t)),
            steal: ticks.map(|t| share(t.1.stolen - t.0.stolen, t)),
            pressure: self.waited_us.zip(now.waited_us).map(|(then, now)| {
                (now.saturating_sub(then) as f64 / self.at.elapsed().as_micros() as f64).min(1.0)
            }),
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
    let idle = numbers.get(3)? + numbers.get(4)?;
    let all: u64 = numbers.iter().sum();
    Some(Ticks { all, busy: all - idle - numbers.get(7)?, stolen: *numbers.get(7)? })
}

/// Ticks of this process and of all children that have ended and been waited for.
fn own() -> Option<u64> {
    let text = fs_err::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    // utime, stime, cutime, cstime are fields 14 to 17, of which the first two are cut off here.
    fields.get(11..15)?.iter().map(|n| n.parse::<u64>().ok()).sum()
}

fn waited_us() -> Option<u64> {
    let text = fs_err::read_to_string("/proc/pressure/cpu").ok()?;
    let some = text.lines().find(|line| line.starts_with("some"))?;
    some.split_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
}
