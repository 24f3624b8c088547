//! What the machine itself was doing during a slot.

use std::time::Instant;

use crate::gate::environment::machine_ticks;

/// Counters of the machine at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    at: Instant,
    ticks: Option<(u64, u64)>,
    waited_us: Option<u64>,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { at: Instant::now(), ticks: machine_ticks(), waited_us: waited_us() }
    }

    /// Share of processor time that the hypervisor took away since then.
    pub(super) fn steal(&self) -> Option<f64> {
        let (stolen, all) = machine_ticks()?;
        let (stolen_then, all_then) = self.ticks?;
        let all = all.saturating_sub(all_then);
        (all > 0).then(|| stolen.saturating_sub(stolen_then) as f64 / all as f64)
    }

    /// Share of time since then in which somebody waited for a processor.
    pub(super) fn pressure(&self) -> Option<f64> {
        let waited = waited_us()?.saturating_sub(self.waited_us?) as f64;
        let time = self.at.elapsed().as_micros() as f64;
        (time > 0.0).then(|| (waited / time).min(1.0))
    }
}

/// Time in microseconds that at least one task has waited for a processor (Linux pressure stall information, `some`).
fn waited_us() -> Option<u64> {
    let text = fs_err::read_to_string("/proc/pressure/cpu").ok()?;
    parse_pressure(&text)
}

fn parse_pressure(text: &str) -> Option<u64> {
    let some = text.lines().find(|line| line.starts_with("some"))?;
    some.split_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_is_read_from_its_total() {
        let text = "some avg10=0.12 avg60=0.50 avg300=0.10 total=4711\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n";
        assert_eq!(parse_pressure(text), Some(4711));
        assert_eq!(parse_pressure("nonsense"), None);
    }
}
