//! Leaving out what no run will be compared with any more.

use super::{Baseline, BaselineRun};

/// What was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Runs beyond the last ones of their machine class.
    pub surplus: usize,
    /// Runs of the suite with another load than its newest run has.
    pub outdated: usize,
    /// Machine classes that had nothing else, or have not been seen since the given day.
    pub classes: Vec<String>,
}

impl Baseline {
    /// Keeps the last `keep` runs of each machine class that have the newest run's load, and only classes with a run since
    /// `since` (a date or time as RFC 3339 writes it), where that is given.
    pub fn prune(&mut self, keep: usize, since: Option<&str>) -> Pruned {
        let mut pruned = Pruned::default();
        let runs = || self.classes.values().flat_map(|c| &c.runs);
        let Some(newest) = runs().max_by(|a, b| a.started_at.cmp(&b.started_at)) else { return pruned };
        let hash = newest.suite_hash.clone();
        for class in self.classes.values_mut() {
            let before = class.runs.len();
            class.runs.retain(|run: &BaselineRun| run.suite_hash == hash);
            pruned.outdated += before - class.runs.len();
            let surplus = class.runs.len().saturating_sub(keep.max(1));
            class.runs.drain(..surplus);
            pruned.surplus += surplus;
        }
        self.classes.retain(|name, class| {
            let seen = class.runs.iter().any(|run| since.is_none_or(|day| run.started_at.as_str() >= day));
            if !seen {
                pruned.classes.push(name.clone());
            }
            seen
        });
        pruned
    }
}

#[cfg(test)]
mod tests {
    use crate::baseline::Baseline;
    use crate::baseline::tests::report;

    #[test]
    fn what_will_not_be_compared_goes() {
        let mut baseline = Baseline::new("chat");
        for seed in 1..=6 {
            let mut report = report(seed);
            if seed == 2 {
                report.suite.hash = "old".into();
            }
            if seed <= 2 {
                report.environment.machine.vcpus = 64;
            }
            baseline.append(&report, 30, false).unwrap();
        }
        let pruned = baseline.clone().prune(3, None);
        assert_eq!((pruned.surplus, pruned.outdated, pruned.classes.len()), (1, 1, 0));
        let pruned = baseline.prune(30, Some("2025-01-01T00:00:03Z"));
        assert_eq!((pruned.surplus, pruned.outdated, pruned.classes.len()), (0, 1, 1));
        assert_eq!(baseline.runs(), 4);
        assert_eq!(Baseline::new("chat").prune(3, None), super::Pruned::default());
    }
}
