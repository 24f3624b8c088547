//! Answers with another user's text. They count wherever they were seen, also where another measurement of the scenario is shown.

use loadgate_report::model::{FailureKind, FailureSample, Scenario};

/// Examples that are kept.
const EXAMPLES: usize = 5;

/// Those of several measurements of one scenario.
#[derive(Debug, Default)]
pub(super) struct Leaks {
    count: u64,
    examples: Vec<FailureSample>,
}

impl Leaks {
    /// Adds those of a measurement.
    pub(super) fn add(&mut self, seen: &Scenario) {
        self.count += count(seen);
        let examples = seen.failures.iter().filter(|sample| sample.kind == FailureKind::CrossTalk);
        self.examples.extend(examples.take(EXAMPLES.saturating_sub(self.examples.len())).cloned());
    }

    /// Counts all of them, which include those of `shown` itself, as that scenario's.
    pub(super) fn show_in(self, shown: &mut Scenario) {
        let known = count(shown);
        if self.count > known {
            shown.requests += self.count - known;
            shown.failed.insert(FailureKind::CrossTalk, self.count);
            shown.failures.retain(|sample| sample.kind != FailureKind::CrossTalk);
            shown.failures.extend(self.examples);
        }
    }
}

fn count(scenario: &Scenario) -> u64 {
    scenario.failed.get(&FailureKind::CrossTalk).copied().unwrap_or(0)
}
