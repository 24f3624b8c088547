//! What the rounds after the first pass showed of the revision under test that no comparison may hide: most of the load of a run is
//! in them, so what is rare shows there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use loadgate_report::model::{Report, Scenario};

use super::gaps::{self, Kinds};
use super::leaks::Leaks;

/// What is gathered while rounds are run.
#[derive(Debug, Default)]
pub(super) struct Later(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// By the scenario's name.
    leaks: BTreeMap<String, Leaks>,
    /// Likewise: what each side has samples of in any round.
    head: BTreeMap<String, Kinds>,
    base: BTreeMap<String, Kinds>,
    death: Option<Death>,
}

#[derive(Debug)]
struct Death {
    scenario: String,
    status: String,
}

impl Later {
    /// Adds what a scenario showed in a round.
    pub(super) fn saw(&self, scenario: &Scenario) {
        let kinds = gaps::kinds(scenario);
        let mut seen = self.seen();
        seen.leaks.entry(scenario.name.clone()).or_default().add(scenario);
        seen.head.entry(scenario.name.clone()).or_default().extend(kinds);
    }

    /// Adds what it showed against the base.
    pub(super) fn saw_of_base(&self, scenario: &Scenario) {
        let kinds = gaps::well_known_kinds(scenario);
        self.seen().base.entry(scenario.name.clone()).or_default().extend(kinds);
    }

    /// Adds that the service ended during a scenario.
    pub(super) fn died(&self, scenario: &str, status: &str) {
        self.seen()
            .death
            .get_or_insert_with(|| Death { scenario: scenario.to_owned(), status: status.to_owned() });
    }

    /// Moves everything into the report of the first pass.
    pub(super) fn show_in(&self, report: &mut Report) {
        let Seen { mut leaks, head, base, death } = std::mem::take(&mut *self.seen());
        let lost =
            |(name, then): (&String, &Kinds)| gaps::told_of(name, then, head.get(name)?, "the base has");
        report.warnings.extend(base.iter().filter_map(lost));
        for scenario in &mut report.scenarios {
            if let Some(mut of_scenario) = leaks.remove(&scenario.name) {
                of_scenario.add(scenario);
                of_scenario.show_in(scenario);
            }
        }
        if let (Some(Death { scenario, status }), None) = (death, &report.target.died) {
            report.target.died = Some(format!("in a round of the comparison, {status}"));
            report.target.died_during = Some(scenario);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // What was there before a panic is as true after it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use loadgate_report::Histogram;
    use loadgate_report::model::FailureKind;

    use super::*;

    fn leaking(answers: u64) -> Scenario {
        Scenario {
            name: "s".to_owned(),
            requests: 10,
            failed: [(FailureKind::CrossTalk, answers)].into(),
            ..Scenario::default()
        }
    }

    #[test]
    fn what_rounds_showed_is_added_to_the_first_pass() {
        let later = Later::default();
        later.saw(&leaking(2));
        later.saw(&leaking(0));
        later.died("s", "signal 9");
        later.died("t", "what follows its death says nothing");
        let mut report = Report { scenarios: vec![leaking(1)], ..Report::default() };
        later.show_in(&mut report);
        assert_eq!(report.scenarios[0].failed[&FailureKind::CrossTalk], 3);
        assert_eq!(report.scenarios[0].requests, 12);
        assert_eq!(report.target.died.as_deref(), Some("in a round of the comparison, signal 9"));
        assert_eq!(report.target.died_during.as_deref(), Some("s"));

        // A death in the first pass came before all of them.
        later.died("s", "signal 9");
        report.target.died = Some("signal 6".to_owned());
        later.show_in(&mut report);
        assert_eq!(report.target.died.as_deref(), Some("signal 6"));
    }
    #[test]
    fn what_the_base_has_and_the_head_lost_is_told() {
        let timed = |samples: u64| {
            let mut times = Histogram::default();
            (0..samples).for_each(|_| times.record_us(1000));
            Scenario { name: "s".to_owned(), latency_ms: times.into(), ..Scenario::default() }
        };
        // Samples of the base and of the head, in each of two rounds.
        for (base, head, is_told) in [
            ([40, 40], [0, 0], true),
            ([40, 40], [0, 2], false),
            ([3, 3], [0, 0], false),
            ([40, 0], [40, 0], false),
        ] {
            let later = Later::default();
            base.into_iter().for_each(|samples| later.saw_of_base(&timed(samples)));
            head.into_iter().for_each(|samples| later.saw(&timed(samples)));
            let mut report = Report::default();
            later.show_in(&mut report);
            let told = ["`s` has lost figures that the base has: `latency`"];
            assert_eq!(report.warnings, &told[..usize::from(is_told)], "{base:?} {head:?}");
        }
    }
}
