//! Leaving out what no run will be compared with any more.

use std::collections::{BTreeMap, BTreeSet};

use super::{Baseline, BaselineRun, ClassRuns};

/// Loads that a machine class keeps. A suite can have several in use, such as a short one for pull requests and a full one at night, and
/// many runs of one must not push out the few of the other. Those that the suite once had would only make the file longer.
const LOADS: usize = 16;

/// What was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Runs beyond the last ones of their load and machine class.
    pub surplus: usize,
    /// Runs of loads that are out of use: the class has had sixteen others since, or none has seen them since the given day.
    pub outdated: usize,
    /// Machine classes that have not been seen since the given day.
    pub classes: Vec<String>,
}

impl Baseline {
    /// Keeps what [`Baseline::append`] keeps, with another `keep`.
    ///
    /// Where `since` is given (a date or a time in UTC, as RFC 3339 writes it), machine classes without a run since then go, and loads
    /// without one on any machine. That can be all there is.
    pub fn prune(&mut self, keep: usize, since: Option<&str>) -> Pruned {
        let mut pruned = Pruned::default();
        if let Some(day) = since {
            self.leave_out_unused(day, &mut pruned);
        }
        for class in self.classes.values_mut() {
            let (surplus, outdated) = class.keep_last(keep);
            pruned.surplus += surplus;
            pruned.outdated += outdated;
        }
        pruned
    }

    fn leave_out_unused(&mut self, day: &str, pruned: &mut Pruned) {
        let is_recent = |run: &BaselineRun| run.started_at.as_str() >= day;
        self.classes.retain(|name, class| {
            let seen = class.runs.iter().any(is_recent);
            if !seen {
                pruned.classes.push(name.clone());
            }
            seen
        });
        let runs = self.classes.values().flat_map(|class| &class.runs);
        let loads: BTreeSet<String> =
            runs.filter(|run| is_recent(run)).map(|run| run.suite_hash.clone()).collect();
        for class in self.classes.values_mut() {
            let before = class.runs.len();
            class.runs.retain(|run| loads.contains(&run.suite_hash));
            pruned.outdated += before - class.runs.len();
        }
    }
}

impl ClassRuns {
    /// Keeps the last `keep` runs, one at least, of each of the loads that were seen last. Gives how many runs went because their load
    /// has newer ones, and how many with their load.
    pub(super) fn keep_last(&mut self, keep: usize) -> (usize, usize) {
        let mut kept = BTreeMap::<String, usize>::new();
        let (mut surplus, mut outdated) = (0, 0);
        let mut is_kept = |run: &BaselineRun| {
            if !kept.contains_key(&run.suite_hash) && kept.len() == LOADS {
                outdated += 1;
                return false;
            }
            let of_load = kept.entry(run.suite_hash.clone()).or_default();
            let is_kept = *of_load < keep.max(1);
            *of_load += usize::from(is_kept);
            surplus += usize::from(!is_kept);
            is_kept
        };
        // Newest first.
        self.runs.reverse();
        self.runs.retain(|run| is_kept(run));
        self.runs.reverse();
        (surplus, outdated)
    }
}

#[cfg(test)]
mod tests {
    use super::Pruned;
    use crate::baseline::Baseline;
    use crate::baseline::tests::report;

    /// Of these loads and processors; the seed of a run, and the second it started in, is its place.
    fn baseline(runs: &[(&str, u32)]) -> Baseline {
        let mut baseline = Baseline::new("chat");
        for (seed, (hash, vcpus)) in (1..).zip(runs) {
            let mut report = report(seed);
            report.suite.hash = (*hash).to_owned();
            report.environment.machine.vcpus = *vcpus;
            baseline.append(&report, 30, false).unwrap();
        }
        baseline
    }

    fn seeds(baseline: &Baseline) -> Vec<u64> {
        let mut seeds: Vec<u64> =
            baseline.classes.values().flat_map(|class| &class.runs).map(|run| run.seed).collect();
        seeds.sort_unstable();
        seeds
    }

    #[test]
    fn each_load_keeps_its_own_last_runs() {
        let short = ("short", 2);
        let all = baseline(&[short, short, short, ("short", 64), short, ("full", 2)]);
        for (keep, surplus, left) in [
            (30, 0, vec![1, 2, 3, 4, 5, 6]),
            (3, 1, vec![2, 3, 4, 5, 6]),
            (1, 3, vec![4, 5, 6]),
            (0, 3, vec![4, 5, 6]),
        ] {
            let mut baseline = all.clone();
            assert_eq!(baseline.prune(keep, None), Pruned { surplus, ..Pruned::default() }, "{keep}");
            assert_eq!(seeds(&baseline), left, "{keep}");
        }
        assert_eq!(Baseline::new("chat").prune(3, None), Pruned::default());
    }

    #[test]
    fn many_runs_of_a_load_push_out_none_of_another_but_many_loads_do() {
        let mut full = baseline(&[("full", 2), ("short", 2), ("short", 2), ("short", 2)]);
        let mut newest = report(5);
        newest.suite.hash = "short".into();
        newest.environment.machine.vcpus = 2;
        full.append(&newest, 2, false).unwrap();
        assert_eq!(seeds(&full), [1, 4, 5]);
        // The second of seventeen is the one that was seen least recently.
        let names: Vec<String> = (1..=17).map(|load| format!("load {load}")).collect();
        let mut loads: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 2)).collect();
        loads.insert(2, ("load 1", 2));
        let left: Vec<u64> = (1..=18).filter(|seed| *seed != 2).collect();
        assert_eq!(seeds(&baseline(&loads)), left);
    }

    #[test]
    fn what_was_not_seen_since_a_day_goes() {
        let all =
            baseline(&[("short", 64), ("old", 2), ("short", 2), ("short", 2), ("full", 2), ("short", 2)]);
        for (since, outdated, classes, left) in [
            ("2025-01-01", 0, 0, vec![1, 2, 3, 4, 5, 6]),
            ("2025-01-01T00:00:02Z", 0, 1, vec![2, 3, 4, 5, 6]),
            // A load that is in use keeps its older runs.
            ("2025-01-01T00:00:05Z", 1, 1, vec![3, 4, 5, 6]),
            ("2025-01-01T00:00:06Z", 2, 1, vec![3, 4, 6]),
            ("2025-01-02", 0, 2, vec![]),
        ] {
            let mut baseline = all.clone();
            let pruned = baseline.prune(30, Some(since));
            assert_eq!(
                (pruned.surplus, pruned.outdated, pruned.classes.len()),
                (0, outdated, classes),
                "{since}"
            );
            assert_eq!(seeds(&baseline), left, "{since}");
        }
    }
}
