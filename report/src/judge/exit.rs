//! The exit code of a judged report.

use crate::Verdict;
use crate::model::{Comparison, ComparisonStatus, Report};

/// What makes the process exit with something else than 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailOn {
    /// Failures and invalid runs.
    #[default]
    Regression,
    /// Those, and whatever was not decided, for want of samples or of a baseline that fits.
    Inconclusive,
    /// Nothing that was judged: the report tells, the job goes on.
    Never,
}

/// 0 pass, 1 fail, 3 invalid, 4 inconclusive where `fail_on` says so. Interruption (130, 143) is the caller's, who knows the
/// signal.
pub fn exit_code(report: &Report, fail_on: FailOn) -> u8 {
    match (report.verdict, fail_on) {
        (_, FailOn::Never) | (Verdict::Pass, _) | (Verdict::Inconclusive, FailOn::Regression) => 0,
        (Verdict::Fail, _) => 1,
        (Verdict::Invalid, _) => 3,
        (Verdict::Inconclusive, FailOn::Inconclusive) => 4,
    }
}

/// Whether a comparison was asked for and had nothing to compare with.
pub(super) fn without_baseline(comparison: &Comparison) -> bool {
    matches!(comparison.status, ComparisonStatus::Missing | ComparisonStatus::Incompatible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_code() {
        use FailOn::{Inconclusive, Never, Regression};
        for (verdict, codes) in [
            (Verdict::Pass, [0, 0, 0]),
            (Verdict::Inconclusive, [0, 4, 0]),
            (Verdict::Invalid, [3, 3, 0]),
            (Verdict::Fail, [1, 1, 0]),
        ] {
            let report = Report { verdict, ..Report::default() };
            let got = [Regression, Inconclusive, Never].map(|fail_on| exit_code(&report, fail_on));
            assert_eq!(got, codes, "{verdict}");
        }
    }
}
